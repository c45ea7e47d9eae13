"""Tickets: the list, one of them, what is said on it, and the commands of the desk."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, WithJsonSchema, field_validator

from contactcenter.api.idempotency import remember, written_before
from contactcenter.api.messages import MessageJson, message_json
from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.paging import id_cursor
from contactcenter.api.shapes import Collection, Input, Line, Moment, Output, PageQuery, Words
from contactcenter.conversations.timeline import conversation_page, one_message
from contactcenter.envelope import Channel, FileContent
from contactcenter.errors import InvalidInput, NotFound, Unprocessable
from contactcenter.staff.access import MACHINE, Actor, Role
from contactcenter.staff.agents import find_agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk, listing
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.changes import begin
from contactcenter.tickets.letterheads import SignatureChoice
from contactcenter.tickets.listing import TicketQuery, TicketRow
from contactcenter.tickets.queues import get_queue
from contactcenter.tickets.records import Priority, TicketStatus

MAX_FILES = 20

N = TypeVar("N", str, TicketStatus)


class CustomerRefJson(Output):
    """Whose ticket it is."""

    id: str
    name: str


class SlaJson(Output):
    """Promised moments; null where nothing is promised."""

    first_reply: Moment | None = None
    next_reply: Moment | None = None


class TicketJson(Output):
    """A matter that is worked on."""

    number: int
    subject: str
    preview: str = Field(description="The beginning of the customer's last message.")
    status: TicketStatus
    priority: Priority
    queue: str = Field(description="Key of the queue.")
    assignee: str | None = Field(description="E-mail address of the agent who has it.")
    category: str | None = Field(description="What it is about, as triage or an agent says.")
    category_probability: float
    complaint: bool
    sentiment: str | None
    language: str | None
    tags: list[str]
    customer: CustomerRefJson | None
    channel: Channel = Field(description="How it began.")
    created_at: Moment
    updated_at: Moment
    due_at: Moment | None
    sla: SlaJson
    waiting_since: Moment | None = Field(description="The customer waits for us since.")
    snoozed_until: Moment | None
    first_reply_at: Moment | None
    resolved_at: Moment | None
    closed_at: Moment | None
    messages_count: int
    answered_by: Literal["machine", "agent"] | None
    merged_into: int | None = Field(description="Number of the ticket this one went into.")
    version: int = Field(description="Rises with every change; send it along to refuse a stale one.")


class Tickets(Collection[TicketJson]):
    """A page of tickets."""


class Messages(Collection[MessageJson]):
    """A page of messages."""


class TicketFilter(PageQuery):
    """Which tickets. Several values of one kind, separated by commas, mean any of them."""

    status: Line = Field("", description="new, open, pending, resolved, closed.")
    queue: Line = Field("", description="Key of the queue.")
    assignee: Line = Field("", description="`me`, `none` or an e-mail address.")
    category: Line = ""
    q: Words = Field("", description='As in the console: words, "phrases", from:, priority:, tag:, is:unread …')


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be base64 (RFC 4648)") from error


class NewFileJson(Input):
    """A file to send along."""

    filename: Annotated[Line, StringConstraints(min_length=1, max_length=255, pattern=r"^[^/\\]+$")]
    content_type: Annotated[Line, StringConstraints(max_length=200, pattern=r"^[\w.+-]+/[\w.+-]+$")] = (
        "application/octet-stream"
    )
    content: Annotated[
        bytes, BeforeValidator(_decoded), WithJsonSchema({"type": "string", "contentEncoding": "base64"})
    ] = Field(description="Base64.")


class NewMessageJson(Input):
    """Something to say on a ticket."""

    kind: Literal["reply", "note"] = Field(description="A reply goes to the customer, a note stays here.")
    text: Words = Field(description="Markdown for mail, plain text elsewhere.")
    attachments: list[NewFileJson] = Field(default_factory=list, max_length=MAX_FILES)
    version: int | None = Field(None, description="The ticket's version you have seen; 409 when it has changed.")
    signature: SignatureChoice = Field(
        SignatureChoice.AUTO, description="Below a mail. `auto`: the queue's, where it has none your own."
    )
    quote: bool = Field(True, description="Quote the earlier mails that the customer has seen below a mail.")

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("must not be empty")
        return text


class CommandJson(Input):
    """A command that needs nothing to be said."""

    version: int | None = Field(None, description="The version you have seen; 409 when the ticket has changed.")


class TicketChangeJson(CommandJson):
    """What to change; what is left out stays."""

    priority: Priority | None = None
    tags: list[Line] | None = None
    queue: Line | None = Field(None, description="Key of the queue to hand it to.")
    category: Line | None = Field(None, description="What triage should have said. Moves it to the category's queue.")
    complaint: bool | None = None


class AssignJson(CommandJson):
    """Who shall have it."""

    assignee: Line | None = Field(description="`me`, an e-mail address, an agent's id, or null for nobody.")
    force: bool = Field(False, description="Take it even from somebody who has it.")


class MergeJson(CommandJson):
    """Which ticket it belongs to."""

    into: int = Field(description="Number of the ticket that stays.")


class SnoozeJson(CommandJson):
    """Until when nobody wants to see it."""

    until: AwareDatetime | None = Field(description="A moment in the future; null wakes it.")


@operation("GET", "/tickets", role=Role.AGENT, summary="Tickets")
async def list_tickets(call: Call, uow: UnitOfWork, query: TicketFilter) -> Tickets:
    """Newest change first; every state unless `status` says which. An agent sees his queues and what is his."""
    page = await listing.list_tickets(uow, call.actor, ticket_query(query), cursor=query.cursor, limit=query.size)
    return Tickets(items=[ticket_json(row) for row in page.items], next_cursor=page.next_cursor)


@operation("GET", "/tickets/{number}", role=Role.AGENT, summary="One ticket")
async def get_ticket(call: Call, uow: UnitOfWork, number: int) -> TicketJson:
    """A merged one too: `merged_into` names the ticket that stays."""
    return ticket_json(await listing.one_row(uow, call.actor, number))


@operation("PATCH", "/tickets/{number}", role=Role.AGENT, summary="Set a ticket right")
async def update_ticket(call: Call, uow: UnitOfWork, number: int, body: TicketChangeJson) -> TicketJson:
    """Priority, tags, queue, category, complaint. A corrected category is a lesson for triage."""
    ticket = await access_ticket(uow, call.actor, number)
    await begin(uow, ticket, body.version)  # holds the row: from here on every change is ours
    if body.priority is not None:
        await desk.set_priority(uow, call.actor, ticket, body.priority)
    if body.tags is not None:
        await desk.set_tags(uow, call.actor, ticket, body.tags)
    if body.complaint is not None:
        await desk.mark_complaint(uow, call.actor, ticket, body.complaint)
    if body.category is not None:
        await desk.correct_category(uow, call.actor, ticket, body.category, move_queue=body.queue is None)
    if body.queue is not None:
        await desk.move(uow, call.actor, ticket, await _queue_id(uow, body.queue))
    return await _after(uow, number)


@operation("GET", "/tickets/{number}/messages", role=Role.AGENT, summary="What was said on a ticket")
async def list_messages(call: Call, uow: UnitOfWork, number: int, query: PageQuery) -> Messages:
    """Oldest first, notes included. The messages of a merged ticket are listed under its target only."""
    ticket = await access_ticket(uow, call.actor, number)
    page = await conversation_page(uow, ticket.conversation_id, after=id_cursor(query.cursor), limit=query.size)
    return Messages(items=[message_json(shown) for shown in page.items], next_cursor=page.next_cursor)


@operation("POST", "/tickets/{number}/messages", role=Role.AGENT, status=201, idempotent=True, summary="Reply or note")
async def write_message(call: Call, uow: UnitOfWork, number: int, body: NewMessageJson) -> MessageJson:
    """A reply goes out at once, in your name, on the channel the customer wrote on; the ticket is then pending."""
    ticket = await access_ticket(uow, call.actor, number)
    written = await written_before(uow, call, number)
    if written is None:
        if body.kind == "note":
            if body.attachments:
                raise Unprocessable("a note carries no files", field="attachments")
            message = await desk.note(uow, call.actor, ticket, body.text, expected_version=body.version)
        else:
            files = await _kept(call, body.attachments)
            said: dict[str, Any] = body.model_dump(include={"text", "signature", "quote"})
            message = await desk.reply(uow, call.actor, ticket, **said, files=files, expected_version=body.version)
        written = message.id
        await remember(uow, call, number, written)
    shown = await one_message(uow, written)
    if shown is None:
        raise NotFound("There is no such message.")
    return message_json(shown)


@operation("POST", "/tickets/{number}/assign", role=Role.AGENT, summary="Give a ticket to somebody")
async def assign_ticket(call: Call, uow: UnitOfWork, number: int, body: AssignJson) -> TicketJson:
    """What another has is refused (409), unless you say so by `force` or by the `version` you have seen."""
    ticket = await access_ticket(uow, call.actor, number)
    agent_id = await _assignee(uow, call.actor, body.assignee)
    await desk.assign(uow, call.actor, ticket, agent_id, expected_version=body.version, force=body.force)
    return await _after(uow, number)


@operation("POST", "/tickets/{number}/resolve", role=Role.AGENT, summary="Resolve a ticket")
async def resolve_ticket(call: Call, uow: UnitOfWork, number: int, body: CommandJson) -> TicketJson:
    """The customer's next reply reopens it."""
    ticket = await access_ticket(uow, call.actor, number)
    await desk.resolve(uow, call.actor, ticket, expected_version=body.version)
    return await _after(uow, number)


@operation("POST", "/tickets/{number}/reopen", role=Role.AGENT, summary="Reopen a ticket")
async def reopen_ticket(call: Call, uow: UnitOfWork, number: int, body: CommandJson) -> TicketJson:
    """There is something to do after all."""
    ticket = await access_ticket(uow, call.actor, number)
    await desk.reopen(uow, call.actor, ticket, expected_version=body.version)
    return await _after(uow, number)


@operation("POST", "/tickets/{number}/merge", role=Role.AGENT, summary="Put a ticket into another")
async def merge_ticket(call: Call, uow: UnitOfWork, number: int, body: MergeJson) -> TicketJson:
    """Its messages and all later replies are then on `into`, which is answered. Both must be one customer's (409)."""
    source = await access_ticket(uow, call.actor, number)
    target = await access_ticket(uow, call.actor, body.into)
    await desk.merge(uow, call.actor, source, target, expected_version=body.version)
    return await _after(uow, body.into)


@operation("POST", "/tickets/{number}/snooze", role=Role.AGENT, summary="Put a ticket off")
async def snooze_ticket(call: Call, uow: UnitOfWork, number: int, body: SnoozeJson) -> TicketJson:
    """The inbox hides it until then, or until the customer writes."""
    ticket = await access_ticket(uow, call.actor, number)
    await desk.snooze(uow, call.actor, ticket, body.until, expected_version=body.version)
    return await _after(uow, number)


def ticket_query(filters: TicketFilter) -> TicketQuery:
    """The search a filter means: what ``q`` says and what the parameters say must both hold.

    Raises :class:`InvalidInput` for an unknown operator or state.
    """
    query = TicketQuery.parse(filters.q, hide_snoozed=False)
    try:
        statuses = tuple(TicketStatus(part) for part in _parts(filters.status))
    except ValueError as error:
        raise InvalidInput(f"status is one of {', '.join(TicketStatus)}", field="status") from error
    return replace(
        query,
        statuses=_both("status", query.statuses, statuses),
        queues=_both("queue", query.queues, _parts(filters.queue)),
        categories=_both("category", query.categories, _parts(filters.category)),
        assignee="".join(_both("assignee", _one(query.assignee), _one(filters.assignee.lower()))),
    )


def ticket_json(row: TicketRow) -> TicketJson:
    """A ticket as programs see it."""
    return TicketJson.model_validate(
        {
            "number": row.number,
            "subject": row.subject,
            "preview": row.preview,
            "status": row.status,
            "priority": row.priority,
            "queue": row.queue.key,
            "assignee": row.assignee.email if row.assignee is not None else None,
            "category": row.category or None,
            "category_probability": row.category_probability,
            "complaint": row.complaint,
            "sentiment": row.sentiment or None,
            "language": row.language or None,
            "tags": list(row.tags),
            "customer": {"id": row.customer.id, "name": row.customer.name} if row.customer is not None else None,
            "channel": row.channel,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "due_at": row.due_at,
            "sla": {},
            "waiting_since": row.waiting_since,
            "snoozed_until": row.snoozed_until,
            "first_reply_at": row.first_reply_at,
            "resolved_at": row.resolved_at,
            "closed_at": row.closed_at,
            "messages_count": row.messages_count,
            "answered_by": row.answered_by or None,
            "merged_into": row.merged_into,
            "version": row.version,
        }
    )


def _parts(value: str) -> tuple[str, ...]:
    return tuple(part for part in value.lower().replace(" ", "").split(",") if part)


def _one(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _both(name: str, in_query: tuple[N, ...], in_parameter: tuple[N, ...]) -> tuple[N, ...]:
    """What is allowed by the search and by the parameter, each of which may leave it open."""
    if not in_query or not in_parameter:
        return in_query or in_parameter
    common = tuple(value for value in in_query if value in in_parameter)
    if not common:
        raise InvalidInput(f"q and {name} exclude each other", field=name)
    return common


async def _after(uow: UnitOfWork, number: int) -> TicketJson:
    """The ticket as it is after a command: shown even when the command moved it out of the actor's sight."""
    return ticket_json(await listing.one_row(uow, MACHINE, number))


async def _assignee(uow: UnitOfWork, actor: Actor, written: str | None) -> str | None:
    """The agent's id that is meant. Raises :class:`Unprocessable` for an unknown address."""
    if written is None:
        return None
    if written.lower() == "me":
        return actor.agent_id
    if "@" not in written:
        return written
    agent = await find_agent(uow, written)
    if agent is None:
        raise Unprocessable("there is no such agent", field="assignee")
    return agent.id


async def _queue_id(uow: UnitOfWork, key: str) -> str:
    try:
        return (await get_queue(uow, key)).id
    except NotFound as error:
        raise Unprocessable(f"there is no queue {key}", field="queue") from error


async def _kept(call: Call, attachments: list[NewFileJson]) -> list[FileContent]:
    """The files, their contents kept as blobs before anything names them."""
    files = [FileContent(file.filename, file.content_type, file.content) for file in attachments]
    for file in files:
        await call.services.store.blobs.put(file.content)
    return files


OPERATIONS: tuple[Operation, ...] = (
    list_tickets,
    get_ticket,
    update_ticket,
    list_messages,
    write_message,
    assign_ticket,
    resolve_ticket,
    reopen_ticket,
    merge_ticket,
    snooze_ticket,
)
