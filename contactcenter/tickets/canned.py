"""Canned answers: prepared texts that ``/shortcut`` brings into the composer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.i18n import LOCALES
from contactcenter.knowledge.rendering import fill
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.listing import TicketRow
from contactcenter.tickets.records import CannedAnswer

VARIABLES = ("customer.name", "agent.name", "ticket.number", "ticket.subject")
"""What may stand between ``{{`` and ``}}``."""

_SHORTCUT = re.compile(r"[\w-]{1,40}")
MAX_TEXT = 20_000


async def list_canned(uow: UnitOfWork, language: str | None = None) -> list[CannedAnswer]:
    """All canned answers by shortcut; with a language, those of that language."""
    query = select(CannedAnswer).order_by(col(CannedAnswer.shortcut), col(CannedAnswer.language))
    if language is not None:
        query = query.where(col(CannedAnswer.language) == language)
    return list(await uow.session.scalars(query))


async def get_canned(uow: UnitOfWork, canned_id: str) -> CannedAnswer:
    """The canned answer of this id. Raises :class:`NotFound`."""
    canned = await uow.session.get(CannedAnswer, canned_id) if clock.is_id(canned_id) else None
    if canned is None:
        raise NotFound("there is no such canned answer")
    return canned


async def save_canned(
    uow: UnitOfWork,
    actor: Actor,
    *,
    shortcut: str,
    language: str,
    title: str,
    text: str,
    canned_id: str | None = None,
) -> CannedAnswer:
    """Make a canned answer, or (with an id) change one. For supervisors.

    Raises :class:`Forbidden`, :class:`InvalidInput`, :class:`NotFound`, and :class:`Conflict` when the shortcut is
    taken in that language.
    """
    require(actor, Role.SUPERVISOR)
    shortcut = shortcut.strip().lstrip("/").lower()
    if not _SHORTCUT.fullmatch(shortcut):
        raise InvalidInput("a shortcut is one word of letters, digits and hyphens", field="shortcut")
    if language not in LOCALES:
        raise InvalidInput(f"the language is one of {', '.join(LOCALES)}", field="language")
    if not text.strip() or len(text) > MAX_TEXT:
        raise InvalidInput(f"a text of at most {MAX_TEXT} characters, please", field="text")
    taken = await uow.session.scalar(
        select(CannedAnswer).where(col(CannedAnswer.shortcut) == shortcut, col(CannedAnswer.language) == language)
    )
    if taken is not None and taken.id != canned_id:
        raise Conflict(f"/{shortcut} is taken")
    canned = await get_canned(uow, canned_id) if canned_id else CannedAnswer()
    canned.shortcut, canned.language = shortcut, language
    canned.title, canned.text = title.strip()[:200] or shortcut, text.strip()
    uow.session.add(canned)
    await uow.session.flush()
    return canned


async def delete_canned(uow: UnitOfWork, actor: Actor, canned_id: str) -> None:
    """Remove a canned answer. For supervisors. Raises :class:`NotFound`."""
    require(actor, Role.SUPERVISOR)
    canned = await get_canned(uow, canned_id)
    await uow.session.execute(delete(CannedAnswer).where(col(CannedAnswer.id) == canned.id))


def variables(row: TicketRow, actor: Actor) -> dict[str, str]:
    """The values of :data:`VARIABLES` on one ticket. A customer without a name gives an empty name."""
    return {
        "customer.name": row.customer.name if row.customer is not None else "",
        "agent.name": actor.name,
        "ticket.number": f"#{row.number}",
        "ticket.subject": row.subject,
    }


def render_canned(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled in; what is no variable of ours stays as it is written.

    An empty value takes the blank before it along, so that "Hello {{ customer.name }}," becomes "Hello,".
    """
    for name in VARIABLES:
        if not values.get(name, "").strip():
            text = re.sub(r"[ \t]*\{\{\s*" + re.escape(name) + r"\s*\}\}", "", text)
    return fill(text, {name: values[name] for name in VARIABLES if values.get(name)})
