"""Signed names of a conversation: the reply token of a plus-address, and the Message-IDs of what we send.

Both carry the conversation's id with a keyed hash, so that an answer finds its way when the program that wrote it kept
the one and lost the other, or when the message it answers is not among ours any more. Holding one is a strong hint
where a reply belongs, never a right to enter: the participant check comes on top.

An id of our form whose hash is wrong is worth nothing at all, not even as a citation; and no other form of an id (a
number, a bare conversation id) names a conversation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from uuid import UUID

from contactcenter.store.secrets import Secrets

_MAC_BYTES = 10
_OWN_BYTES = 8  # of the message's own id: 62 of them random (RFC 9562, 5.7)
_PREFIX = "r"
_FORM = re.compile(r"(?<![a-z0-9.])m\.([a-z2-7]{55})@")
_BROKEN = re.compile(r"=3[ce]|=|\s")  # what quoted-printable leaves of brackets and line ends


class ReplyTokens:
    """Signs and checks reply tokens and Message-IDs with one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of(cls, secrets: Secrets) -> ReplyTokens:
        """Those of an instance."""
        return cls(secrets.derive("reply-token"))

    def sign(self, conversation_id: str) -> str:
        """The token of a conversation: 43 characters of a-z and 2-7, fit for a local part."""
        identity = UUID(conversation_id).bytes
        return _PREFIX + _text(identity + self._mac(identity))

    def check(self, token: str) -> str | None:
        """The conversation a token of ours names; None for anything else."""
        return self._named(_raw(token.lower().removeprefix(_PREFIX)), 16)

    def message_id(self, conversation_id: str, message_id: str, domain: str) -> str:
        """The Message-ID (without brackets) of a message: ``m.``, 55 characters of a-z and 2-7, and the domain.

        It depends on nothing but its arguments, so it is the same at every try (RFC 5322, 3.6.4: a dot-atom of 57
        characters).
        """
        signed = UUID(conversation_id).bytes + UUID(message_id).bytes[-_OWN_BYTES:]
        return f"m.{_text(signed + self._mac(signed))}@{domain}"

    def conversation_of(self, message_id: str) -> str | None:
        """The conversation that a Message-ID of ours names, in whatever case it comes back; else None."""
        form = _form(message_id)
        return self._named(_raw(form), 16 + _OWN_BYTES) if form else None

    def is_forged(self, message_id: str) -> bool:
        """Whether an id has the form of ours and was not made by us: its hash is wrong."""
        return bool(_form(message_id)) and self.conversation_of(message_id) is None

    def _named(self, raw: bytes, signed: int) -> str | None:
        body, mac = raw[:signed], raw[signed:]
        if len(raw) != signed + _MAC_BYTES or not hmac.compare_digest(mac, self._mac(body)):
            return None
        return str(UUID(bytes=body[:16]))

    def _mac(self, signed: bytes) -> bytes:
        return hmac.digest(self._key, signed, hashlib.sha256)[:_MAC_BYTES]


def _form(message_id: str) -> str:
    """The signed part of an id of our form; empty for another."""
    folded = message_id.lower()
    found = _FORM.search(_BROKEN.sub("", folded) if "=" in folded else folded)
    return found[1] if found else ""


def _text(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _raw(text: str) -> bytes:
    """What the text encodes; nothing when it encodes nothing."""
    try:
        return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return b""
