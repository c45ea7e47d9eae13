"""What crosses a border: messages in, messages out, receipts, and the protocols of both sides.

A channel turns the outside world into :class:`InboundMessage` and :class:`OutboundMessage` and knows nothing of
tickets. It hands what comes in to a :class:`MessageSink`; only when that returns may it say yes to the outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable


class Channel(StrEnum):
    """The ways a customer can reach us."""

    EMAIL = "email"
    SMS = "sms"
    CHAT = "chat"
    PHONE = "phone"
    VISIT = "visit"
    LETTER = "letter"
    FAX = "fax"
    API = "api"


class Direction(StrEnum):
    """Seen from us."""

    IN = "in"
    OUT = "out"


class AuthorType(StrEnum):
    """Who wrote it."""

    CUSTOMER = "customer"
    AGENT = "agent"
    MACHINE = "machine"


class MessageKind(StrEnum):
    """What a message is; everything but ``MESSAGE`` and ``NOTE`` was written by a machine."""

    MESSAGE = "message"
    NOTE = "note"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    DELIVERY_RECEIPT = "delivery-receipt"
    FEEDBACK_REPORT = "feedback-report"
    LIST = "list"


class DeliveryState(StrEnum):
    """Where an outbound message is on its way; it never moves backwards (see :data:`DELIVERY_RANK`)."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


DELIVERY_RANK: Mapping[DeliveryState, int] = {
    DeliveryState.QUEUED: 0,
    DeliveryState.SENDING: 1,
    DeliveryState.UNCERTAIN: 2,
    DeliveryState.SENT: 3,
    DeliveryState.FAILED: 4,
    DeliveryState.UNDELIVERED: 4,
    DeliveryState.DELIVERED: 5,
}
"""A receipt is believed only when its state ranks above the one known: call-backs arrive in any order."""


class IdentityKind(StrEnum):
    """What kind of name a customer goes by."""

    EMAIL = "email"
    PHONE = "phone"
    CHAT = "chat"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True)
class Identity:
    """One name of a customer on one channel; ``value`` is normalised (lower-case address, E.164 phone)."""

    kind: IdentityKind
    value: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"

    @classmethod
    def parse(cls, text: str, name: str = "") -> Identity:
        """Read ``kind:value``; raises :class:`ValueError` on an unknown kind or an empty value."""
        kind, _, value = text.partition(":")
        if not value.strip():
            raise ValueError("an identity is written kind:value")
        return cls(IdentityKind(kind), value.strip(), name)


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that came with, or goes with, a message."""

    filename: str
    content_type: str
    content: bytes
    inline: bool = False
    content_id: str = ""

    @property
    def sha256(self) -> str:
        """Hex digest of the content: its blob's name."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A message at the door, as little understood as accepting it needs.

    ``ingest_key`` names it within its channel: the same message offered twice has the same key. ``sender`` orders it:
    messages of one sender are understood one after the other. For mail ``raw`` is the truth and the rest is read from
    it later by the channel's :class:`ContentReader`; other channels give ``text`` right here.
    """

    channel: Channel
    ingest_key: str
    sender: Identity
    text: str = ""
    subject: str = ""
    recipients: tuple[str, ...] = ()
    raw: bytes | None = None
    external_id: str = ""
    received_at: datetime | None = None
    queue: str = ""  # key of the queue it should go to, when the door knows
    may_answer: bool = True  # False: no automatic mail (first sync, imports)
    authenticated: bool = False  # the door itself vouches for the sender (signed SMS webhook, chat session)
    logged_by: str = ""  # agent id, when an agent wrote down a call or a visit
    files: tuple[FileContent, ...] = ()
    envelope: Mapping[str, Any] = field(default_factory=dict)  # what the door saw: peer, mail_from, trusted …


@dataclass(frozen=True, slots=True)
class Accepted:
    """The message is durable. ``duplicate`` tells that it already was."""

    message_id: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """One address a bounce speaks of; ``hard``: dead for good (RFC 3464 ``status`` as ``5.1.1``).

    ``said`` is what the server that refused it wrote, on one line.
    """

    address: str
    status: str = ""
    action: str = ""
    hard: bool = False
    said: str = ""

    @property
    def failed(self) -> bool:
        """Whether the mail will never reach this address, rather than being late or there."""
        return self.action not in {"delayed", "delivered", "relayed", "expanded"}


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail that another mail passes on, as far as the one who passed it on left it readable.

    ``intro`` is what he wrote above it. ``external_id`` is known only where the mail is attached as it was.
    """

    sender: Identity
    subject: str
    text: str
    intro: str = ""
    external_id: str = ""
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What a channel's reader makes of an accepted message.

    ``visible_text`` is what the customer newly wrote; ``text`` is the whole readable body. ``digest`` names the
    decoded content, so that a copy re-encoded by a relay is recognised. ``reply_token`` is the token of ours that the
    message carries in an address, unchecked. ``own`` tells that its sender's address is one of our own mailboxes, which
    anybody can write there; ``forwarded`` is the mail that it passes on, when it is such a mail.
    """

    sender: Identity
    text: str
    visible_text: str
    subject: str = ""
    html: str = ""
    quoted_text: str = ""
    signature: str = ""
    external_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: str = ""
    sent_at: datetime | None = None
    kind: MessageKind = MessageKind.MESSAGE
    bounced: tuple[BouncedRecipient, ...] = ()
    returned: tuple[str, ...] = ()  # Message-IDs of the mail that a bounce or a receipt speaks of
    returned_token: str = ""  # the token of ours that this mail carries, unchecked
    arrived: bool = False  # a receipt says that this mail lies in a mailbox
    automatic: bool = False  # written by a machine, whatever its kind: never answer it
    spam: bool = False  # a trusted relay marked it
    authenticated: bool = False
    authentication: Mapping[str, str] = field(default_factory=dict)  # spf, dkim, dmarc, verdict: a word each; details
    files: tuple[FileContent, ...] = ()
    digest: str = ""
    reply_token: str = ""
    own: bool = False
    forwarded: Forwarded | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message on its way out. ``external_id`` is fixed before the first try and never changes (mail)."""

    id: str
    channel: Channel
    to: Identity
    text: str
    subject: str = ""
    html: str = ""
    sender: str = ""  # our address or number
    sender_name: str = ""
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    external_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    reply_token: str = ""
    automatic: bool = False
    created_at: datetime | None = None
    attempt: int = 1
    files: tuple[FileContent, ...] = ()
    signature: str = ""  # plain text; the HTML has it already, as it has the quotation
    quotation: str = ""  # plain text, quote marks and introduction included
    only: tuple[str, ...] = ()  # the recipients still to be served; empty: all


@dataclass(frozen=True, slots=True)
class RefusedRecipient:
    """One recipient the other side did not take, while it took others; ``final``: for good (5xx)."""

    address: str
    code: str
    detail: str
    final: bool


@dataclass(frozen=True, slots=True)
class SendResult:
    """The channel handed the message over. ``state`` is SENT, or DELIVERED where handing over is arriving.

    ``refused`` are the recipients that were not taken; those that are not ``final`` are worth another try.
    """

    external_id: str = ""
    state: DeliveryState = DeliveryState.SENT
    detail: str = ""
    refused: tuple[RefusedRecipient, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """News about an outbound message, by the id the channel gave it."""

    channel: Channel
    external_id: str
    state: DeliveryState
    detail: str = ""
    at: datetime | None = None


@runtime_checkable
class MessageSink(Protocol):
    """Where every door hands its messages."""

    async def accept(self, message: InboundMessage) -> Accepted:
        """Make the message durable; returns only after the commit.

        Raises :class:`contactcenter.errors.Unavailable` when it could not: then the door must say "later".
        """
        ...


class ReceiptSink(Protocol):
    """Where a channel reports what became of an outbound message."""

    async def record(self, receipt: Receipt) -> bool:
        """Move the delivery forward; False when the message is unknown or already further."""
        ...


class ContentReader(Protocol):
    """Reads what a door accepted. Pure and thread-safe: bytes and envelope in, content out."""

    def __call__(self, message: InboundMessage) -> Content:
        """The message understood as far as its channel goes; must not raise on hostile input."""
        ...


class TakesLong(Exception):
    """A message that is not read in the time others can wait for it: its reader is to be called for it alone."""


@runtime_checkable
class BatchReader(ContentReader, Protocol):
    """A reader for which several messages at once are cheaper than one by one."""

    def read_many(self, messages: Sequence[InboundMessage]) -> list[Content | Exception]:
        """Each message understood, or why it could not be: :class:`TakesLong` where the others would wait too long."""
        ...


def read_many(reader: ContentReader, messages: Sequence[InboundMessage]) -> list[Content | Exception]:
    """Each message understood by a reader, or why it could not be: a message that fails fails alone."""
    return reader.read_many(messages) if isinstance(reader, BatchReader) else read_each(reader, messages)


def read_each(reader: ContentReader, messages: Sequence[InboundMessage]) -> list[Content | Exception]:
    """The same one by one, however long it takes."""
    found: list[Content | Exception] = []
    for message in messages:
        try:
            found.append(reader(message))
        except Exception as error:  # noqa: BLE001 - the caller's to judge
            found.append(error)
    return found


class Sender(Protocol):
    """Hands outbound messages of one channel to the outside."""

    async def send(self, message: OutboundMessage) -> SendResult:
        """Send once. Raises the :class:`contactcenter.errors.DeliveryError` that says whether to try again."""
        ...

    async def find(self, message: OutboundMessage) -> SendResult | None:
        """Look up whether an earlier, interrupted try went out; None when it surely did not or cannot be known."""
        ...

    async def close(self) -> None:
        """Give back what is kept between two messages (connections)."""
        ...
