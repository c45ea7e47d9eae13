"""Messages: one with its assessment and trace, and the door through which programs hand in what customers wrote."""

from __future__ import annotations

import hashlib
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import Any

from pydantic import Field

from contactcenter import clock
from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.queues import must_be_a_queue
from contactcenter.api.shapes import Input, Line, Moment, Output, Words
from contactcenter.conversations.timeline import TimelineMessage, one_message
from contactcenter.customers import identity as identities
from contactcenter.envelope import (
    AuthorType,
    Channel,
    DeliveryState,
    Direction,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageKind,
)
from contactcenter.errors import NotFound, Unprocessable
from contactcenter.settings import Settings
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import access_message
from contactcenter.tickets.unmasking import note_unmasked
from contactcenter.triage.masking import mask, mask_html

IDENTITY_OF = {Channel.EMAIL: IdentityKind.EMAIL, Channel.SMS: IdentityKind.PHONE}
"""What a customer must be known by to have written on these channels."""

NO_DOOR = (Channel.CHAT,)
"""Channels whose messages programs cannot hand in: a chat lives in its visitor's own socket."""

NOT_ANSWERED = (Channel.PHONE, Channel.VISIT, Channel.LETTER, Channel.FAX)
"""Channels the machine does not answer on."""


class AuthorJson(Output):
    """Who wrote it. ``id`` is the customer's or the agent's."""

    type: AuthorType
    id: str | None
    name: str


class AttachmentJson(Output):
    """A file of a message."""

    id: str
    filename: str
    content_type: str
    size: int = Field(description="Bytes.")
    sha256: str
    inline: bool


class RefusedJson(Output):
    """A recipient that did not get it; `final`: and never will."""

    address: str
    code: str
    detail: str
    final: bool


class DeliveryJson(Output):
    """How an outbound message fares; the status never moves backwards."""

    status: DeliveryState
    attempts: int
    detail: str
    updated_at: Moment
    refused: list[RefusedJson] = Field(description="Recipients that were not taken while others were.")


class MessageJson(Output):
    """Something said by a customer, an agent or the machine, or a note among agents."""

    id: str
    direction: Direction
    channel: Channel
    kind: MessageKind
    state: str = Field(description="waiting | done | duplicate | quarantined | blocked")
    author: AuthorJson
    identity: str = Field(description="The customer's end, as `email:a@b.c`; empty for a note.")
    customer: str | None = Field(description="Id of the customer; null until the message is understood.")
    subject: str
    text: str = Field(description="The whole readable body; card and identity numbers masked, as below.")
    visible_text: str = Field(description="What was newly written, without quotes and signature.")
    html: str = Field(description="Made safe; empty where there is none.")
    language: str
    attachments: list[AttachmentJson]
    external_id: str = Field(description="Message-ID without brackets, Twilio SID, or the sender's own id.")
    created_at: Moment
    delivery: DeliveryJson | None = Field(description="Null for what came in and for notes.")
    assessment: dict[str, Any] | None = Field(description="What triage says; null until then, and for what we wrote.")


class MessageDetailJson(MessageJson):
    """A message with everything known about it."""

    ticket: int | None = Field(description="Number of the ticket it is on.")
    to: list[str]
    cc: list[str]
    in_reply_to: str
    references: list[str]
    authentication: dict[str, Any] = Field(description="Of mail: `verdict` (proven, unproven, failed) and its details.")
    authenticated: bool = Field(description="Whether the sender proved who he is.")
    trace: dict[str, Any] | None = Field(
        description="Why the machine did what it did: `reasons` (rules against an automatic answer), `signals` "
        "(category, margin over the next, complaint, language), `threshold`, `confidence`, `article` and "
        "`article_version`, `model` (name@version), `warnings`."
    )
    unassessed: str | None = Field(
        description="Why triage says nothing of what a person wrote: no-model, over-time or failed. Null where it does."
    )
    failure: str = Field(description="Why it is in quarantine, or was before it was run again.")


class ReasonJson(Input):
    """Why somebody needs to see what is masked."""

    reason: Line = Field(description="Kept with the ticket, where everybody who sees it can read it.")


class WordsJson(Output):
    """What a message says, with the numbers that are masked everywhere else."""

    subject: str
    text: str
    visible_text: str
    html: str


class InboundJson(Input):
    """What a customer wrote to a program of ours."""

    identity: Line = Field(description="Who wrote: `email:a@b.c`, `phone:+12025550123`, `external:ID`.")
    name: Line | None = Field(None, description="What he calls himself.")
    subject: Line | None = None
    text: Words
    queue: Line | None = Field(None, description="Key of the queue it should go to, unless triage knows better.")
    channel: Channel = Field(Channel.API, description="How it reached the program that hands it in.")
    verified: bool = Field(
        True,
        description="You vouch that the writer is who he says. Send false for a form that anybody can fill in: "
        "then nothing is answered automatically, lest a stranger get mail he did not ask for.",
    )


@operation("GET", "/messages/{message_id}", role=Role.AGENT, summary="One message, with assessment and trace")
async def get_message(call: Call, uow: UnitOfWork, message_id: str) -> MessageDetailJson:
    """A message that is not on a ticket yet is seen by supervisors and administrators only."""
    message, ticket = await access_message(uow, call.actor, message_id)
    shown = await one_message(uow, message.id)
    if shown is None:
        raise NotFound("There is no such message.")
    addresses = message.addresses
    return MessageDetailJson(
        **message_json(shown).model_dump(),
        ticket=ticket.number if ticket is not None else None,
        to=list(addresses.get("to") or addresses.get("recipients") or ()),
        cc=list(addresses.get("cc") or ()),
        in_reply_to=message.in_reply_to,
        references=list(message.refs),
        authentication=message.authentication,
        authenticated=message.authenticated,
        trace=message.trace,
        unassessed=(message.trace or {}).get("unassessed"),
        failure=message.failure,
    )


@operation("POST", "/messages/{message_id}/unmask", role=Role.AGENT, summary="See a message's numbers in full")
async def unmask_message(call: Call, uow: UnitOfWork, message_id: str, body: ReasonJson) -> WordsJson:
    """Everywhere else card and identity numbers are masked. The ticket's story says who saw them, and why."""
    message, ticket = await access_message(uow, call.actor, message_id)
    if ticket is None:
        raise NotFound("The message is on no ticket yet.")
    await note_unmasked(uow, call.actor, ticket, message.id, body.reason)
    return WordsJson(subject=message.subject, text=message.text, visible_text=message.visible_text, html=message.html)


@operation("POST", "/messages", role=Role.AGENT, status=201, idempotent=True, summary="Hand in a customer's message")
async def accept_message(call: Call, body: InboundJson) -> MessageJson:
    """It is durable when this answers, and understood soon after: `state` goes from waiting to done.

    The same `Idempotency-Key` gives the same message, whatever the body says. Without one every request is a message
    of its own.
    """
    message = inbound(call, body)
    async with call.services.store.read() as uow:
        await must_be_a_queue(uow, body.queue or "")
    accepted = await call.services.inbox.accept(message)
    async with call.services.store.read() as uow:
        shown = await one_message(uow, accepted.message_id)
    if shown is None:
        raise NotFound("There is no such message.")
    return message_json(shown)


def inbound(call: Call, body: InboundJson) -> InboundMessage:
    """The envelope of what a program hands in. Raises :class:`Unprocessable` for a sender or text it cannot have."""
    identity = identities.parse(body.identity, body.name or "")
    if body.channel in NO_DOOR:
        raise Unprocessable(f"{body.channel} messages come through their own door only", field="channel")
    if identity.kind is not IDENTITY_OF.get(body.channel, identity.kind):
        raise Unprocessable(f"nobody writes by {body.channel} as {identity.kind}", field="identity")
    if not body.text.strip():
        raise Unprocessable("there is no text", field="text")
    is_mail = body.channel is Channel.EMAIL
    return InboundMessage(
        channel=body.channel,
        ingest_key=ingest_key(call),
        sender=identity,
        text=body.text,
        subject=body.subject or "",
        recipients=_our_address(call.services.settings, body) if is_mail else (),
        raw=_mail(identity, body) if is_mail else None,
        external_id=call.idempotency_key,
        queue=body.queue or "",
        may_answer=body.channel not in NOT_ANSWERED,
        authenticated=body.verified,
        # The mail reader judges a mail by what its door saw; this door saw a token of ours.
        envelope={"door": "api", "agent": call.actor.agent_id} | ({"assumed": body.verified} if is_mail else {}),
    )


def ingest_key(call: Call) -> str:
    """What a message is known by when it is sent again. Keys of different agents never meet.

    Without a key of the sender's nothing tells a repeated request from a customer who writes "ok" twice; keeping
    both loses nothing.
    """
    if not call.idempotency_key:
        return f"api:{clock.new_id()}"
    return "api:" + hashlib.sha256(f"{call.actor.agent_id}\n{call.idempotency_key}".encode()).hexdigest()


def message_json(shown: TimelineMessage) -> MessageJson:
    """A message as programs see it: card and identity numbers masked."""
    row, delivery = shown.message, shown.delivery
    author = AuthorType(row.author_type)
    return MessageJson(
        id=row.id,
        direction=Direction(row.direction),
        channel=Channel(row.channel),
        kind=MessageKind(row.kind),
        state=row.state,
        author=AuthorJson(
            type=author,
            id=(row.customer_id if author is AuthorType.CUSTOMER else row.author_id) or None,
            name=row.author_name,
        ),
        identity=row.identity,
        customer=row.customer_id,
        subject=mask(row.subject),
        text=mask(row.text),
        visible_text=mask(row.visible_text),
        html=mask_html(row.html),
        language=row.language,
        attachments=[
            AttachmentJson(
                id=file.id,
                filename=file.filename,
                content_type=file.content_type,
                size=file.size,
                sha256=file.sha256,
                inline=file.inline,
            )
            for file in shown.attachments
        ],
        external_id=row.external_id,
        created_at=row.created_at,
        delivery=None
        if delivery is None
        else DeliveryJson(
            status=DeliveryState(delivery.state),
            attempts=delivery.attempts,
            detail=delivery.detail,
            updated_at=delivery.updated_at,
            refused=[RefusedJson(address=address, **one) for address, one in delivery.refused.items()],
        ),
        assessment=row.assessment,
    )


def _our_address(settings: Settings, body: InboundJson) -> tuple[str, ...]:
    """The mailbox of ours that answers for the queue, so that a reply comes from it."""
    boxes = settings.mailboxes
    chosen = next((box for box in boxes if box.queue == body.queue), boxes[0] if boxes else None)
    return (chosen.address,) if chosen is not None else ()


def _mail(sender: Identity, body: InboundJson) -> bytes:
    """The mail (RFC 5322) that the customer would have sent. Raises :class:`Unprocessable` for a hopeless address."""
    mail = EmailMessage(policy=SMTPUTF8)
    try:
        mail["From"] = Address(display_name=sender.name, addr_spec=sender.value)
    except (MessageError, ValueError, IndexError) as error:
        raise Unprocessable("that is not an e-mail address", field="identity") from error
    mail["Subject"] = body.subject or ""
    mail["Date"] = clock.now()
    mail.set_content(body.text)
    return mail.as_bytes()


OPERATIONS: tuple[Operation, ...] = (accept_message, get_message, unmask_message)
