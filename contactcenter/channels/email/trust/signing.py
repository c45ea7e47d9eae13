"""Signing our own mail (RFC 6376, RFC 8463): keys, their DNS records, and the DKIM-Signature field.

A mail that is tried again must be the same bytes, so the time of the signature is the message's own and not the
clock's, and RSA with PKCS#1 v1.5 and Ed25519 give the same signature each time. dkimpy, which checks what comes in,
takes the time from the clock and computes RSA in Python; here it is OpenSSL.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from contactcenter.errors import SettingsError
from contactcenter.settings import DkimKey

RSA_BITS = 2048
PrivateKey = rsa.RSAPrivateKey | Ed25519PrivateKey

_SIGNED = (
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references"),
    *("mime-version", "content-type", "content-transfer-encoding", "auto-submitted"),
)
_SEALED = ("from", "to", "subject", "date", "reply-to", "message-id")
"""Fields named once more than they occur, so that nobody can add another one (RFC 6376, 8.15)."""
_SPACE = re.compile(rb"[ \t]+")


class Signer:
    """Signs mail with the key of its From domain, or of the nearest domain above it that has one."""

    def __init__(self, keys: Iterable[DkimKey]) -> None:
        """Raises :class:`SettingsError` for a key that cannot be read."""
        self._keys: Mapping[str, tuple[str, PrivateKey]] = {
            key.domain: (key.selector, read_key(key.private_key.get_secret_value(), key.domain)) for key in keys
        }

    def signed(self, content: bytes, sender: str, at: datetime) -> bytes:
        """The mail with its signature before it; as it is where its domain has no key."""
        domain = sender.rpartition("@")[2].lower() if self._keys else ""
        while domain:
            if domain in self._keys:
                selector, key = self._keys[domain]
                return signature(content, domain, selector, key, at) + content
            domain = domain.partition(".")[2]
        return content


def signature(content: bytes, domain: str, selector: str, key: PrivateKey, at: datetime) -> bytes:
    """The DKIM-Signature field of a mail, with its line end. ``at`` is the time it claims to be made."""
    head, _, body = content.partition(b"\r\n\r\n")
    fields = _fields(head)
    names = [name for name in _SIGNED for _ in range(len(fields.get(name, ())) + (name in _SEALED))]
    kind = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ed25519"
    body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
    value = (
        f" v=1; a={kind}-sha256; c=relaxed/relaxed;\r\n d={domain}; s={selector}; t={int(at.timestamp())};\r\n"
        f" h={_folded(names)};\r\n bh={body_hash};\r\n b="
    )
    left = {name: list(values) for name, values in fields.items()}
    lines = [_relaxed_field(name, left[name].pop()) for name in names if left.get(name)]  # of several the last first
    signed = b"".join(lines) + _relaxed_field("dkim-signature", value.encode()).removesuffix(b"\r\n")
    if isinstance(key, rsa.RSAPrivateKey):
        made = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        made = key.sign(hashlib.sha256(signed).digest())
    encoded = base64.b64encode(made).decode()
    lines_of_b = "\r\n ".join(encoded[start : start + 72] for start in range(0, len(encoded), 72))
    return f"DKIM-Signature:{value}{lines_of_b}\r\n".encode()


def _fields(head: bytes) -> dict[str, list[bytes]]:
    """The values of the header's fields in their order, folded as they are."""
    fields: dict[str, list[bytes]] = {}
    for field in re.split(rb"\r\n(?![ \t])", head):
        name, _, value = field.partition(b":")
        fields.setdefault(name.decode("ascii", "replace").strip().lower(), []).append(value)
    return fields


def _folded(names: list[str]) -> str:
    """The list of fields, on lines of a decent length."""
    groups = [":".join(names[start : start + 6]) for start in range(0, len(names), 6)]
    return ":\r\n ".join(groups)


def _relaxed_field(name: str, value: bytes) -> bytes:
    """RFC 6376, 3.4.2."""
    return name.encode() + b":" + _SPACE.sub(b" ", value.replace(b"\r\n", b"")).strip() + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4."""
    text = _SPACE.sub(b" ", body).replace(b" \r\n", b"\r\n").rstrip(b"\r\n ")
    return text + b"\r\n" if text else b""


def read_key(pem: str, domain: str) -> PrivateKey:
    """The private key of a PEM text; raises :class:`SettingsError` for any other."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"outgoing.dkim: the key of {domain} cannot be read: {error}") from error
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 1024):
        return key
    raise SettingsError(f"outgoing.dkim: the key of {domain} is neither RSA of 1,024 bits or more nor Ed25519")


def make_key(path: Path, kind: str) -> PrivateKey:
    """The key in a file; made there, readable by its owner alone, when there is none. ``kind`` is rsa or ed25519."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_key(path.read_text(encoding="ascii"), path.name)
    key: PrivateKey = Ed25519PrivateKey.generate() if kind == "ed25519" else rsa.generate_private_key(65537, RSA_BITS)
    form, sealing = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM, form, sealing))
        file.flush()
        os.fsync(file.fileno())
    return key


def key_record(key: PrivateKey) -> str:
    """The text record that tells the world the public key (RFC 6376, 3.6.1)."""
    if isinstance(key, rsa.RSAPrivateKey):
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return f"v=DKIM1; k=rsa; p={base64.b64encode(key.public_key().public_bytes(encoding, form)).decode()}"
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}"
