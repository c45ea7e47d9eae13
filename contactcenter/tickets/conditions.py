"""From a search to SQL: what a ticket must be to be found, and to be seen."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, cast, exists, false, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import SQLModel

from contactcenter import clock
from contactcenter.conversations.records import Attachment, Message
from contactcenter.customers import identity as identities
from contactcenter.customers.records import Customer, CustomerIdentity
from contactcenter.envelope import IdentityKind
from contactcenter.staff.access import Actor
from contactcenter.staff.records import Agent
from contactcenter.store.search import query_literal
from contactcenter.tickets.access import visible_to
from contactcenter.tickets.query import TicketQuery
from contactcenter.tickets.queues import AT_RISK
from contactcenter.tickets.records import Ticket, TicketStatus

_tables = SQLModel.metadata.tables
_ticket = _tables[str(Ticket.__tablename__)]
_agent = _tables[str(Agent.__tablename__)]
_customer = _tables[str(Customer.__tablename__)]
_identity = _tables[str(CustomerIdentity.__tablename__)]
_message = _tables[str(Message.__tablename__)]
_attachment = _tables[str(Attachment.__tablename__)]


def conditions(query: TicketQuery, actor: Actor) -> list[ColumnElement[bool]]:
    """The conditions on ``ticket`` of a search by an actor; ``query.queue_ids`` stands for ``query.queues``."""
    found: list[ColumnElement[bool]] = [_ticket.c.merged_into_id.is_(None), visible_to(actor)]
    if query.statuses:
        found.append(_ticket.c.status.in_([status.value for status in query.statuses]))
    if query.queues:
        found.append(_ticket.c.queue_id.in_(query.queue_ids) if query.queue_ids else false())
    if query.categories:
        found.append(_ticket.c.category.in_(query.categories))
    if query.priorities:
        found.append(_ticket.c.priority.in_([priority.value for priority in query.priorities]))
    if query.channels:
        found.append(_ticket.c.channel.in_([channel.value for channel in query.channels]))
    if query.tags:
        found.append(_ticket.c.tags.contains(list(query.tags)))
    if query.number is not None:
        found.append(_ticket.c.number == query.number)
    found += _flags(query) + _people(query, actor) + _texts(query)
    return found


def _flags(query: TicketQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    now = clock.now()
    if query.before is not None:
        found.append(_ticket.c.created_at < query.before)
    if query.after is not None:
        found.append(_ticket.c.created_at >= query.after)
    if query.complaint is not None:
        found.append(_ticket.c.complaint.is_(query.complaint))
    if query.unread is not None:
        found.append(_ticket.c.unread.is_(query.unread))
    if query.snoozed is not None:
        until = _ticket.c.snoozed_until
        found.append(until > now if query.snoozed else or_(until.is_(None), until <= now))
    if query.overdue is not None:
        due = _ticket.c.due_at
        found.append(due < now if query.overdue else or_(due.is_(None), due >= now))
    if query.waiting or query.at_risk:
        found.append(_ticket.c.status.in_([TicketStatus.NEW.value, TicketStatus.OPEN.value]))
    if query.waiting:
        found.append(_ticket.c.waiting_since.is_not(None))
    if query.at_risk:
        found.append(_ticket.c.due_at < now + AT_RISK)
    if query.resolved_since is not None:
        found.append(_ticket.c.resolved_at >= query.resolved_since)
    if query.answered:
        found.append(_ticket.c.answered_by == ("" if query.answered == "none" else query.answered))
    return found


def _people(query: TicketQuery, actor: Actor) -> list[ColumnElement[bool]]:
    """Conditions on assignee and customer."""
    found: list[ColumnElement[bool]] = []
    match query.assignee:
        case "":
            pass
        case "me":
            found.append(_ticket.c.assignee_id == actor.agent_id if actor.agent_id else false())
        case "none":
            found.append(_ticket.c.assignee_id.is_(None))
        case address:
            agent = select(_agent.c.id).where(_agent.c.email == address).scalar_subquery()
            found.append(_ticket.c.assignee_id == agent)
    if query.customer_id:
        is_id = clock.is_id(query.customer_id)
        found.append(_ticket.c.customer_id == query.customer_id if is_id else false())
    if query.sender:
        found.append(_ticket.c.customer_id.in_(_customers_called(query.sender)))
    return found


def _customers_called(sender: str) -> Select[Any]:
    """Ids of the customers who go by this address or number, or have this in their name."""
    values = {identities.normalise(kind, sender) for kind in IdentityKind if sender.strip()}
    by_identity = select(_identity.c.customer_id).where(
        _identity.c.kind.in_([kind.value for kind in IdentityKind]), _identity.c.value.in_(sorted(values))
    )
    if "@" in sender or sender.startswith("+"):
        return by_identity
    by_name = select(_customer.c.id).where(_customer.c.name.ilike(_contains(sender), escape="\\"))
    named = select(_identity.c.customer_id).where(_identity.c.value.ilike(_contains(sender), escape="\\"))
    every = union_all(by_identity, by_name, named).subquery()
    return select(every.c[0])


def _texts(query: TicketQuery) -> list[ColumnElement[bool]]:
    """Words and phrases: all of them in one message of the ticket. A phrase is looked up by its words, then read."""
    found: list[ColumnElement[bool]] = []
    if query.words or query.phrases:
        wanted = query_literal([*query.words, *query.phrases])
        if not wanted:
            return [false()]
        where = [_message.c.search.op("@@")(cast(literal(wanted), TSQUERY))]
        whole = _message.c.subject + " " + _message.c.text
        where += [whole.ilike(_contains(phrase), escape="\\") for phrase in query.phrases]
        hits: ColumnElement[bool] = _ticket.c.conversation_id.in_(select(_message.c.conversation_id).where(*where))
        if len(query.words) == 1 and not query.phrases and query.words[0].isdecimal() and len(query.words[0]) < 18:
            hits = or_(hits, _ticket.c.number == int(query.words[0]))
        found.append(hits)
    if query.has_attachment:
        files = select(literal(1)).where(
            _message.c.conversation_id == _ticket.c.conversation_id,
            _attachment.c.message_id == _message.c.id,
            _attachment.c.inline.is_(False),
        )
        found.append(exists(files))
    return found


def _contains(text: str) -> str:
    """A LIKE pattern for text that contains this, letter by letter."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
