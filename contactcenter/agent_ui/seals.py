"""The mark of signed and encrypted mail in the head of a message: what its seal is worth, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contactcenter.agent_ui.words import mark

_SMIME = {
    "intact": (
        "check-circle",
        mark("signed"),
        mark("Signed by %(signer)s, unchanged since; certificate issued by %(issuer)s, which is not checked here"),
    ),
    "foreign": (
        "alert",
        mark("signed by another address"),
        mark("The signature is intact, but its certificate names %(signer)s and not the sender (issuer: %(issuer)s)"),
    ),
    "partial": (
        "alert",
        mark("signed in part"),
        mark("Only a part of this mail is signed, by %(signer)s; the rest may come from anybody"),
    ),
    "broken": ("alert", mark("signature broken"), mark("The content was changed after %(signer)s signed it")),
    "unknown": ("alert", mark("signature not checked"), mark("The S/MIME signature cannot be checked")),
    "encrypted": ("shield", mark("encrypted"), mark("Only the key of its recipient opens this mail")),
}
_PGP = {
    "signed": ("alert", mark("PGP signature, not checked"), mark("Signed with OpenPGP; nobody checked the signature")),
    "encrypted": ("shield", mark("encrypted"), mark("Only the key of its recipient opens this mail")),
}
_SIGNATURE_FILES = frozenset(
    ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
)


@dataclass(frozen=True, slots=True)
class SealMark:
    """Icon, short text and explanation; both texts are to be translated, the explanation with who signed and issued."""

    icon: str
    text: str
    title: str
    signer: str = ""
    issuer: str = ""

    @property
    def files(self) -> frozenset[str]:
        """Types of files that are only a signature: the mark speaks for them."""
        return _SIGNATURE_FILES


def seal_mark(authentication: Mapping[str, Any] | None) -> SealMark | None:
    """The mark of a message by its authentication; None for mail that is neither signed nor encrypted."""
    facts = authentication or {}
    found = _SMIME.get(str(facts.get("smime"))) or _PGP.get(str(facts.get("pgp")))
    if found is None:
        return None
    unnamed = "?"
    return SealMark(*found, str(facts.get("smime_signer") or unnamed), str(facts.get("smime_issuer") or unnamed))
