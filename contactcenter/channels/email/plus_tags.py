"""Plus-tags of addresses: taken off where addresses are compared, used to carry the reply token.

The token is the tag of the Reply-To address (``support+TOKEN@desk.example``): it survives programs that cite no
Message-ID. Nothing is checked here: a token is only a claim until the room that signed it says otherwise. Some
programs lower the case of addresses, so a token is lower-case letters, digits, ``-`` and ``_``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_TOKEN = re.compile(r"[a-z0-9_-]{16,128}")


def fold(address: str) -> str:
    """An address as it is compared: lower case, the plus-tag of the local part taken off."""
    local, at, domain = address.rpartition("@")
    if not at:
        return address.strip('"').lower()
    local = local.strip('"')
    return f"{local.partition('+')[0] or local}@{domain.rstrip('.')}".lower()


def plus_address(address: str, token: str) -> str:
    """The address with the token as its plus-tag; unchanged without a token."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}+{token}@{domain}" if token and local else address


def find_token(addresses: Iterable[str], ours: Collection[str]) -> str:
    """The first tag that can be a token, of an address of ours (``ours``: folded); else empty."""
    for address in addresses:
        tag = address.lower().rpartition("@")[0].partition("+")[2].strip('"')
        if _TOKEN.fullmatch(tag) and fold(address.strip()) in ours:
            return tag
    return ""
