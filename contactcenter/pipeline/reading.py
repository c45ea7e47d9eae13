"""What is done to a batch before its stages: who vouches for the senders, bytes to content, content to assessment.

Nothing here depends on another message, and nearly nothing on the database: only whose names are those of colleagues.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from contactcenter.conversations.inbox import inbound_of
from contactcenter.conversations.records import Message
from contactcenter.envelope import (
    Channel,
    Content,
    ContentReader,
    InboundMessage,
    TakesLong,
    read_each,
    read_many,
)
from contactcenter.errors import ContactCenterError, Unavailable
from contactcenter.pipeline.assessing import Assessing, Unassessed
from contactcenter.pipeline.work import Work
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.colleagues import (
    FORGED_WARNING,
    as_the_customers,
    is_forged,
    known_agents,
    passed_on,
)
from contactcenter.triage.assessment import TriageInput


class Testify(Protocol):
    """What the pipeline needs to know of the world about a message before it is read: who vouches for its sender."""

    def wanted(self, channel: str, envelope: Mapping[str, Any]) -> bool:
        """Whether the world has to be asked; it costs nothing where not."""
        ...

    async def testify(self, messages: Sequence[InboundMessage]) -> Sequence[Mapping[str, Any]]:
        """What each message's reader is to find in its envelope, asked for all of them side by side; never raises."""
        ...


class Reading:
    """Makes content and assessments of accepted messages."""

    def __init__(
        self,
        store: Store,
        readers: Mapping[Channel, ContentReader],
        assessing: Assessing,
        witness: Testify | None,
    ) -> None:
        self._store = store
        self._readers = readers
        self._assessing = assessing
        self._witness = witness

    async def read(self, uow: UnitOfWork, rows: Sequence[Message], *, patient: bool = False) -> list[Work]:
        """The messages understood each for itself; what fails carries its failure.

        What would keep the others waiting is not read, unless ``patient``.
        """
        testimony = await self._testimony(rows)
        works = await asyncio.to_thread(self._read_all, rows, testimony, patient)
        await self._colleagues(uow, works)
        await asyncio.to_thread(self._assess_people, works)
        return works

    async def _testimony(self, rows: Sequence[Message]) -> dict[str, Mapping[str, Any]]:
        """What the world says about messages whose senders nobody vouches for, by the ids of their rows.

        The transaction has written nothing yet and holds no lock but the lane's.
        """
        asking = self._witness
        wanted = [row for row in rows if row.raw_blob and asking and asking.wanted(row.channel, row.envelope)]
        if asking is None or not wanted:
            return {}
        messages = await asyncio.to_thread(self._with_bytes, wanted)
        found = await asking.testify([message for _, message in messages])
        return {row.id: said for (row, _), said in zip(messages, found, strict=True)}

    def _with_bytes(self, rows: Sequence[Message]) -> list[tuple[Message, InboundMessage]]:
        """The messages as their doors accepted them; those without bytes fail later, when they are read."""
        found = []
        for row in rows:
            with suppress(OSError, ContactCenterError):
                found.append((row, inbound_of(row, self._store.blobs.read_now(row.raw_blob))))
        return found

    def _read_all(
        self, rows: Sequence[Message], testimony: Mapping[str, Mapping[str, Any]], patient: bool
    ) -> list[Work]:
        """Read the messages, in a thread: what needs nothing but their bytes."""
        works = [self._opened(row) for row in rows]
        for channel in {work.message.channel for work in works}:
            mine = [work for work in works if work.message.channel is channel and not work.failure]
            heard = [_with_testimony(work.message, testimony.get(work.row.id)) for work in mine]
            reader = self._readers[channel]
            contents = read_each(reader, heard) if patient else read_many(reader, heard)
            for work, content in zip(mine, contents, strict=True):
                self._take_content(work, content)
        return works

    async def _colleagues(self, uow: UnitOfWork, works: Sequence[Work]) -> None:
        """Look for mail in the names of people who work here: forged, or a customer's that they pass on."""
        read = [work for work in works if work.is_read]
        agents = await known_agents(uow, [(work.message, work.content) for work in read])
        for work in read:
            work.forged = is_forged((work.message, work.content), agents)
            if work.forged:
                work.content = replace(work.content, warnings=(*work.content.warnings, FORGED_WARNING))
            work.passed_on = passed_on((work.message, work.content), agents)
            if work.passed_on is not None and work.content.forwarded is not None:
                work.content = as_the_customers(work.content, work.content.forwarded)

    def _assess_people(self, works: Sequence[Work]) -> None:
        """Assess what people wrote, in a thread. When triage says nothing people get it: closed for answers."""
        people = [work for work in works if work.is_person and work.is_read]
        items = [
            TriageInput(work.content.visible_text or work.content.text, work.content.subject, work.message.received_at)
            for work in people
        ]
        for work, answer in zip(people, self._assessing.assess(items), strict=True):
            if isinstance(answer, Unassessed):
                work.unassessed = answer
            else:
                work.assessment = answer

    def _opened(self, row: Message) -> Work:
        """A message as its door accepted it."""
        try:
            raw = self._store.blobs.read_now(row.raw_blob) if row.raw_blob else None
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a message that fails fails alone
            return Work(row, inbound_of(row, None), failure=f"{type(error).__name__}: {error}")
        return Work(row, inbound_of(row, raw))

    def _take_content(self, work: Work, content: Content | Exception) -> None:
        """Note what the channel's reader made of a message, and keep its files."""
        try:
            if isinstance(content, Exception):
                raise content
            for file in content.files:
                self._store.blobs.put_now(file.content)
            work.content = content
        except Unavailable:
            raise
        except TakesLong:
            work.takes_long = True
        except Exception as error:  # noqa: BLE001 - a message that fails fails alone
            work.message = inbound_of(work.row, None)
            work.failure = f"{type(error).__name__}: {error}"


def _with_testimony(message: InboundMessage, said: Mapping[str, Any] | None) -> InboundMessage:
    """The message with what the world said about it in its envelope, for its reader."""
    return replace(message, envelope={**message.envelope, **said}) if said else message
