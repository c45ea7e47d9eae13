"""Where our mail carries its reply token, and how a reply brings it back.

The token is the plus-tag of the Reply-To address (``support+TOKEN@desk.example``): it survives programs that cite no
Message-ID. Nothing is checked here: a token is only a claim until the room that signed it says otherwise. Some
programs lower the case of addresses, so a token is lower-case letters, digits, ``-`` and ``_``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

_TOKEN = re.compile(r"[a-z0-9_-]{16,128}")


def plus_address(address: str, token: str) -> str:
    """The address with the token as its plus-tag; unchanged without a token."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}+{token}@{domain}" if token and local else address


def find_token(addresses: Iterable[str], ours: Collection[str]) -> str:
    """The first plus-tag that can be a token, of an address of ours (``ours``: lower case, no tags); else empty."""
    for address in addresses:
        local, _, domain = address.strip().lower().rpartition("@")
        name, _, tag = local.partition("+")
        if f"{name}@{domain}" in ours and _TOKEN.fullmatch(tag):
            return tag
    return ""
