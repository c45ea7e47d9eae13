"""Administration of agents: add, role, queues, invitation, disable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from contactcenter.agent_ui import admin
from contactcenter.agent_ui.password_mail import mail_invitation
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.errors import Conflict, ContactCenterError, InvalidInput
from contactcenter.staff import agents
from contactcenter.staff.access import Role
from contactcenter.staff.records import Agent
from contactcenter.staff.tokens import is_program
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import queues

_FIELDS = ("email", "name", "role", "language", "queues")


def doors() -> Doors:
    """The agents and one of them; for administrators."""
    return (
        get("/admin/agents", listing, Role.ADMIN),
        get("/admin/agents/new", new, Role.ADMIN),
        post("/admin/agents/new", add, Role.ADMIN),
        get("/admin/agents/{id}", one, Role.ADMIN),
        post("/admin/agents/{id}", change, Role.ADMIN),
        post("/admin/agents/{id}/invite", invite, Role.ADMIN),
        post("/admin/agents/{id}/disable", disable, Role.ADMIN),
        post("/admin/agents/{id}/enable", enable, Role.ADMIN),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """Everybody, people before programs."""
    async with visit.store.read() as uow:
        everybody = await agents.list_agents(uow)
        worked = await agents.queues_by_agent(uow)
        known = await queues.list_queues(uow)
    return admin.page(
        visit,
        "admin/agents.html",
        people=[agent for agent in everybody if not is_program(agent)],
        programs=[agent for agent in everybody if is_program(agent)],
        presence=agents.presence,
        queues_of={agent.id: [queue for queue in known if queue.id in worked.get(agent.id, ())] for agent in everybody},
    )


async def new(visit: Visit) -> web.StreamResponse:
    """The form for a new colleague; he works every queue unless told otherwise."""
    async with visit.store.read() as uow:
        known = await queues.list_queues(uow)
        return await _form(visit, uow, {"chosen": {queue.id for queue in known}})


async def add(visit: Visit) -> web.StreamResponse:
    """Take on an agent and mail him the invitation."""
    try:
        async with visit.store.transaction() as uow:
            agent = await agents.create_agent(
                uow,
                email=visit.text("email"),
                name=visit.text("name"),
                role=_role(visit),
                language=visit.text("language", "en"),
            )
            await agents.set_queues(uow, visit.actor, agent.id, visit.texts("queues"))
            await mail_invitation(visit.room, uow, agent)
    except (InvalidInput, Conflict) as error:
        return await _again(visit, error)
    return visit.go("/admin/agents?done=invited")


async def one(visit: Visit) -> web.StreamResponse:
    """One agent and what may be done about him."""
    async with visit.store.read() as uow:
        agent = await agents.get_agent(uow, visit.path["id"])
        worked = await agents.queues_by_agent(uow)
        values = {"email": agent.email, "name": agent.name, "role": agent.role, "language": agent.language}
        return await _form(visit, uow, {**values, "chosen": worked.get(agent.id, frozenset())}, agent)


async def change(visit: Visit) -> web.StreamResponse:
    """Take over the form."""
    agent_id = visit.path["id"]
    try:
        async with visit.store.transaction() as uow:
            agent = await agents.get_agent(uow, agent_id)
            await agents.update_agent(
                uow,
                visit.actor,
                agent_id,
                name=visit.text("name"),
                email=None if is_program(agent) else visit.text("email"),
                role=_role(visit),
                language=visit.text("language", "en"),
            )
            await agents.set_queues(uow, visit.actor, agent_id, visit.texts("queues"))
    except (InvalidInput, Conflict) as error:
        return await _again(visit, error, agent_id)
    return visit.go("/admin/agents?done=saved")


async def invite(visit: Visit) -> web.StreamResponse:
    """Mail a link with which the agent sets a password; the older ones die."""
    async with visit.store.transaction() as uow:
        agent = await agents.get_agent(uow, visit.path["id"])
        if is_program(agent) or not agent.active:
            raise Conflict("this agent cannot sign in")
        await mail_invitation(visit.room, uow, agent)
    return visit.go(f"/admin/agents/{agent.id}?done=mailed")


async def disable(visit: Visit) -> web.StreamResponse:
    """Let the agent in no more."""
    try:
        async with visit.store.transaction() as uow:
            agent = await agents.disable(uow, visit.actor, visit.path["id"])
    except Conflict as error:
        return await _again(visit, error, visit.path["id"])
    return visit.go(f"/admin/agents/{agent.id}?done=disabled")


async def enable(visit: Visit) -> web.StreamResponse:
    """Let the agent in again."""
    async with visit.store.transaction() as uow:
        agent = await agents.enable(uow, visit.actor, visit.path["id"])
    return visit.go(f"/admin/agents/{agent.id}?done=enabled")


def _role(visit: Visit) -> Role:
    try:
        return Role(visit.text("role"))
    except ValueError as error:
        raise InvalidInput("the role is agent, supervisor or admin", field="role") from error


async def _again(visit: Visit, error: ContactCenterError, agent_id: str = "") -> web.Response:
    """The form as it was sent, with what is wrong. One that carries no fields (a button) shows what is stored."""
    async with visit.store.read() as uow:
        agent = await agents.get_agent(uow, agent_id) if agent_id else None
        stored = {} if agent is None else {name: getattr(agent, name) for name in ("email", "name", "role", "language")}
        sent = {name: visit.text(name) for name in ("email", "name", "role", "language") if name in visit.form}
        if sent:
            chosen = frozenset(visit.texts("queues"))
        else:
            chosen = (await agents.queues_by_agent(uow)).get(agent_id, frozenset())
        values = {**stored, **sent, "chosen": chosen}
        return await _form(visit, uow, values, agent, error.status, admin.faults(visit, error, fields=_FIELDS))


async def _form(
    visit: Visit,
    uow: UnitOfWork,
    values: Mapping[str, Any],
    agent: Agent | None = None,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
) -> web.Response:
    blank = {"email": "", "name": "", "role": Role.AGENT.value, "language": visit.locale, "chosen": frozenset()}
    return admin.page(
        visit,
        "admin/agent.html",
        status,
        agent=agent,
        program=agent is not None and is_program(agent),
        queues=await queues.list_queues(uow),
        faults=faults or {},
        **{**blank, **values},
    )
