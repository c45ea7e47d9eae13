"""What people do with a ticket besides writing: take, move, sort, resolve, put off.

Each command takes the version the actor has seen (None: whatever it is) and raises
:class:`contactcenter.errors.Conflict` when the ticket has changed since. Doing what is done already changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, InvalidInput
from contactcenter.events import Event, EventKind
from contactcenter.staff.access import Actor
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import feedback
from contactcenter.tickets.changes import Happening, begin, changed, finish
from contactcenter.tickets.openings import complained_by, sorted_by
from contactcenter.tickets.records import Category, Priority, Queue, QueueMember, Ticket, TicketStatus

COMPLAINTS = "complaints"
"""Key of the queue complaints go to."""
MAX_TAGS = 20
MAX_TAG = 40
MAX_SNOOZE = timedelta(days=5 * 365)


async def assign(
    uow: UnitOfWork,
    actor: Actor,
    ticket: Ticket,
    agent_id: str | None,
    *,
    expected_version: int | None = None,
    force: bool = False,
) -> Ticket:
    """Give the ticket to an agent, or (None) to nobody. A new ticket that somebody takes is open.

    Taking what another holds raises :class:`Conflict`, unless the caller shows that he knows: by ``force`` or by the
    version he has seen. Of fifty who claim at once, one gets it. Raises :class:`InvalidInput` for an unknown agent.
    """
    await begin(uow, ticket, expected_version)
    was = ticket.assignee_id
    if was == agent_id:
        return ticket
    if was not in {None, actor.agent_id} and not force and expected_version is None:
        raise Conflict(f"ticket {ticket.number} is taken by somebody else")
    if agent_id is not None:
        known = clock.is_id(agent_id) and await uow.session.scalar(
            select(col(Agent.id)).where(col(Agent.id) == agent_id, col(Agent.active))
        )
        if not known:
            raise InvalidInput("there is no such agent", field="assignee")
    ticket.assignee_id = agent_id
    if agent_id is not None and ticket.status == TicketStatus.NEW:
        ticket.status = TicketStatus.OPEN.value
    if was is not None:
        uow.publish(_gone(ticket, agent=was))
    await finish(uow, actor, ticket, Happening.ASSIGNED, was=was, now=agent_id)
    return ticket


async def resolve(uow: UnitOfWork, actor: Actor, ticket: Ticket, *, expected_version: int | None = None) -> Ticket:
    """The matter is settled; a customer's reply reopens it."""
    await begin(uow, ticket, expected_version)
    if ticket.status == TicketStatus.RESOLVED:
        return ticket
    was = ticket.status
    settle(ticket, TicketStatus.RESOLVED)
    await finish(uow, actor, ticket, Happening.RESOLVED, was=was)
    return ticket


async def reopen(uow: UnitOfWork, actor: Actor, ticket: Ticket, *, expected_version: int | None = None) -> Ticket:
    """There is something to do after all."""
    await begin(uow, ticket, expected_version)
    if ticket.status in {TicketStatus.NEW, TicketStatus.OPEN}:
        return ticket
    was = ticket.status
    ticket.status = TicketStatus.OPEN.value
    ticket.resolved_at = None
    ticket.closed_at = None
    await finish(uow, actor, ticket, Happening.REOPENED, was=was)
    return ticket


async def pend(uow: UnitOfWork, actor: Actor, ticket: Ticket, *, expected_version: int | None = None) -> Ticket:
    """The customer's turn: nobody here waits or is waited for."""
    await begin(uow, ticket, expected_version)
    if ticket.status == TicketStatus.PENDING:
        return ticket
    was = ticket.status
    settle(ticket, TicketStatus.PENDING)
    await finish(uow, actor, ticket, Happening.PENDING, was=was)
    return ticket


async def close(uow: UnitOfWork, actor: Actor, ticket: Ticket, *, expected_version: int | None = None) -> Ticket:
    """Done and filed."""
    await begin(uow, ticket, expected_version)
    if ticket.status == TicketStatus.CLOSED:
        return ticket
    was = ticket.status
    settle(ticket, TicketStatus.CLOSED)
    await finish(uow, actor, ticket, Happening.CLOSED, was=was)
    return ticket


async def set_priority(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, priority: str, *, expected_version: int | None = None
) -> Ticket:
    """Say how soon it is wanted. Raises :class:`InvalidInput` for an unknown priority."""
    try:
        value = Priority(priority).value
    except ValueError as error:
        raise InvalidInput(f"the priority is one of {', '.join(Priority)}", field="priority") from error
    await begin(uow, ticket, expected_version)
    if (was := ticket.priority) != value:
        ticket.priority = value
        await finish(uow, actor, ticket, Happening.PRIORITY, was=was, now=value)
    return ticket


async def set_tags(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, tags: Iterable[str], *, expected_version: int | None = None
) -> Ticket:
    """Put exactly these tags on it: lower case, spaces as hyphens, each once. Raises :class:`InvalidInput`."""
    wanted = list(dict.fromkeys("-".join(tag.lower().replace(",", " ").split()) for tag in tags))
    wanted = [tag for tag in wanted if tag]
    if len(wanted) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in wanted):
        raise InvalidInput(f"at most {MAX_TAGS} tags of at most {MAX_TAG} characters", field="tags")
    await begin(uow, ticket, expected_version)
    was = ticket.tags
    if was != wanted:
        ticket.tags = wanted
        added, removed = [tag for tag in wanted if tag not in was], [tag for tag in was if tag not in wanted]
        await finish(uow, actor, ticket, Happening.TAGS, added=added, removed=removed)
    return ticket


async def move(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, queue_id: str, *, expected_version: int | None = None
) -> Ticket:
    """Hand it to another queue; its assignee keeps it only if he works there. Raises :class:`InvalidInput`."""
    await begin(uow, ticket, expected_version)
    if queue_id == ticket.queue_id:
        return ticket
    known = clock.is_id(queue_id) and await uow.session.scalar(select(col(Queue.id)).where(col(Queue.id) == queue_id))
    if not known:
        raise InvalidInput("there is no such queue", field="queue")
    was = await _to_queue(uow, ticket, queue_id)
    await finish(uow, actor, ticket, Happening.MOVED, was=was, now=queue_id)
    return ticket


async def correct_category(
    uow: UnitOfWork,
    actor: Actor,
    ticket: Ticket,
    category: str,
    *,
    expected_version: int | None = None,
    move_queue: bool = True,
) -> Ticket:
    """Set right what triage said; kept as labelled data. With ``move_queue`` the ticket goes to the category's queue.

    A complaint stays where it is. Raises :class:`InvalidInput` for an unknown category.
    """
    known = await uow.session.get(Category, category)
    if known is None:
        raise InvalidInput("there is no such category", field="category")
    await begin(uow, ticket, expected_version)
    was = ticket.category
    if was == category:
        return ticket
    ticket.category = category
    ticket.category_probability = 1.0
    await _correct(uow, actor, await sorted_by(uow, ticket), feedback.CATEGORY, category)
    data = {"was": was, "now": category}
    if move_queue and not ticket.complaint and known.queue_id is not None and known.queue_id != ticket.queue_id:
        data["queue"] = known.queue_id
        await _to_queue(uow, ticket, known.queue_id)
    await finish(uow, actor, ticket, Happening.CATEGORY, **data)
    return ticket


async def mark_complaint(
    uow: UnitOfWork,
    actor: Actor,
    ticket: Ticket,
    complaint: bool = True,
    *,
    message_id: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """Say that it is a complaint (it goes to the complaints' queue), or that it is none (it stays where it is).

    The machine learns it of ``message_id``, one of its messages; when not given, of the one that it must have been.
    """
    await begin(uow, ticket, expected_version)
    if ticket.complaint == complaint:
        return ticket
    ticket.complaint = complaint
    about = message_id or await complained_by(uow, ticket, complaint=complaint)
    await _correct(uow, actor, about, feedback.COMPLAINT, "yes" if complaint else "no")
    if complaint:
        queue_id = await uow.session.scalar(select(col(Queue.id)).where(col(Queue.key) == COMPLAINTS))
        if queue_id is not None and queue_id != ticket.queue_id:
            await _to_queue(uow, ticket, queue_id)
    await finish(uow, actor, ticket, Happening.COMPLAINT, now=complaint)
    return ticket


async def snooze(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, until: datetime | None, *, expected_version: int | None = None
) -> Ticket:
    """Hide it from the inbox until a moment (aware) within five years; None wakes it. Raises :class:`InvalidInput`."""
    if until is not None and (until.tzinfo is None or not clock.now() < until <= clock.now() + MAX_SNOOZE):
        raise InvalidInput("a ticket is snoozed until a moment in the future", field="until")
    await begin(uow, ticket, expected_version)
    if ticket.snoozed_until != until:
        ticket.snoozed_until = until
        await finish(uow, actor, ticket, Happening.SNOOZED, until=None if until is None else clock.iso(until))
    return ticket


async def mark_read(
    uow: UnitOfWork,
    actor: Actor,  # noqa: ARG001 - named as in every command of the desk
    ticket: Ticket,
    *,
    unread: bool = False,
) -> None:
    """Note that somebody has looked (or should look again). No event and no new version: nothing was decided."""
    changed_id = await uow.session.scalar(
        update(Ticket)
        .where(col(Ticket.id) == ticket.id, col(Ticket.unread).is_not(unread))
        .values(unread=unread)
        .returning(col(Ticket.id))
        .execution_options(synchronize_session="evaluate")
    )
    if changed_id is not None:
        uow.publish(changed(ticket))


def settle(ticket: Ticket, status: TicketStatus) -> None:
    """Set a state in which the customer does not wait for us."""
    now = clock.now()
    ticket.status = status.value
    ticket.waiting_since = None
    ticket.unread = False
    if status is not TicketStatus.PENDING:
        ticket.snoozed_until = None
        ticket.resolved_at = ticket.resolved_at or now
    if status is TicketStatus.CLOSED:
        ticket.closed_at = now


async def _to_queue(uow: UnitOfWork, ticket: Ticket, queue_id: str) -> str:
    """Put it into a queue and take it from an assignee who does not work there; returns the queue it was in."""
    was = ticket.queue_id
    ticket.queue_id = queue_id
    if ticket.assignee_id is not None:
        works = await uow.session.scalar(
            select(col(QueueMember.agent_id)).where(
                col(QueueMember.queue_id) == queue_id, col(QueueMember.agent_id) == ticket.assignee_id
            )
        )
        if works is None:
            uow.publish(_gone(ticket, agent=ticket.assignee_id))
            ticket.assignee_id = None
    uow.publish(Event(EventKind.TICKET_CHANGED, id=ticket.id, ticket=ticket.number, queue=was))
    return was


def _gone(ticket: Ticket, *, agent: str) -> Event:
    """Tells the agent who had it."""
    return Event(EventKind.TICKET_CHANGED, id=ticket.id, ticket=ticket.number, queue=ticket.queue_id, agent=agent)


async def _correct(uow: UnitOfWork, actor: Actor, message_id: str | None, head: str, label: str) -> None:
    """Keep the correction with the message it is about; a ticket without one teaches nothing."""
    if message_id is not None:
        await feedback.record(uow, actor, message_id, [feedback.Judgement(head, label)])
