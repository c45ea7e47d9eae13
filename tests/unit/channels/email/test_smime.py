"""Signed and encrypted mail."""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from contactcenter.channels.email.json_lines import to_json
from contactcenter.channels.email.mime import read_mail
from contactcenter.channels.email.smime import SealState, open_opaque, verify_detached

TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nI ordered two.\r\n"
OPTIONS = pkcs7.PKCS7Options


@cache
def identity(address, kind="rsa"):
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Harbour Mail CA")])
    now = datetime(2024, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(7).not_valid_before(now).not_valid_after(now + timedelta(days=9999))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return key, certificate


def signature(
    content=TEXT, address="anna@b.example", kind="rsa", options=(OPTIONS.Binary, OPTIONS.DetachedSignature), **more
):
    key, certificate = identity(address, kind)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256(), **more)
    return builder.sign(serialization.Encoding.DER, list(options))


def signed_mail(content=TEXT, sign=None, sender=b"anna@b.example"):
    sign = signature(content) if sign is None else sign
    return (
        b"From: " + sender + b"\r\nSubject: order\r\nContent-Type: multipart/signed; micalg=sha-256;"
        b' protocol="application/pkcs7-signature"; boundary=s\r\n\r\n--s\r\n' + content
        + b"\r\n--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n" + sign + b"\r\n--s--\r\n"
    )  # fmt: skip


def opaque_mail(content, kind=b"signed-data"):
    return (
        b"From: anna@b.example\r\nSubject: order\r\nContent-Type: application/pkcs7-mime; smime-type=" + kind
        + b"; name=smime.p7m\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + content
    )  # fmt: skip


def test_an_unchanged_mail_of_the_one_the_certificate_names_is_intact():
    mail = read_mail(signed_mail())
    assert mail.seals == {"smime": "intact", "smime_signer": "anna@b.example", "smime_issuer": "Harbour Mail CA"}
    assert mail.text == "I ordered two."
    assert to_json("x", mail)["auth"]["smime"] == "intact"


@pytest.mark.parametrize(
    "more", [{"kind": "ec"}, {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)}]
)
def test_other_kinds_of_keys_and_padding_are_checked_too(more):
    found = verify_detached(TEXT, signature(**more))
    assert (found.state, verify_detached(TEXT + b"!", signature(**more)).state) == (SealState.INTACT, SealState.BROKEN)


def test_a_signature_without_signed_attributes_is_checked():
    sign = signature(options=(OPTIONS.Binary, OPTIONS.DetachedSignature, OPTIONS.NoAttributes))
    assert verify_detached(TEXT, sign).state is SealState.INTACT
    assert verify_detached(TEXT + b"!", sign).state is SealState.BROKEN


def test_a_changed_mail_is_broken():
    assert read_mail(signed_mail().replace(b"two", b"ten")).seals["smime"] == "broken"


def test_line_ends_that_a_relay_changed_do_not_break_a_signature():
    assert verify_detached(TEXT.replace(b"\r\n", b"\n"), signature()).state is SealState.INTACT


def test_a_signature_of_somebody_else_is_not_the_senders():
    mail = read_mail(signed_mail(sender=b"ceo@b.example"))
    assert (mail.seals["smime"], mail.seals["smime_signer"]) == ("foreign", "anna@b.example")
    assert read_mail(b"From: x@b.example\r\n" + signed_mail()).seals["smime"] == "foreign"


def test_words_put_around_a_signed_part_are_not_covered_by_it():
    inner = signed_mail().partition(b"Subject: order\r\n")[2]
    mail = read_mail(
        b"From: anna@b.example\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nPay to X.\r\n--m\r\n"
        + inner + b"\r\n--m--"
    )  # fmt: skip
    assert mail.seals["smime"] == "partial"
    added = signed_mail().replace(b"--s--", b"--s\r\n\r\nPay to X.\r\n--s--")
    assert read_mail(added).seals["smime"] == "partial"


def test_without_a_certificate_nothing_is_claimed():
    sign = signature(options=(OPTIONS.Binary, OPTIONS.DetachedSignature, OPTIONS.NoCerts))
    assert read_mail(signed_mail(sign=sign)).seals == {"smime": "unknown"}


def test_the_mail_inside_a_signature_is_read():
    inside = (
        b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nhello inside\r\n"
        b"--i\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1,2\r\n--i--\r\n"
    )
    mail = read_mail(opaque_mail(signature(inside, options=(OPTIONS.Binary,))))
    assert (mail.text, mail.seals["smime"]) == ("hello inside", "intact")
    assert [one.filename for one in mail.attachments] == ["a.csv"]


@pytest.mark.parametrize(
    ("subject", "line"), [(b"order", "This message is encrypted"), ("订单".encode(), "此邮件已加密")]
)
def test_an_encrypted_mail_says_so_and_is_kept(subject, line):
    _, certificate = identity("anna@b.example")
    secret = pkcs7.PKCS7EnvelopeBuilder().set_data(b"secret").add_recipient(certificate)
    content = secret.encrypt(serialization.Encoding.DER, [OPTIONS.Binary])
    mail = read_mail(opaque_mail(content, b"enveloped-data").replace(b"order", subject))
    assert mail.text.startswith(line)
    assert (mail.attachments[0].filename, mail.seals) == ("smime.p7m", {"smime": "encrypted"})


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x30\x80" * 50_000, b"\x30\x84\xff\xff\xff\xff", b"\x24\x80" * 2000])
def test_junk_in_place_of_a_signature_is_unknown(junk):
    assert verify_detached(TEXT, junk).state is SealState.UNKNOWN
    assert open_opaque(junk) == (verify_detached(TEXT, junk), None)
    assert read_mail(opaque_mail(junk + b".")).attachments[0].filename == "smime.p7m"


def test_a_pgp_signature_is_recognised_and_its_words_are_plain():
    armour = b"-----BEGIN PGP SIGNATURE-----\r\n\r\niQ==\r\n-----END PGP SIGNATURE-----\r\n"
    mail = read_mail(
        b'From: a@b.example\r\nContent-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s\r\n\r\n'
        b"--s\r\n\r\nhello\r\n--s\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n"
        + armour
        + b"--s--"
    )
    assert (mail.text, mail.seals) == ("hello", {"pgp": "signed"})
    inline = read_mail(
        b"From: a@b.example\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n- -- dashes\r\nhello\r\n"
        + armour
    )
    assert (inline.text, inline.seals) == ("-- dashes\nhello", {"pgp": "signed"})


def test_a_pgp_encrypted_mail_says_so_and_is_kept():
    mail = read_mail(
        b"From: a@b.example\r\nContent-Type: multipart/encrypted; boundary=s\r\n\r\n"
        b"--s\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--s\r\n"
        b"Content-Type: application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--s--"
    )
    assert mail.text.startswith("This message is encrypted (PGP)")
    assert (mail.attachments[-1].filename, mail.seals) == ("encrypted.asc", {"pgp": "encrypted"})
