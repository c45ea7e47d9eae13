"""Administration of queues and of the categories that lead to them. Supervisors look, administrators change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aiohttp import web

from contactcenter.agent_ui import admin
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import Conflict, ContactCenterError, InvalidInput
from contactcenter.staff import agents
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import mailboxes, queues
from contactcenter.tickets.letterheads import set_letterhead
from contactcenter.tickets.records import Queue
from contactcenter.tickets.routing import COMPLAINTS

_LETTERHEAD = ("sender_address", "sender_name", "signature", "signature_zh")
_WRITTEN = ("key", "name", "name_zh", "position", *_LETTERHEAD)
_FIELDS = ("key", "name", "name_zh", "agents", *_LETTERHEAD)


def doors() -> Doors:
    """Queues, one queue, and the table of categories."""
    return (
        get("/admin/queues", listing, Role.SUPERVISOR),
        get("/admin/queues/new", new, Role.ADMIN),
        post("/admin/queues/new", add, Role.ADMIN),
        get("/admin/queues/{id}", one, Role.ADMIN),
        post("/admin/queues/{id}", change, Role.ADMIN),
        post("/admin/queues/{id}/delete", delete, Role.ADMIN),
        get("/admin/categories", categories, Role.SUPERVISOR),
        post("/admin/categories", change_categories, Role.ADMIN),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """The queues with who works them and what leads to them."""
    async with visit.store.read() as uow:
        known = await queues.list_queues(uow)
        topics = await queues.list_categories(uow)
        working = await queues.members(uow)
    leading = {queue.id: [topic for topic in topics if topic.queue_id == queue.id] for queue in known}
    return admin.page(visit, "admin/queues.html", queues=known, working=working, leading=leading, complaints=COMPLAINTS)


async def new(visit: Visit) -> web.StreamResponse:
    """The form for a new queue."""
    async with visit.store.read() as uow:
        return await _form(visit, uow, {})


async def add(visit: Visit) -> web.StreamResponse:
    """Make a queue. Its key is made of the name when none is given."""
    key = visit.text("key").strip() or visit.text("name")
    try:
        async with visit.store.transaction() as uow:
            await _check_free(uow, key)
            queue = await queues.ensure_queue(uow, key, visit.text("name"), visit.text("name_zh"))
            await queues.set_members(uow, visit.actor, queue.id, visit.texts("agents"))
    except InvalidInput as error:
        return await _again(visit, error)
    return visit.go("/admin/queues?done=added")


async def one(visit: Visit) -> web.StreamResponse:
    """One queue."""
    async with visit.store.read() as uow:
        queue = await queues.get_queue(uow, visit.path["id"])
        return await _form(visit, uow, await _stored(uow, queue), queue)


async def change(visit: Visit) -> web.StreamResponse:
    """Rename a queue, move it, and say who works it."""
    position = visit.text("position").strip()
    try:
        async with visit.store.transaction() as uow:
            queue = await queues.update_queue(
                uow,
                visit.actor,
                visit.path["id"],
                name=visit.text("name"),
                name_zh=visit.text("name_zh"),
                position=int(position) if position.isascii() and position.isdigit() and len(position) < 5 else None,
            )
            await queues.set_members(uow, visit.actor, queue.id, visit.texts("agents"))
            await _change_letterhead(visit, uow, queue)
    except InvalidInput as error:
        return await _again(visit, error, visit.path["id"])
    return visit.go("/admin/queues?done=saved")


async def _change_letterhead(visit: Visit, uow: UnitOfWork, queue: Queue) -> None:
    """Take over in whose name the queue's mail goes out; a form without these fields leaves it alone."""
    if not any(name in visit.form for name in _LETTERHEAD):
        return
    known = await mailboxes.list_mailboxes(uow, visit.room.settings)
    given = {name: visit.text(name) if name in visit.form else getattr(queue, name) for name in _LETTERHEAD}
    await set_letterhead(uow, visit.actor, queue.id, **given, ours={box.address for box in known})


async def delete(visit: Visit) -> web.StreamResponse:
    """Remove a queue that was never used."""
    try:
        async with visit.store.transaction() as uow:
            await queues.delete_queue(uow, visit.actor, visit.path["id"])
    except Conflict as error:
        return await _again(visit, error, visit.path["id"])
    return visit.go("/admin/queues?done=removed")


async def categories(visit: Visit) -> web.StreamResponse:
    """Every category with its queue, and whether the machine may answer it."""
    async with visit.store.read() as uow:
        return admin.page(
            visit,
            "admin/categories.html",
            categories=await queues.list_categories(uow),
            queues=await queues.list_queues(uow),
            answering=visit.room.settings.triage.auto_answer,
        )


async def change_categories(visit: Visit) -> web.StreamResponse:
    """Take over the table: fields ``queue.<key>`` and ``auto.<key>``. Only what differs is written."""
    async with visit.store.transaction() as uow:
        for category in await queues.list_categories(uow):
            if f"queue.{category.key}" not in visit.form:
                continue
            queue_id = visit.text(f"queue.{category.key}") or None
            automatic = f"auto.{category.key}" in visit.form
            if (queue_id, automatic) != (category.queue_id, category.auto_answer):
                await queues.set_category_queue(uow, visit.actor, category.key, queue_id, auto_answer=automatic)
    return visit.go("/admin/categories?done=saved")


async def _check_free(uow: UnitOfWork, key: str) -> None:
    """Raise :class:`InvalidInput` when there is a queue of this key: making it again would give that one."""
    clean = "-".join(key.lower().split())
    if any(queue.key == clean for queue in await queues.list_queues(uow)):
        raise InvalidInput("there is a queue with this key already", field="key")


async def _stored(uow: UnitOfWork, queue: Queue) -> dict[str, Any]:
    working: Collection[Any] = (await queues.members(uow)).get(queue.id, ())
    return {name: getattr(queue, name) for name in _WRITTEN} | {"chosen": {agent.id for agent in working}}


async def _again(visit: Visit, error: ContactCenterError, queue_id: str = "") -> web.Response:
    """The form as it was sent, with what is wrong. One that carries no fields (a button) shows what is stored."""
    async with visit.store.read() as uow:
        queue = await queues.get_queue(uow, queue_id) if queue_id else None
        values = await _stored(uow, queue) if queue is not None else {}
        values |= {name: visit.text(name) for name in _WRITTEN if name in visit.form}
        if "name" in visit.form:
            values["chosen"] = set(visit.texts("agents"))
        return await _form(visit, uow, values, queue, error.status, admin.faults(visit, error, fields=_FIELDS))


async def _form(
    visit: Visit,
    uow: UnitOfWork,
    values: Mapping[str, Any],
    queue: Queue | None = None,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
) -> web.Response:
    blank: dict[str, Any] = {**dict.fromkeys(_WRITTEN, ""), "chosen": frozenset()}
    return admin.page(
        visit,
        "admin/queue.html",
        status,
        queue=queue,
        agents=await agents.list_agents(uow, include_inactive=False),
        boxes_known=await mailboxes.list_mailboxes(uow, visit.room.settings),
        faults=faults or {},
        **{**blank, **values},
    )
