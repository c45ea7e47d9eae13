"""Queues, and how they stand right now."""

from __future__ import annotations

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import page_of
from contactcenter.api.shapes import Collection, Moment, Output, PageQuery
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import queues
from contactcenter.tickets.queues import AgentTile, Tile


class QueueJson(Output):
    """Where tickets wait for a team."""

    id: str
    key: str
    name: str
    name_zh: str


class Queues(Collection[QueueJson]):
    """A page of queues."""


class LiveQueueJson(Output):
    """How a queue stands."""

    key: str
    name: str
    name_zh: str
    waiting: int = Field(description="Tickets whose customer waits for us.")
    longest_wait_seconds: int
    open: int = Field(description="New, open and pending tickets.")
    unassigned: int
    at_risk: int = Field(description="Due soon, or late.")
    complaints: int
    answered_by_machine_today: int
    resolved_today: int


class LiveAgentJson(Output):
    """An agent who works now, or not."""

    id: str
    name: str
    availability: str
    open_tickets: int


class LiveJson(Output):
    """The live board. Today began at midnight UTC."""

    at: Moment
    queues: list[LiveQueueJson]
    agents: list[LiveAgentJson]


@operation("GET", "/queues", role=Role.AGENT, summary="Queues")
async def list_queues(call: Call, uow: UnitOfWork, query: PageQuery) -> Queues:
    """In their order; an agent sees those he works."""
    page = page_of(await queues.list_queues(uow, call.actor), query, lambda queue: queue.id)
    items = [QueueJson(id=queue.id, key=queue.key, name=queue.name, name_zh=queue.name_zh) for queue in page.items]
    return Queues(items=items, next_cursor=page.next_cursor)


@operation("GET", "/queues/live", role=Role.AGENT, summary="The live board")
async def live_queues(call: Call, uow: UnitOfWork) -> LiveJson:
    """How the queues stand at this moment, and who is there; an agent sees the queues he works."""
    board = await queues.board(uow, call.actor)
    return LiveJson(
        at=board.at, queues=[_queue(tile) for tile in board.tiles], agents=[_agent(tile) for tile in board.agents]
    )


def _queue(tile: Tile) -> LiveQueueJson:
    return LiveQueueJson(
        key=tile.queue.key,
        name=tile.queue.name,
        name_zh=tile.queue.name_zh,
        waiting=tile.waiting,
        longest_wait_seconds=tile.longest_wait_seconds,
        open=tile.open,
        unassigned=tile.unassigned,
        at_risk=tile.at_risk,
        complaints=tile.complaints,
        answered_by_machine_today=tile.answered_by_machine_today,
        resolved_today=tile.resolved_today,
    )


def _agent(tile: AgentTile) -> LiveAgentJson:
    return LiveAgentJson(
        id=tile.agent.id, name=tile.agent.name, availability=tile.availability.value, open_tickets=tile.open_tickets
    )


OPERATIONS: tuple[Operation, ...] = (list_queues, live_queues)
