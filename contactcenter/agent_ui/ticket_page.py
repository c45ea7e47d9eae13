"""Everything one ticket's page shows, gathered in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from contactcenter.agent_ui.ticket_list import categories_by_key
from contactcenter.agent_ui.timeline import Entry, newest_message, story
from contactcenter.agent_ui.visit import Visit
from contactcenter.conversations.records import Message
from contactcenter.conversations.timeline import TimelineMessage, conversation_timeline
from contactcenter.customers.merging import merges_of
from contactcenter.customers.overview import CustomerOverview, overview
from contactcenter.customers.records import CustomerIdentity, CustomerMerge
from contactcenter.envelope import Channel, Direction, Identity, IdentityKind
from contactcenter.errors import InvalidInput
from contactcenter.staff.agents import list_agents
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import visible_to
from contactcenter.tickets.counterpart import CHANNEL_OF, counterpart
from contactcenter.tickets.drafts import load_draft
from contactcenter.tickets.letterheads import Letterhead, letterhead
from contactcenter.tickets.listing import TicketRow, one_row
from contactcenter.tickets.overview import CustomerWork, customer_work, list_events
from contactcenter.tickets.queues import list_queues
from contactcenter.tickets.records import Category, Draft, Queue, Ticket


@dataclass(frozen=True, slots=True)
class Way:
    """A way to reach the customer: the channel and the identity it goes to."""

    channel: Channel
    to: Identity
    undeliverable: bool = False

    @property
    def value(self) -> str:
        """As the composer's form names it."""
        return str(self.to)


@dataclass(frozen=True, slots=True)
class Side:
    """The customer pane."""

    overview: CustomerOverview
    work: CustomerWork
    merges: list[CustomerMerge]


@dataclass(frozen=True, slots=True)
class TicketPage:
    """One ticket as its page shows it. ``triaged``: the customer's last message that triage looked at."""

    row: TicketRow
    ticket: Ticket
    entries: list[Entry]
    newest: str
    triaged: Message | None
    ways: list[Way]
    categories: Mapping[str, Category]
    queues: list[Queue]
    agents: list[Agent]
    draft: Draft | None
    side: Side | None
    related: list[int]
    head: Letterhead

    @property
    def assessment(self) -> dict[str, Any]:
        """What triage said, empty when it said nothing."""
        return (self.triaged.assessment if self.triaged else None) or {}

    @property
    def forwardable(self) -> list[Entry]:
        """Messages that can be sent on, newest first."""
        return [entry for entry in reversed(self.entries) if entry.form in {"mail", "bubble", "call"}]


async def ticket_page(uow: UnitOfWork, visit: Visit, ticket: Ticket) -> TicketPage:
    """Gather the page of a ticket the actor has been let to."""
    actor = visit.actor
    row = await one_row(uow, actor, ticket.number)
    categories = await categories_by_key(uow)
    messages = await conversation_timeline(uow, ticket.conversation_id)
    events = await list_events(uow, ticket)
    side = await side_pane(uow, visit, ticket.customer_id) if ticket.customer_id else None
    return TicketPage(
        row=row,
        ticket=ticket,
        entries=story(messages, events, visit.gettext, lambda key: category_name(categories, key, visit.locale)),
        newest=newest_message(messages),
        triaged=_last_triaged(messages),
        ways=await _ways(uow, ticket, side.overview.identities if side else []),
        categories=categories,
        queues=await list_queues(uow),
        agents=await list_agents(uow, include_inactive=False),
        draft=await load_draft(uow, actor, ticket.id),
        side=side,
        related=await _related(uow, visit, ticket),
        head=await letterhead(uow, actor, ticket.queue_id, ticket.language),
    )


async def side_pane(uow: UnitOfWork, visit: Visit, customer_id: str) -> Side:
    """The customer pane."""
    seen = await overview(uow, customer_id)
    work = await customer_work(uow, visit.actor, seen.customer.id, limit=20)
    return Side(seen, work, await merges_of(uow, seen.customer.id))


def category_name(categories: Mapping[str, Category], key: str, locale: str) -> str:
    """A category's name in the reader's language; its key when it is not one of ours."""
    known = categories.get(key)
    if known is None:
        return key
    return (known.name_zh if locale == "zh" else "") or known.name


def _last_triaged(messages: list[TimelineMessage]) -> Message | None:
    for item in reversed(messages):
        if item.message.direction == Direction.IN and item.message.assessment:
            return item.message
    return None


async def _ways(uow: UnitOfWork, ticket: Ticket, identities: list[CustomerIdentity]) -> list[Way]:
    """The ways to answer, the one that goes without saying first."""
    ways: list[Way] = []
    try:
        partner = await counterpart(uow, ticket)
        dead = {f"{row.kind}:{row.value}" for row in identities if row.undeliverable_at is not None}
        ways.append(Way(partner.channel, partner.to, str(partner.to) in dead))
    except InvalidInput:
        pass  # nothing reaches him by itself: what is known of him follows
    for row in identities:
        identity = Identity(IdentityKind(row.kind), row.value, row.name)
        channel = CHANNEL_OF.get(identity.kind)
        if channel is not None and all(way.value != str(identity) for way in ways):
            ways.append(Way(channel, identity, row.undeliverable_at is not None))
    return ways


async def _related(uow: UnitOfWork, visit: Visit, ticket: Ticket) -> list[int]:
    """Numbers of the tickets it may belong to, as far as the actor sees them."""
    if not ticket.related:
        return []
    condition = col(Ticket.id).in_(ticket.related[:5])
    found = await uow.session.scalars(select(col(Ticket.number)).where(condition, visible_to(visit.actor)))
    return sorted(found)
