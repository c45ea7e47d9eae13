"""The instance key: made once, private, one derived key a purpose."""

from pathlib import Path

import pytest

from contactcenter.errors import SettingsError
from contactcenter.store.secrets import Secrets


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "instance.key"
    first = Secrets.load(path)
    assert path.stat().st_mode & 0o077 == 0
    assert Secrets.load(path).derive("x") == first.derive("x")


def test_purposes_do_not_share_a_key(tmp_path: Path) -> None:
    secrets = Secrets.load(tmp_path / "k")
    assert secrets.derive("chat") != secrets.derive("reply")


def test_a_sealed_secret_opens_for_its_purpose_and_key_only(tmp_path: Path) -> None:
    secrets, other = Secrets.load(tmp_path / "a"), Secrets.load(tmp_path / "b")
    sealed = secrets.seal("imap password", "mailbox")
    assert "imap" not in sealed
    assert secrets.unseal(sealed, "mailbox") == "imap password"
    for wrong, purpose in ((other, "mailbox"), (secrets, "notice")):
        with pytest.raises(SettingsError):
            wrong.unseal(sealed, purpose)


def test_a_damaged_key_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("short")
    with pytest.raises(SettingsError, match="damaged"):
        Secrets.load(tmp_path / "k")
