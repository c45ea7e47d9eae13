"""S/MIME (RFC 8551): what a signature over a mail proves, and the content of mail that travels inside one.

A signature is checked against the certificate that comes with it. Nobody vouches for that certificate here: "intact"
says that the holder of its key signed exactly this content and that it names the address of From, no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from contactcenter.channels.email.headers import one_line

if TYPE_CHECKING:
    from cryptography import x509

SIGNATURE_TYPES = frozenset(("application/pkcs7-signature", "application/x-pkcs7-signature"))
MAX_CERTIFICATES = 100_000  # bytes of all of them
MAX_SIGNERS = 20_000  # bytes
MAX_NAME = 200  # characters of a signer's or issuer's name
_BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
_ENCRYPTED = frozenset(("enveloped_data", "encrypted_data", "authenticated_enveloped_data"))


class SealState(StrEnum):
    """What is known of a mail's signature or encryption."""

    INTACT = "intact"  # signed by the key of a certificate that names the sender, and unchanged
    FOREIGN = "foreign"  # the same, but the certificate names somebody else
    PARTIAL = "partial"  # intact, but only a part of the mail is signed
    BROKEN = "broken"  # changed since it was signed
    UNKNOWN = "unknown"  # cannot be checked: no certificate inside, or a method we do not know
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class Seal:
    """Result for one mail; ``addresses`` are those that the certificate names, in lower case."""

    state: SealState
    addresses: tuple[str, ...] = ()
    issuer: str = ""

    def of_sender(self, address: str) -> Seal:
        """The seal of a mail from that address: intact only where the certificate names it."""
        if self.state is SealState.INTACT and address.lower() not in self.addresses:
            return replace(self, state=SealState.FOREIGN)
        return self

    def of_part(self) -> Seal:
        """The seal of a mail of which only a part is signed."""
        return replace(self, state=SealState.PARTIAL) if self.state is SealState.INTACT else self

    def facts(self) -> dict[str, str]:
        """The seal as it is kept beside the other facts of authentication."""
        found = {"smime": self.state.value}
        if self.addresses:
            found["smime_signer"] = self.addresses[0]
        if self.issuer:
            found["smime_issuer"] = self.issuer
        return found


def verify_detached(content: bytes, signature: bytes) -> Seal:
    """Check a detached signature over the first part of a multipart/signed, as it stands in the mail."""
    from asn1crypto import cms

    try:
        info = cms.ContentInfo.load(signature)
        if info["content_type"].native != "signed_data":
            return Seal(SealState.UNKNOWN)
        seal = _verify(info["content"], content)
        if seal.state is SealState.BROKEN and _BARE_NEWLINE.search(content):
            return _verify(info["content"], _BARE_NEWLINE.sub(b"\r\n", content))  # line ends are CRLF when signed
    except _BROKEN:
        return Seal(SealState.UNKNOWN)
    return seal


def open_opaque(data: bytes) -> tuple[Seal, bytes | None]:
    """Seal and inner mail of an application/pkcs7-mime part; None where it is encrypted, empty or unreadable."""
    from asn1crypto import cms

    try:
        info = cms.ContentInfo.load(data)
        kind = info["content_type"].native
        if kind in _ENCRYPTED:
            return Seal(SealState.ENCRYPTED), None
        if kind != "signed_data":
            return Seal(SealState.UNKNOWN), None
        inner = info["content"]["encap_content_info"]["content"]
        content = bytes(inner) if inner.native is not None else b""
    except _BROKEN:
        return Seal(SealState.UNKNOWN), None
    if not content:
        return Seal(SealState.UNKNOWN), None
    try:
        return _verify(info["content"], content), content
    except _BROKEN:
        return Seal(SealState.UNKNOWN), content


def _verify(signed: Any, content: bytes) -> Seal:
    """Check the first signer of a SignedData structure (RFC 5652, 5)."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if len(signed["certificates"].contents or b"") > MAX_CERTIFICATES:
        return Seal(SealState.UNKNOWN)
    if len(signed["signer_infos"].contents or b"") > MAX_SIGNERS or len(signed["signer_infos"]) == 0:
        return Seal(SealState.UNKNOWN)
    signer = signed["signer_infos"][0]
    raw = _certificate(signed["certificates"], signer["sid"])
    if raw is None:
        return Seal(SealState.UNKNOWN)
    try:
        certificate = x509.load_der_x509_certificate(raw)
        seal = Seal(SealState.INTACT, _addresses(certificate), _issuer(certificate))
    except (ValueError, UnsupportedAlgorithm):
        return Seal(SealState.UNKNOWN)
    try:
        _check(signer, certificate, content)
    except InvalidSignature:
        return replace(seal, state=SealState.BROKEN)
    except UnsupportedAlgorithm:
        return replace(seal, state=SealState.UNKNOWN)
    return seal


def _certificate(certificates: Any, identifier: Any) -> bytes | None:
    """The signer's certificate among those that came along; None where it is missing."""
    for choice in certificates:
        if choice.name != "certificate":
            continue
        found = choice.chosen
        if identifier.name == "issuer_and_serial_number":
            wanted = identifier.chosen
            same = found.serial_number == wanted["serial_number"].native
            if same and found.issuer.dump() == wanted["issuer"].dump():
                return bytes(found.dump())
        elif found.key_identifier == identifier.chosen.native:
            return bytes(found.dump())
    return None


def _check(signer: Any, certificate: x509.Certificate, content: bytes) -> None:
    """Raise :class:`cryptography.exceptions.InvalidSignature` unless the signer signed the content."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import constant_time, hashes

    # SHA-1 and older prove nothing any more: two contents can be made that share a digest
    known = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    name = signer["digest_algorithm"]["algorithm"].native
    if name not in known:
        raise UnsupportedAlgorithm(f"digest {name}")
    attributes = signer["signed_attrs"]
    if attributes.native is None:
        _check_signature(signer, certificate, content, known[name])
        return
    digest = hashes.Hash(known[name])
    digest.update(content)
    said = [one["values"][0].native for one in attributes if one["type"].native == "message_digest"]
    if len(said) != 1 or not constant_time.bytes_eq(digest.finalize(), said[0]):
        raise InvalidSignature
    # what is signed is the SET OF, not the implicit [0] it travels as (RFC 5652, 5.4)
    _check_signature(signer, certificate, b"\x31" + attributes.dump()[1:], known[name])


def _check_signature(signer: Any, certificate: x509.Certificate, signed: bytes, digest: Any) -> None:
    """Check the signature's own mathematics, by the kind of key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    key, value = certificate.public_key(), signer["signature"].native
    if isinstance(key, rsa.RSAPublicKey):
        if signer["signature_algorithm"]["algorithm"].native == "rsassa_pss":
            key.verify(value, signed, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
        else:
            key.verify(value, signed, padding.PKCS1v15(), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(value, signed, ec.ECDSA(digest))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(value, signed)
    else:
        raise UnsupportedAlgorithm("kind of key")


def _addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """Mail addresses that a certificate names, in lower case."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    found: list[str] = []
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found += names.get_values_for_type(x509.RFC822Name)
    except x509.ExtensionNotFound:
        pass  # the subject may still name one
    found += [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    return tuple(dict.fromkeys(one_line(address)[:MAX_NAME].lower() for address in found[:20]))


def _issuer(certificate: x509.Certificate) -> str:
    """Name of who issued a certificate, as it gives it itself."""
    from cryptography.x509.oid import NameOID

    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for name in certificate.issuer.get_attributes_for_oid(kind):
            return one_line(str(name.value))[:MAX_NAME]
    return ""
