"""Blocked senders: addresses and domains whose mail is taken and kept, but makes no ticket and gets no answer.

Whoever blocks or unblocks is noted on the row, and the rows of the past stay.
"""

from __future__ import annotations

import re

from sqlalchemy import desc, select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import BlockedSender
from contactcenter.customers.identity import normalise
from contactcenter.envelope import Identity, IdentityKind
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.events import Event, EventKind
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork

MAX_REASON = 500
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})+")
_ADDRESS = re.compile(r"[^\s@<>,;]{1,64}@(?!-)[a-z0-9-]{1,63}(?:\.(?!-)[a-z0-9-]{1,63})+")


def pattern_of(written: str) -> str:
    """An address or a domain (also as ``@domain``) as it is kept and compared; raises :class:`InvalidInput`."""
    value = written.strip().removeprefix("@").rstrip(".")
    wanted = normalise(IdentityKind.EMAIL, value) if "@" in value else normalise(IdentityKind.EMAIL, f"x@{value}")[2:]
    if not (_ADDRESS if "@" in wanted else _DOMAIN).fullmatch(wanted):
        raise InvalidInput("give an e-mail address or a domain, such as a@b.example or b.example", field="sender")
    return wanted


def patterns_for(sender: Identity) -> list[str]:
    """What would block a sender: his address, also without its plus-tag, his domain and every one above it."""
    if sender.kind is not IdentityKind.EMAIL or "@" not in sender.value:
        return []
    address = sender.value.lower()
    local, _, domain = address.rpartition("@")
    labels = domain.split(".")
    domains = [".".join(labels[start:]) for start in range(max(0, len(labels) - 8), len(labels) - 1)]
    return list(dict.fromkeys([address, f"{local.partition('+')[0] or local}@{domain}", *domains]))


async def block(uow: UnitOfWork, by: tuple[str, str], written: str, reason: str = "") -> BlockedSender:
    """Block an address or a domain; what is blocked already stays as it is. ``by``: id and name of who does it."""
    pattern = pattern_of(written)
    known = await uow.session.scalar(
        select(BlockedSender).where(col(BlockedSender.pattern) == pattern, col(BlockedSender.removed_at).is_(None))
    )
    if known is not None:
        return known
    made = BlockedSender(pattern=pattern, reason=reason.strip()[:MAX_REASON], by_agent_id=by[0], by_name=by[1])
    uow.session.add(made)
    await uow.session.flush()
    uow.publish(Event(EventKind.QUARANTINE_CHANGED, id=made.id))
    return made


async def blocked(uow: UnitOfWork, blocked_id: str) -> BlockedSender:
    """One that is blocked now; raises :class:`NotFound`."""
    found = await uow.session.get(BlockedSender, blocked_id) if clock.is_id(blocked_id) else None
    if found is None or found.removed_at is not None:
        raise NotFound("there is no such blocked sender")
    return found


async def unblock(uow: UnitOfWork, by: tuple[str, str], blocked_id: str) -> BlockedSender:
    """Take mail of a blocked sender again; what was kept meanwhile stays aside until it is run again.

    Raises :class:`NotFound`.
    """
    found = await blocked(uow, blocked_id)
    gone = {"removed_at": clock.now(), "removed_by_id": by[0], "removed_by_name": by[1]}
    await uow.session.execute(update(BlockedSender).where(col(BlockedSender.id) == blocked_id).values(gone))
    uow.publish(Event(EventKind.QUARANTINE_CHANGED, id=blocked_id))
    return found


async def list_blocked(uow: UnitOfWork, cursor: str = "", limit: int = 50) -> Page[BlockedSender]:
    """Who is blocked, newest first; raises :class:`InvalidInput` for a cursor that is not ours."""
    query = select(BlockedSender).where(col(BlockedSender.removed_at).is_(None))
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not clock.is_id(last):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        query = query.where(col(BlockedSender.id) < last)
    rows = list(await uow.session.scalars(query.order_by(desc("id")).limit(limit + 1)))
    return Page(rows[:limit], encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)
