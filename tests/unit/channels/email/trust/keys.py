"""Keys and signed mail for the tests of trust."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contactcenter.channels.email.trust.signing import key_record, signature

KEY = rsa.generate_private_key(65537, 2048)
ED25519 = Ed25519PrivateKey.generate()
PUBLIC = key_record(KEY)
AT = datetime(2026, 11, 2, 10, tzinfo=UTC)


def plain(sender="Ann <ann@shop.example>", body="Where is my parcel?\r\n"):
    """A mail with CRLF line ends."""
    return (
        f"From: {sender}\r\nTo: support@desk.example\r\nSubject: parcel\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n"
        f"Message-ID: <1@shop.example>\r\n\r\n{body}"
    ).encode()


def signed(raw=None, domain="shop.example", selector="s1", key=KEY):
    """The mail with a good signature of a domain."""
    raw = raw or plain()
    return signature(raw, domain, selector, key, AT) + raw


def key_of(domain="shop.example", selector="s1"):
    """Where the key stands."""
    return f"{selector}._domainkey.{domain}"
