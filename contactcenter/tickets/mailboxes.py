"""Mailboxes: those of the settings file (read-only here) and those made in the console."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import SecretStr
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import ChannelCursor
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.settings import Imap, Mailbox, Settings
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.secrets import Secrets
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.queues import get_queue
from contactcenter.tickets.records import MailboxRecord, Queue

_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\\x00-\x1f]{1,64}@[a-z0-9.-]{1,255}")


_PURPOSE = "mailbox-imap"


FETCH_STATUS = "fetch-status"
"""Key of the cursor that holds how fetching goes, by address."""

SILENT = timedelta(minutes=3)
"""After which nobody is fetching any more who would say how it goes."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying a mailbox found: ``trouble`` is empty when it can be read, ``pushes`` says whether by IDLE."""

    trouble: str = ""
    mails: int = 0
    pushes: bool = False


class MailboxTrials(Protocol):
    """Signs in to a mailbox and looks into its folder."""

    async def __call__(self, mailbox: Mailbox, *, made_in_console: bool) -> Trial:
        """Try it; trouble is said, not raised."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """How fetching from a mailbox goes.

    ``state``: connecting, working, idle (the server pushes), polling, backing-off (``reason`` says why), or silent:
    no service fetches at the moment. ``left``: mails that stay in the mailbox, too large or not readable.
    """

    state: str
    reason: str = ""
    last_look: datetime | None = None
    taken: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """A mailbox for a list. ``id`` is empty and ``read_only`` set for one of the settings file."""

    id: str
    address: str
    name: str
    queue: str  # key
    has_imap: bool
    read_only: bool


async def list_mailboxes(uow: UnitOfWork, settings: Settings) -> list[MailboxRow]:
    """All mailboxes, those of the settings file first."""
    rows = [
        MailboxRow("", box.address, box.name, box.queue, box.imap is not None, read_only=True)
        for box in settings.mailboxes
    ]
    made = await uow.session.execute(
        select(MailboxRecord, col(Queue.key))
        .join(Queue, col(Queue.id) == col(MailboxRecord.queue_id), isouter=True)
        .order_by(col(MailboxRecord.address))
    )
    rows += [
        MailboxRow(box.id, box.address, box.name, key or "", bool(box.imap_sealed), read_only=False)
        for box, key in made
    ]
    return rows


async def fetch_statuses(uow: UnitOfWork) -> dict[str, Fetched]:
    """How fetching goes, by address."""
    kept = await uow.session.get(ChannelCursor, FETCH_STATUS)
    if kept is None:
        return {}
    silent = clock.now() - kept.updated_at > SILENT
    return {address: _fetched(value, silent=silent) for address, value in kept.value.items()}


def _fetched(value: Mapping[str, Any], *, silent: bool) -> Fetched:
    looked = value.get("last_look")
    return Fetched(
        state="silent" if silent else str(value.get("state", "")),
        reason=str(value.get("reason", "")),
        last_look=datetime.fromisoformat(looked) if looked else None,
        taken=int(value.get("taken", 0)),
        left=int(value.get("left", 0)),
    )


async def create_mailbox(
    uow: UnitOfWork,
    actor: Actor,
    settings: Settings,
    *,
    address: str,
    name: str,
    queue: str,
    imap_sealed: str = "",
) -> MailboxRecord:
    """Take mail for another address into a queue (key or id). For administrators.

    ``imap_sealed`` is the sealed IMAP account (``store.secrets.seal``), empty when mail comes by SMTP. Raises
    :class:`InvalidInput`, :class:`NotFound` for the queue, :class:`Conflict` when the address is ours already.
    """
    require(actor, Role.ADMIN)
    clean = address.strip().lower()
    if not _ADDRESS.fullmatch(clean) or "+" in clean:
        raise InvalidInput("that is not an address without a plus-tag", field="address")
    if any(box.address == clean for box in settings.mailboxes):
        raise Conflict(f"{clean} is in the settings file")
    made = MailboxRecord(
        address=clean, name=name.strip()[:200], queue_id=(await get_queue(uow, queue)).id, imap_sealed=imap_sealed
    )
    added = await uow.session.scalar(
        pg_insert(MailboxRecord)
        .values(**made.model_dump())
        .on_conflict_do_nothing(index_elements=["address"])
        .returning(col(MailboxRecord.id))
    )
    if added is None:
        raise Conflict(f"{clean} is one of our addresses already")
    uow.publish(Event(EventKind.STAFF_CHANGED))
    return made


async def delete_mailbox(uow: UnitOfWork, actor: Actor, mailbox_id: str) -> None:
    """Take no more mail for an address made in the console. For administrators. Raises :class:`NotFound`."""
    require(actor, Role.ADMIN)
    gone = None
    if clock.is_id(mailbox_id):
        gone = await uow.session.scalar(
            delete(MailboxRecord).where(col(MailboxRecord.id) == mailbox_id).returning(col(MailboxRecord.address))
        )
    if gone is None:
        raise NotFound("there is no such mailbox")
    await uow.session.execute(update(Queue).where(col(Queue.sender_address) == gone).values(sender_address=""))
    uow.publish(Event(EventKind.STAFF_CHANGED))


def seal_account(secrets: Secrets, account: Imap) -> str:
    """An IMAP account, its password included, as :func:`create_mailbox` keeps it."""
    dumped = account.model_dump()
    values = {key: value.get_secret_value() if isinstance(value, SecretStr) else value for key, value in dumped.items()}
    return secrets.seal(json.dumps(values), _PURPOSE)


async def made_mailbox(uow: UnitOfWork, secrets: Secrets, mailbox_id: str) -> Mailbox:
    """A mailbox made in the console that is fetched by IMAP. Raises :class:`NotFound`."""
    box = await uow.session.get(MailboxRecord, mailbox_id) if clock.is_id(mailbox_id) else None
    if box is None or not box.imap_sealed:
        raise NotFound("there is no such mailbox")
    return Mailbox(address=box.address, name=box.name, imap=_account(secrets, box))


def _account(secrets: Secrets, box: MailboxRecord) -> Imap:
    return Imap(**json.loads(secrets.unseal(box.imap_sealed, _PURPOSE)))


async def fetched_mailboxes(uow: UnitOfWork, secrets: Secrets) -> list[Mailbox]:
    """The mailboxes made in the console that are fetched by IMAP, in the settings' own form.

    Raises :class:`contactcenter.errors.SettingsError` when the instance key is not the one they were sealed with.
    """
    rows = await uow.session.execute(
        select(MailboxRecord, col(Queue.key))
        .join(Queue, col(Queue.id) == col(MailboxRecord.queue_id), isouter=True)
        .where(col(MailboxRecord.imap_sealed) != "")
        .order_by(col(MailboxRecord.address))
    )
    found = []
    for box, key in rows:
        imap = _account(secrets, box)
        found.append(Mailbox(address=box.address, name=box.name, queue=key or "service", imap=imap))
    return found
