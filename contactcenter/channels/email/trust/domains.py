"""Names of domains: in their one ASCII form, and the organisation that each belongs to."""

from __future__ import annotations

from functools import lru_cache

import idna
from publicsuffixlist import PublicSuffixList

MAX_LENGTH = 253  # characters of a name (RFC 1035, 2.3.4)


def ascii_domain(text: str) -> str:
    """The name in lower case, international labels in their ASCII form (RFC 5891); empty when it is no name."""
    name = text.strip().rstrip(".").lower()
    if not name.isascii():
        try:
            name = idna.encode(name[:MAX_LENGTH], uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return ""
    labels = name.split(".")
    return name if len(name) <= MAX_LENGTH and all(0 < len(label) < 64 for label in labels) else ""


@lru_cache(4096)
def organisational(domain: str) -> str:
    """The registered domain (RFC 7489, 3.2): one label below its public suffix; of a suffix itself, the suffix."""
    name = ascii_domain(domain)
    return _suffixes().privatesuffix(name) or name


def aligned(proven: str, domain: str, *, strict: bool = False) -> bool:
    """Whether a proven domain vouches for that of From (RFC 7489, 3.1): the same one, or the same organisation."""
    one, other = ascii_domain(proven), ascii_domain(domain)
    if not one or not other or strict:
        return bool(one) and one == other
    return one == other or organisational(one) == organisational(other)


@lru_cache(1)
def _suffixes() -> PublicSuffixList:
    """Mozilla's list as the library brings it; read at the first need."""
    return PublicSuffixList()
