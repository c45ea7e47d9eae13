"""Settings: the file, the environment over it, secrets from files, and clear words about faults."""

from pathlib import Path

import pytest

from contactcenter.errors import SettingsError
from contactcenter.settings import FILE_NAME, load, split_listen


def write(folder: Path, text: str) -> Path:
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    return folder


def test_defaults_serve_on_loopback(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.http.listen == "127.0.0.1:8080"
    assert settings.smtp.trusted == ()
    assert settings.data == tmp_path


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTACTCENTER_HTTP__LISTEN", "127.0.0.1:9999")
    settings = load(write(tmp_path, '[http]\nlisten = "127.0.0.1:1"\npublic_url = "https://desk.example/"\n'))
    assert settings.http.listen == "127.0.0.1:9999"
    assert settings.http.public_url == "https://desk.example"


@pytest.mark.parametrize("elsewhere", ["", "relative", "/another/one"])
def test_a_directory_that_is_named_wins_over_the_one_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    monkeypatch.setenv("CONTACTCENTER_DATA", elsewhere)
    assert load(tmp_path).data == tmp_path


@pytest.mark.parametrize(("said", "meant"), [("", "contactcenter-data"), ("relative", "relative")])
def test_the_directory_of_the_environment_is_absolute_whatever_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, meant: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTACTCENTER_DATA", said)
    assert load().data == tmp_path / meant


def test_a_secret_is_read_from_its_file_without_the_newline(tmp_path: Path) -> None:
    (tmp_path / "twilio.token").write_text("s3cret\n")
    settings = load(write(tmp_path, '[twilio]\nauth_token_file = "twilio.token"\n'))
    assert settings.twilio.auth_token.get_secret_value() == "s3cret"


def test_secrets_do_not_show_when_printed(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("hunter2")
    settings = load(write(tmp_path, '[outgoing]\npassword_file = "p"\n'))
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[http]\nlissen = 1\n", "lissen"),
        ('[smtp]\ntrusted = ["not a network"]\n', "trusted"),
        ("[http\n", FILE_NAME),
        ('[twilio]\nauth_token_file = "missing"\n', "auth_token_file"),
    ],
)
def test_a_fault_names_the_setting(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load(write(tmp_path, text))


def test_listen_addresses_may_be_ipv6() -> None:
    assert split_listen("[::1]:25") == ("::1", 25)
    with pytest.raises(ValueError, match="host:port"):
        split_listen("8080")


def test_every_section_is_explained_in_the_readme() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    settings = load(Path("/nonexistent"))
    missing = [
        f"{name}.{field}"
        for name, section in settings
        if hasattr(section, "model_fields_set")
        for field in type(section).model_fields
        if f"`{name}.{field}`" not in readme
    ]
    assert missing == []
