"""Which addresses and numbers are ours: those of the settings file and those made in the console."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from contactcenter.envelope import Channel
from contactcenter.settings import Settings
from contactcenter.store.store import Store
from contactcenter.tickets.records import MailboxRecord, Queue

_FRESH = 5.0  # seconds a look at the database is good for


@dataclass(frozen=True, slots=True)
class OwnMailbox:
    """One of our addresses."""

    address: str
    name: str
    queue: str


class Directory:
    """Answers the mail door's and the outbox's questions about our own addresses."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._fixed = {box.address: OwnMailbox(box.address, box.name, box.queue) for box in settings.mailboxes}
        self._numbers = [entry.number for entry in settings.twilio.numbers]
        self._made: dict[str, OwnMailbox] = {}
        self._read_at = float("-inf")

    async def refresh(self) -> None:
        """Read the mailboxes made in the console, at most every few seconds."""
        if time.monotonic() - self._read_at < _FRESH:
            return
        query = select(col(MailboxRecord.address), col(MailboxRecord.name), col(Queue.key)).join(
            Queue,
            col(Queue.id) == col(MailboxRecord.queue_id),
            isouter=True,
        )
        async with self._store.read() as uow:
            rows = (await uow.session.execute(query)).all()
        self._made = {address: OwnMailbox(address, name, queue or "") for address, name, queue in rows}
        self._read_at = time.monotonic()

    async def knows(self, address: str) -> bool:
        """Whether mail to this address (folded) is ours to take; ``postmaster`` always is (RFC 5321, 4.5.1)."""
        local, _, domain = address.rpartition("@")
        if address in self._fixed or address == "postmaster":
            return True
        await self.refresh()
        return address in self._made or (local == "postmaster" and domain in self._domains())

    async def queue_of(self, address: str) -> str:
        """Key of the queue of an address; empty when it has none."""
        await self.refresh()
        box = self._fixed.get(address) or self._made.get(address)
        return box.queue if box else ""

    def made_addresses(self) -> frozenset[str]:
        """The addresses made in the console, as last read."""
        return frozenset(self._made)

    def own_addresses(self) -> frozenset[str]:
        """All our mail addresses, those made in the console as last read."""
        return frozenset(self._fixed) | frozenset(self._made)

    def default_sender(self, channel: Channel) -> str:
        """Our first address or number on a channel; empty when there is none."""
        if channel is Channel.SMS:
            return next(iter(self._numbers), "")
        return next(iter([*self._fixed, *self._made]), "") if channel is Channel.EMAIL else ""

    def sender_name(self, address: str) -> str:
        """The display name of one of our addresses."""
        box = self._fixed.get(address) or self._made.get(address)
        return box.name if box else ""

    def _domains(self) -> set[str]:
        return {address.rpartition("@")[2] for address in (*self._fixed, *self._made)}
