"""Queues, and how they stand right now."""

from __future__ import annotations

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import page_of
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, PageQuery, Words
from contactcenter.errors import NotFound, Unprocessable
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import letterheads, mailboxes, queues
from contactcenter.tickets.queues import AgentTile, Tile
from contactcenter.tickets.records import Queue


class QueueJson(Output):
    """Where tickets wait for a team."""

    id: str
    key: str
    name: str
    name_zh: str
    sender_address: str = Field(description="Its mail goes out from there; empty: from where the customer wrote to.")
    sender_name: str = Field(description="May hold `{{ agent.name }}` and `{{ queue.name }}`; empty: the mailbox's.")
    signature: str = Field(description="Markdown, with the same variables.")
    signature_zh: str


class LetterheadJson(Input):
    """In whose name a queue's mail goes out, and what stands below it."""

    sender_address: Line | None = None
    sender_name: Line | None = None
    signature: Words | None = None
    signature_zh: Words | None = None


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
    items = [_json(queue) for queue in page.items]
    return Queues(items=items, next_cursor=page.next_cursor)


@operation("PATCH", "/queues/{key}", role=Role.ADMIN, summary="Change in whose name a queue's mail goes out")
async def change_queue(call: Call, uow: UnitOfWork, key: str, body: LetterheadJson) -> QueueJson:
    """Sender and signatures; what is left out stays. `key` is the queue's key or id."""
    queue = await queues.get_queue(uow, key)
    known = await mailboxes.list_mailboxes(uow, call.services.settings)
    given = {name: getattr(queue, name) for name in LetterheadJson.model_fields}
    given |= body.model_dump(exclude_none=True)
    ours = {box.address for box in known}
    return _json(await letterheads.set_letterhead(uow, call.actor, queue.id, **given, ours=ours))


@operation("GET", "/queues/live", role=Role.AGENT, summary="The live board")
async def live_queues(call: Call, uow: UnitOfWork) -> LiveJson:
    """How the queues stand at this moment, and who is there; an agent sees the queues he works."""
    board = await queues.board(uow, call.actor)
    return LiveJson(
        at=board.at, queues=[_queue(tile) for tile in board.tiles], agents=[_agent(tile) for tile in board.agents]
    )


async def must_be_a_queue(uow: UnitOfWork, key: str) -> None:
    """Refuse the key of a queue that is not there; empty is none."""
    try:
        if key:
            await queues.get_queue(uow, key)
    except NotFound as error:
        raise Unprocessable(f"there is no queue {key}", field="queue") from error


def _json(queue: Queue) -> QueueJson:
    return QueueJson(
        id=queue.id,
        key=queue.key,
        name=queue.name,
        name_zh=queue.name_zh,
        sender_address=queue.sender_address,
        sender_name=queue.sender_name,
        signature=queue.signature,
        signature_zh=queue.signature_zh,
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


OPERATIONS: tuple[Operation, ...] = (list_queues, change_queue, live_queues)
