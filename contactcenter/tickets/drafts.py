"""Drafts: what an agent has begun to write on a ticket, kept until it is sent."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import TooLarge
from contactcenter.staff.access import Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Draft

MAX_TEXT = 200_000

Mode = Literal["reply", "note", "forward"]


async def save_draft(uow: UnitOfWork, actor: Actor, ticket_id: str, mode: Mode, text: str) -> None:
    """Keep the text; an empty one removes the draft. Raises :class:`TooLarge`."""
    if len(text) > MAX_TEXT:
        raise TooLarge(f"a draft has at most {MAX_TEXT} characters")
    if not text.strip():
        await delete_draft(uow, actor, ticket_id)
        return
    values = {"mode": str(mode), "text": text.replace("\x00", ""), "updated_at": clock.now()}
    await uow.session.execute(
        pg_insert(Draft)
        .values(ticket_id=ticket_id, agent_id=actor.agent_id, **values)
        .on_conflict_do_update(index_elements=["ticket_id", "agent_id"], set_=values)
    )


async def load_draft(uow: UnitOfWork, actor: Actor, ticket_id: str) -> Draft | None:
    """The actor's draft on a ticket."""
    return await uow.session.scalar(
        select(Draft).where(col(Draft.ticket_id) == ticket_id, col(Draft.agent_id) == actor.agent_id)
    )


async def delete_draft(uow: UnitOfWork, actor: Actor, ticket_id: str) -> None:
    """Forget the actor's draft on a ticket."""
    await uow.session.execute(
        delete(Draft).where(col(Draft.ticket_id) == ticket_id, col(Draft.agent_id) == actor.agent_id)
    )
