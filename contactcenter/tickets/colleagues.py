"""Mail in the names of the people who work here, and of our own mailboxes.

Anybody can write such an address. Where nobody vouches for it (see ``channels.email.authentication``) the mail enters
no thread, whatever it cites and whatever token it carries: it becomes a ticket of its own, marked :data:`FORGED` and
linked to what it claims to belong to. Where it is vouched for, its writer is treated as any other person, with one
exception: a customer's mail that an agent passes on becomes that customer's, with a note saying who passed it on. No
mail from outside ever becomes an agent's reply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from contactcenter.conversations.outbox import add_note
from contactcenter.envelope import Channel, Content, Forwarded, InboundMessage
from contactcenter.i18n import translations
from contactcenter.staff.agents import agents_by_address
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.records import Ticket

FORGED = "forged"
"""Tag of a ticket whose mail is in the name of one of us, and nobody vouches for that."""

FORGED_WARNING = "its sender is one of us by name, and nobody vouches for that"

Mail = tuple[InboundMessage, Content]


@dataclass(frozen=True, slots=True)
class PassedOn:
    """A customer's mail that an agent passed on, and what he wrote above it."""

    by: Agent
    intro: str


async def known_agents(uow: UnitOfWork, mails: Iterable[Mail]) -> Mapping[str, Agent]:
    """The agents, active or not, who write these mails or whose mail they pass on, by address. One statement."""
    addresses = {
        one.value.lower()
        for message, content in mails
        if message.channel is Channel.EMAIL
        for one in (content.sender, *([content.forwarded.sender] if content.forwarded else []))
    }
    return await agents_by_address(uow, addresses) if addresses else {}


def is_forged(mail: Mail, agents: Mapping[str, Agent]) -> bool:
    """Whether the mail came through a door in the name of one of us, and nobody vouches for it."""
    message, content = mail
    if message.channel is not Channel.EMAIL or message.envelope.get("door") == "import":
        return False  # whoever takes old mail in vouches for it
    ours = content.own or content.sender.value.lower() in agents
    return ours and not (content.authenticated or message.authenticated)


def passed_on(mail: Mail, agents: Mapping[str, Agent]) -> PassedOn | None:
    """Who passes a customer's mail on; None for every other mail."""
    message, content = mail
    agent = agents.get(content.sender.value.lower())
    inner = content.forwarded
    if agent is None or not agent.active or inner is None or message.channel is not Channel.EMAIL:
        return None
    if not content.authenticated or inner.sender.value.lower() in agents:
        return None
    return PassedOn(agent, inner.intro)


def as_the_customers(content: Content, inner: Forwarded) -> Content:
    """The mail as the customer wrote it, as far as that can be told; nobody vouches for him.

    Its own Message-ID stays (by it the mail is told from its copies); the original's, where it is known, is cited, so
    that both join when it comes by another way.
    """
    cited = (*content.references, inner.external_id) if inner.external_id else content.references
    return replace(
        content,
        sender=inner.sender,
        subject=inner.subject,
        text=inner.text,
        visible_text=inner.text,
        html="",
        quoted_text="",
        signature="",
        references=cited,
        reply_to="",
        sent_at=inner.sent_at or content.sent_at,
        authenticated=False,
    )


async def note_who_passed_on(uow: UnitOfWork, ticket: Ticket, found: PassedOn) -> None:
    """A note on the ticket: who passed the mail on, and what he wrote above it."""
    _ = translations(found.by.language).gettext
    said = _("Forwarded by %(name)s (%(address)s).") % {"name": found.by.name, "address": found.by.email}
    await add_note(
        uow,
        conversation_id=ticket.conversation_id,
        customer_id=ticket.customer_id,
        author_id=found.by.id,
        author_name=found.by.name,
        text=f"{said}\n\n{found.intro}".strip(),
    )
