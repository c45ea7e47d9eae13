"""Agents: the people who work here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import page_of
from contactcenter.api.shapes import Collection, Input, Line, Output, PageQuery
from contactcenter.errors import NotFound, Unprocessable
from contactcenter.staff import agents, links
from contactcenter.staff.access import Role
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.queues import get_queue, list_queues


class AgentJson(Output):
    """A person who works here."""

    id: str
    email: str
    name: str
    role: Role
    language: str
    availability: Literal["online", "away", "offline"]
    active: bool
    queues: list[str] = Field(description="Keys of the queues he works.")


class Agents(Collection[AgentJson]):
    """A page of agents."""


class NewAgentJson(Input):
    """Somebody to take on."""

    email: Line
    name: Line = ""
    role: Role = Role.AGENT
    language: Line = "en"
    queues: list[Line] = Field(default_factory=list, description="Keys of the queues he works.")


class InvitedAgentJson(AgentJson):
    """An agent who was just taken on."""

    invitation: str = Field(
        description="Address at which he sets his password, once, within 72 hours. Not shown again."
    )


@operation("GET", "/agents", role=Role.AGENT, summary="Agents")
async def list_agents(call: Call, uow: UnitOfWork, query: PageQuery) -> Agents:  # noqa: ARG001
    """By name, those who left included."""
    page = page_of(await agents.list_agents(uow), query, lambda agent: agent.id)
    works = await agents.queues_by_agent(uow)
    keys = {queue.id: queue.key for queue in await list_queues(uow)}
    items = [_json(agent, [key for id_, key in keys.items() if id_ in works.get(agent.id, ())]) for agent in page.items]
    return Agents(items=items, next_cursor=page.next_cursor)


@operation("POST", "/agents", role=Role.ADMIN, status=201, summary="Take on an agent")
async def create_agent(call: Call, uow: UnitOfWork, body: NewAgentJson) -> InvitedAgentJson:
    """Give him the `invitation`: there he sets his password himself."""
    agent = await agents.create_agent(uow, email=body.email, name=body.name, role=body.role, language=body.language)
    ids: dict[str, str] = {}
    for key in body.queues:
        try:
            queue = await get_queue(uow, key)
        except NotFound as error:
            raise Unprocessable(f"there is no queue {key}", field="queues") from error
        ids[queue.key] = queue.id
    if ids:
        await agents.set_queues(uow, call.actor, agent.id, list(ids.values()))
    token = await links.create_link(uow, agent.id, "invite", links.INVITE_HOURS)
    invitation = f"{call.services.settings.http.public_url}/password/{token}"
    return InvitedAgentJson(**_json(agent, list(ids)).model_dump(), invitation=invitation)


def _json(agent: Agent, queue_keys: list[str]) -> AgentJson:
    return AgentJson.model_validate(
        {
            "id": agent.id,
            "email": agent.email,
            "name": agent.name,
            "role": agent.role,
            "language": agent.language,
            "availability": agents.presence(agent).value,
            "active": agent.active,
            "queues": queue_keys,
        }
    )


OPERATIONS: tuple[Operation, ...] = (list_agents, create_agent)
