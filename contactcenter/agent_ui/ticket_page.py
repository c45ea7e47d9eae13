"""Everything one ticket's page shows, gathered in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from contactcenter.agent_ui.held import Held, held_of
from contactcenter.agent_ui.ticket_list import categories_by_key
from contactcenter.agent_ui.timeline import Entry, newest_message, story
from contactcenter.agent_ui.visit import Visit
from contactcenter.agent_ui.why import reasons, silence, warnings
from contactcenter.conversations.records import Message
from contactcenter.conversations.timeline import TimelineMessage, conversation_timeline
from contactcenter.customers.merging import merges_of
from contactcenter.customers.overview import CustomerOverview, overview
from contactcenter.customers.records import CustomerIdentity, CustomerMerge
from contactcenter.envelope import Channel, Direction, Identity, IdentityKind
from contactcenter.errors import InvalidInput
from contactcenter.knowledge.records import Article
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
    """One ticket as its page shows it.

    ``triaged``: the customer's last message that triage looked at; ``article``: what it was, or would have been,
    answered with. ``silence``: why triage said nothing of the customer's last message. ``against`` are the rules that
    spoke against an automatic answer, ``warned`` what to know of how the message was written. ``held``: what people set
    right of what the machine said.
    """

    row: TicketRow
    ticket: Ticket
    entries: list[Entry]
    newest: str
    triaged: Message | None
    article: Article | None
    silence: str
    against: Sequence[str]
    warned: Sequence[str]
    held: Mapping[str, Held]
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
    def trace(self) -> dict[str, Any]:
        """Why the machine did what it did, empty when it did nothing."""
        return (self.triaged.trace if self.triaged else None) or {}

    @property
    def forwardable(self) -> list[Entry]:
        """Messages that can be sent on, newest first."""
        return [entry for entry in reversed(self.entries) if entry.form in {"mail", "bubble", "call"}]


async def ticket_page(uow: UnitOfWork, visit: Visit, ticket: Ticket) -> TicketPage:
    """Gather the page of a ticket the actor has been let to."""
    actor = visit.actor
    row = await one_row(uow, actor, ticket.number)
    categories = await categories_by_key(uow)
    name_of = partial(_name_of, categories, visit.locale)
    messages = await conversation_timeline(uow, ticket.conversation_id)
    events = await list_events(uow, ticket)
    side = await side_pane(uow, visit, ticket.customer_id) if ticket.customer_id else None
    triaged = _last_triaged(messages)
    trace = (triaged.trace if triaged else None) or {}
    agents = await list_agents(uow, include_inactive=False)
    wrote = next((item.message for item in reversed(messages) if item.message.direction == Direction.IN), None)
    return TicketPage(
        row=row,
        ticket=ticket,
        entries=story(messages, events, visit.gettext, name_of),
        newest=newest_message(messages),
        triaged=triaged,
        article=await _article(uow, triaged),
        silence=silence(wrote.trace if wrote else None, visit.gettext),
        against=reasons(trace, visit.gettext, name_of),
        warned=warnings(trace, visit.gettext),
        held=await held_of(uow, messages, triaged.id if triaged else "", agents),
        ways=await _ways(uow, ticket, side.overview.identities if side else []),
        categories=categories,
        queues=await list_queues(uow),
        agents=agents,
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


def _name_of(categories: Mapping[str, Category], locale: str, key: str) -> str:
    return category_name(categories, key, locale)


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


async def _article(uow: UnitOfWork, triaged: Message | None) -> Article | None:
    """The article that a decision rested on, as it is now; one statement where there was one."""
    chosen = ((triaged.trace if triaged else None) or {}).get("article")
    return await uow.session.get(Article, chosen) if chosen else None


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
