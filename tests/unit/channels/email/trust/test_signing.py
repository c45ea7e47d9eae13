"""Signing our own mail: checked by another implementation, the same bytes each time."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization

from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.trust.signatures import check_signatures
from contactcenter.channels.email.trust.signing import Signer, key_record, make_key, read_key
from contactcenter.envelope import Channel, FileContent, Identity, IdentityKind, OutboundMessage
from contactcenter.errors import SettingsError
from contactcenter.settings import DkimKey
from tests.unit.channels.email.trust.keys import ED25519, KEY, key_of

AT = datetime(2026, 11, 2, 10, tzinfo=UTC)
FILE = FileContent("价目表.pdf", "application/pdf", b"%PDF" * 5000)


def settings_of(key=KEY, domain="desk.example"):
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return DkimKey(domain=domain, selector="s1", private_key=key.private_bytes(*form).decode())


def letter(text="Hello\n\n  two  spaces \n\n\n", **more):
    to = Identity(IdentityKind.EMAIL, "ann@shop.example", "安娜")
    return OutboundMessage("m", Channel.EMAIL, to, text, sender="support@desk.example", created_at=AT, **more)


def bytes_of(message, signer):
    return signer.signed(compose(message).content, message.sender, AT)


@pytest.mark.parametrize("key", [KEY, ED25519])
@pytest.mark.parametrize(
    "message",
    [
        letter(),
        letter(""),
        letter("你好，请问\n\n\n" * 40, subject="关于您的订单 " * 20, html="<p>你好</p>", files=(FILE,)),
        letter(cc=("bob@shop.example",), in_reply_to="1@x", references=("0@x", "1@x"), automatic=True, reply_token="t"),
    ],
)
def test_our_signature_is_good_for_everybody(message, key):
    raw = bytes_of(message, Signer([settings_of(key)]))
    found = check_signatures(raw, {key_of("desk.example"): key_record(key)}, "desk.example", lambda _: True)
    assert (found.word, found.domain, found.why) == ("pass", "desk.example", "")


def test_a_retry_is_the_same_bytes():
    signer = Signer([settings_of()])
    assert bytes_of(letter(html="<p>x</p>", files=(FILE,)), signer) == bytes_of(
        letter(html="<p>x</p>", files=(FILE,)), signer
    )


def test_lines_stay_short():
    raw = bytes_of(letter(cc=("bob@shop.example",), references=("1@x",)), Signer([settings_of()]))
    assert max(map(len, raw.split(b"\r\n"))) <= 80


def test_the_nearest_domain_above_signs_and_others_do_not():
    signer = Signer([settings_of()])
    assert b"d=desk.example;" in signer.signed(b"From: a@b\r\n\r\nx", "a@mail.desk.example", AT)
    for sender in ("a@notdesk.example", "a@example", "", "desk.example@evil.example"):
        assert signer.signed(b"From: a@b\r\n\r\nx", sender, AT) == b"From: a@b\r\n\r\nx"


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    path = tmp_path / "keys" / "k.pem"
    made = make_key(path, "rsa")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert key_record(make_key(path, "ed25519")) == key_record(made)


@pytest.mark.parametrize("pem", ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_named(pem):
    with pytest.raises(SettingsError, match=r"desk\.example"):
        read_key(pem, "desk.example")
    with pytest.raises(ValueError, match="no private key"):
        DkimKey(domain="desk.example", selector="s1", private_key=pem)
