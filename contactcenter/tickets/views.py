"""Views: named searches beside the inbox, those everybody has and those an agent keeps."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.staff.access import Actor, Role, require
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.query import TicketQuery
from contactcenter.tickets.records import SavedView

MAX_VIEWS = 50
"""Views one agent keeps."""


@dataclass(frozen=True, slots=True)
class View:
    """A named search. ``key`` is a word for a built-in one, an id for a saved one; ``shared``: everybody has it."""

    key: str
    name: str
    name_zh: str
    query: str
    built_in: bool = False
    shared: bool = True

    def label(self, language: str) -> str:
        """Its name in a language of the console."""
        return self.name_zh if language == "zh" else self.name


BUILT_IN = (
    View("mine", "Mine", "我的", "assignee:me status:new,open,pending", built_in=True),
    View("unassigned", "Unassigned", "未分配", "assignee:none status:new,open", built_in=True),
    View("open", "All open", "全部待办", "status:new,open,pending", built_in=True),
    View("complaints", "Complaints", "投诉", "complaint:yes status:new,open,pending", built_in=True),
    View("machine", "Answered by machine", "自动答复", "answered:machine", built_in=True),
    View("snoozed", "Snoozed", "已推迟", "is:snoozed", built_in=True),
    View("all", "Everything", "全部", "", built_in=True),
)


async def list_views(uow: UnitOfWork, actor: Actor) -> list[View]:
    """The built-in views, then the shared ones, then the actor's own."""
    saved = await uow.session.scalars(
        select(SavedView)
        .where(col(SavedView.agent_id).in_(["", actor.agent_id]))
        .order_by(col(SavedView.agent_id) != "", col(SavedView.position), col(SavedView.id))
    )
    return [*BUILT_IN, *(View(row.id, row.name, row.name, row.query, shared=not row.agent_id) for row in saved)]


async def find_view(uow: UnitOfWork, actor: Actor, key: str) -> View:
    """The view of this key. Raises :class:`NotFound`."""
    for view in await list_views(uow, actor):
        if view.key == key:
            return view
    raise NotFound("there is no such view")


async def save_view(
    uow: UnitOfWork, actor: Actor, name: str, query: str, *, shared: bool = False, view_id: str | None = None
) -> View:
    """Keep a search under a name (or change a kept one). Shared ones are for supervisors to make.

    Raises :class:`InvalidInput` when the name is empty or the search cannot be read, :class:`Forbidden`,
    :class:`NotFound`.
    """
    if shared:
        require(actor, Role.SUPERVISOR)
    if not name.strip():
        raise InvalidInput("a view has a name", field="name")
    TicketQuery.parse(query)
    owner = "" if shared else actor.agent_id
    if view_id is not None:
        row = await _own(uow, actor, view_id)
    else:
        kept = await uow.session.scalar(select(func.count()).where(col(SavedView.agent_id) == owner)) or 0
        if kept >= MAX_VIEWS:
            raise InvalidInput(f"at most {MAX_VIEWS} views", field="name")
        row = SavedView(position=kept + 1)
    row.agent_id, row.name, row.query = owner, name.strip()[:80], query.strip()
    uow.session.add(row)
    await uow.session.flush()
    return View(row.id, row.name, row.name, row.query, shared=shared)


async def delete_view(uow: UnitOfWork, actor: Actor, view_id: str) -> None:
    """Remove a saved view. Raises :class:`NotFound` for another's, :class:`Forbidden` for a shared one."""
    row = await _own(uow, actor, view_id)
    await uow.session.execute(delete(SavedView).where(col(SavedView.id) == row.id))


async def _own(uow: UnitOfWork, actor: Actor, view_id: str) -> SavedView:
    row = await uow.session.get(SavedView, view_id) if clock.is_id(view_id) else None
    if row is None or row.agent_id not in {"", actor.agent_id}:
        raise NotFound("there is no such view")
    if not row.agent_id:
        require(actor, Role.SUPERVISOR)
    return row
