"""What is known of a mailbox that is fetched: how far it was read, how it goes, and where that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from contactcenter.channels.email.reach import Reach
from contactcenter.settings import Mailbox

MAX_LEFT = 500
"""Mails left in a mailbox that are remembered one by one."""


class MailboxCursor(Protocol):
    """Remembers how far each mailbox was read."""

    async def load(self, key: str) -> dict[str, Any]:
        """What was saved last; empty when nothing was."""
        ...

    async def save(self, key: str, value: dict[str, Any]) -> None:
        """Keep the value durably."""
        ...


class Left(StrEnum):
    """Why a mail stays in the mailbox untaken."""

    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"


class FetchState(StrEnum):
    """What a mailbox's thread does."""

    CONNECTING = "connecting"
    WORKING = "working"
    IDLE = "idle"
    """The server pushes."""
    POLLING = "polling"
    BACKING_OFF = "backing-off"
    """After trouble, until the next try."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A mailbox to fetch from; ``reach`` bounds where its server may be, None for one of the settings file."""

    mailbox: Mailbox
    reach: Reach | None = None


@dataclass(slots=True)
class Place:
    """How far a folder was read. Mails up to ``quiet_until`` get no automatic answer.

    ``taken`` counts mails that were new to us since the mailbox was first read; ``left`` are the UIDs that were not
    taken.
    """

    uidvalidity: int
    last_uid: int = 0
    quiet_until: int = 0
    taken: int = 0
    left: dict[int, Left] = field(default_factory=dict)

    @classmethod
    def loaded(cls, saved: Mapping[str, Any]) -> Place:
        """As :meth:`saved` gave it; with nothing saved, a place in no folder."""
        return cls(
            uidvalidity=int(saved.get("uidvalidity", -1)),
            last_uid=int(saved.get("last_uid", 0)),
            quiet_until=int(saved.get("quiet_until", 0)),
            taken=int(saved.get("taken", 0)),
            left={int(uid): Left(why) for uid, why in saved.get("left", {}).items()},
        )

    def saved(self) -> dict[str, Any]:
        """For a :class:`MailboxCursor`."""
        return asdict(self) | {"left": {str(uid): str(why) for uid, why in self.left.items()}}

    def leave(self, uid: int, why: Left) -> None:
        """Remember what was not taken, the newest of it."""
        self.left[uid] = why
        while len(self.left) > MAX_LEFT:
            del self.left[next(iter(self.left))]


@dataclass(frozen=True, slots=True)
class FetchStatus:
    """How it goes with a mailbox, for administrators. ``reason`` says why it backs off, or why mail is not marked."""

    address: str
    state: FetchState = FetchState.CONNECTING
    reason: str = ""
    last_look: datetime | None = None
    taken: int = 0
    left: int = 0

    def saved(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {"last_look": self.last_look.isoformat() if self.last_look else None}
