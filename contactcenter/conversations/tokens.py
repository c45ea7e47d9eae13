"""Reply tokens: a conversation's id with a keyed hash, carried in a plus-address.

Holding one is a strong hint where a reply belongs, never a right to enter: the participant check comes on top.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

_MAC_BYTES = 10
_PREFIX = "r"


class ReplyTokens:
    """Signs and checks reply tokens with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, conversation_id: str) -> str:
        """The token of a conversation: 43 characters of a-z and 2-7, fit for a local part."""
        identity = UUID(conversation_id).bytes
        return _PREFIX + base64.b32encode(identity + self._mac(identity)).decode().rstrip("=").lower()

    def check(self, token: str) -> str | None:
        """The conversation a token of ours names; None for anything else."""
        body = token.lower().removeprefix(_PREFIX).upper()
        try:
            raw = base64.b32decode(body + "=" * (-len(body) % 8))
        except (binascii.Error, ValueError):
            return None
        identity, mac = raw[:16], raw[16:]
        if len(raw) != 16 + _MAC_BYTES or not hmac.compare_digest(mac, self._mac(identity)):
            return None
        return str(UUID(bytes=identity))

    def _mac(self, identity: bytes) -> bytes:
        return hmac.digest(self._key, identity, hashlib.sha256)[:_MAC_BYTES]
