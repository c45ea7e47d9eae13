"""What a visitor may read again: the lines of his own chat, and how a socket follows them.

A socket never carries the truth: it is told that something changed and reads the lines after the last it sent. Ids
are made before their rows are committed, so a line may become visible after one with a higher id; therefore reading
starts :data:`OVERLAP` before the last line sent, and what went out already is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from contactcenter.envelope import AuthorType, Direction, Identity

OVERLAP = timedelta(minutes=10)
"""How far behind the last line a later reading starts again."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class ChatLine:
    """One thing said in a chat. ``id`` is the message's UUIDv7: it sorts by time."""

    id: str
    direction: Direction
    author_type: AuthorType
    author_name: str
    text: str
    created_at: datetime
    client_id: str = ""  # the id the visitor's widget gave to what it sent


class ChatHistory(Protocol):
    """Where the lines of a visitor are read."""

    async def lines(self, visitor: Identity, after: str = "", limit: int = 100) -> Sequence[ChatLine]:
        """Lines of this visitor, oldest first, at most ``limit``: no notes, no other channel's messages.

        With ``after`` the first ones whose id is greater; it need not be the id of a line. Without it the newest
        ones. What was accepted but is not understood yet is among them. Raises
        :class:`contactcenter.errors.Unavailable` when it cannot be read now.
        """
        ...


def is_line_id(text: str) -> bool:
    """Whether the text is an id as :func:`contactcenter.clock.new_id` writes it."""
    return _ID.fullmatch(text) is not None


def shortly_before(line_id: str) -> str:
    """The lowest id that could have been made :data:`OVERLAP` before this one (RFC 9562, 5.7: time comes first)."""
    milliseconds = int(line_id[:8] + line_id[9:13], 16) - OVERLAP // timedelta(milliseconds=1)
    digits = f"{max(milliseconds, 0):012x}"
    return f"{digits[:8]}-{digits[8:]}-0000-0000-000000000000"
