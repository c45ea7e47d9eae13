"""What comes back of our mail: bounces and receipts, matched to the message they speak of and believed or not.

Anybody can write a mail that calls itself a bounce. It is believed only when it returns the Message-ID of a message of
ours, which nobody but its recipients has seen, and only about an address that this message went to. Some providers
replace the id; then the signed token in the returned Reply-To names the conversation, and the bounce is believed about
the last mail in it that went to an address it names. A bounce that names one of our recipients without either changes
nothing; it is shown beside the ticket it may belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from contactcenter import clock
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers.identity import mark_undeliverable, normalise
from contactcenter.envelope import (
    DELIVERY_RANK,
    BouncedRecipient,
    Channel,
    Content,
    DeliveryState,
    Identity,
    IdentityKind,
    MessageKind,
)
from contactcenter.errors import InvalidInput
from contactcenter.events import Event, EventKind
from contactcenter.store.unit_of_work import UnitOfWork

LATELY = timedelta(days=5)
"""How long ago a mail may have gone out for a bounce without its id to be shown beside its ticket (RFC 5321: 4 to 5
days of tries)."""

MAX_SENT = 500
"""Our last mails that bounces without an id of ours are compared with."""

REPORTS = frozenset({MessageKind.BOUNCE, MessageKind.DELIVERY_RECEIPT})

_SENT = text(
    """
    SELECT d.message_id::text, d.external_id, d.state, d.automatic, m.addresses, m.identity, m.customer_id::text,
           coalesce(c.merged_into_id, c.id)::text AS conversation_id
    FROM delivery d JOIN message m ON m.id = d.message_id JOIN conversation c ON c.id = m.conversation_id
    WHERE d.channel = 'email' AND d.external_id = ANY(:ids) AND d.external_id <> '' FOR UPDATE OF d
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)))
_SENT_IN = text(
    """
    SELECT d.message_id::text, d.external_id, d.state, d.automatic, m.addresses, m.identity, m.customer_id::text,
           coalesce(c.merged_into_id, c.id)::text AS conversation_id, m.conversation_id::text AS named
    FROM message m JOIN delivery d ON d.message_id = m.id JOIN conversation c ON c.id = m.conversation_id
    WHERE m.conversation_id = ANY(:conversations) AND m.direction = 'out' AND d.channel = 'email'
    ORDER BY m.id DESC LIMIT :most FOR UPDATE OF d
    """
).bindparams(bindparam("conversations", type_=ARRAY(Uuid(as_uuid=False))))
_LATELY_TO = text(
    """
    SELECT DISTINCT ON (m.identity) m.identity, coalesce(c.merged_into_id, c.id)::text AS conversation_id
    FROM message m JOIN conversation c ON c.id = m.conversation_id
    WHERE m.identity = ANY(:identities) AND m.direction = 'out' AND m.channel = 'email' AND m.id > :since
    ORDER BY m.identity, m.id DESC
    """
).bindparams(bindparam("identities", type_=ARRAY(Text)), bindparam("since", type_=Uuid(as_uuid=False)))
_NEWS = text(
    """
    UPDATE delivery SET state = CASE WHEN state = ANY(:lower) THEN :state ELSE state END,
        detail = CASE WHEN :detail <> '' THEN :detail ELSE detail END, updated_at = :now
    WHERE message_id = :id
    """
).bindparams(
    bindparam("id", type_=Uuid(as_uuid=False)),
    bindparam("lower", type_=ARRAY(Text)),
    bindparam("state", type_=Text),
    bindparam("detail", type_=Text),
)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message of ours that did not reach an address; ``said`` are the words of the server that refused it."""

    message_id: str
    conversation_id: str
    address: str
    code: str
    said: str
    automatic: bool  # the machine wrote it


@dataclass(frozen=True, slots=True)
class Returned:
    """A report that is believed: the message of ours it speaks of, and what it says of it.

    ``failed`` are those who will never get it; empty for receipts and for mail that is only late.
    """

    message_id: str
    conversation_id: str
    customer_id: str
    failed: tuple[Undelivered, ...] = ()


async def believed(uow: UnitOfWork, reports: Mapping[str, Content], tokens: ReplyTokens) -> dict[str, Returned]:
    """Of reports by row id: those about messages of ours, noted on their deliveries and on dead addresses.

    One statement for all and one for those with only a token, then two for each that is believed.
    """
    about = await _by_id(uow, reports)
    about |= await _by_token(uow, {name: one for name, one in reports.items() if name not in about}, tokens)
    return {row_id: await _note(uow, about[row_id], reports[row_id]) for row_id in reports if row_id in about}


async def _by_id(uow: UnitOfWork, reports: Mapping[str, Content]) -> dict[str, Any]:
    """The deliveries whose Message-ID reports return."""
    ids = sorted({one for content in reports.values() for one in content.returned})
    if not ids:
        return {}
    sent = {row.external_id: row for row in await uow.session.execute(_SENT, {"ids": ids})}
    found = {
        name: next((sent[one] for one in content.returned if one in sent), None) for name, content in reports.items()
    }
    return {name: row for name, row in found.items() if row is not None}


async def _by_token(uow: UnitOfWork, reports: Mapping[str, Content], tokens: ReplyTokens) -> dict[str, Any]:
    """The last delivery to an address that a bounce names, in the conversation whose token it returns."""
    carrying = {name: content for name, content in reports.items() if content.returned_token and content.bounced}
    named = {name: where for name, one in carrying.items() if (where := tokens.check(one.returned_token)) is not None}
    if not named:
        return {}
    parameters = {"conversations": sorted(set(named.values())), "most": MAX_SENT}
    sent = (await uow.session.execute(_SENT_IN, parameters)).all()
    found: dict[str, Any] = {}
    for name, where in named.items():
        failed = {_address(one.address) for one in carrying[name].bounced} - {""}
        row = next((row for row in sent if row.named == where and failed & _recipients(row)), None)
        if row is not None:
            found[name] = row
    return found


async def suspected(uow: UnitOfWork, bounces: Iterable[Content]) -> dict[str, str]:
    """Recipient → conversation of the last mail he was sent lately, for bounces that return no id of ours."""
    named = {f"email:{one.address.lower()}" for bounce in bounces for one in bounce.bounced if "@" in one.address}
    if not named:
        return {}
    parameters = {"identities": sorted(named), "since": clock.id_at(clock.now() - LATELY)}
    rows = await uow.session.execute(_LATELY_TO, parameters)
    return {row.identity.partition(":")[2]: row.conversation_id for row in rows}


async def _note(uow: UnitOfWork, row: Any, content: Content) -> Returned:
    """Write onto the delivery what a report says of it, and onto its recipients which of them are dead."""
    about = [] if row.state == DeliveryState.DELIVERED else _about(row, content.bounced)  # what was read has arrived
    failed = tuple(
        Undelivered(row.message_id, row.conversation_id, one.address, one.status, one.said, row.automatic)
        for one in about
        if one.failed
    )
    first = _address(row.identity.partition(":")[2])
    state = DeliveryState.SENT
    if content.kind is MessageKind.DELIVERY_RECEIPT:
        state = DeliveryState.DELIVERED if content.arrived else state
    elif any(_address(one.address) == first or len(_recipients(row)) == 1 for one in failed):
        state = DeliveryState.UNDELIVERED
    detail = "; ".join(described(one) for one in about)[:500]
    await uow.session.execute(
        _NEWS,
        {"id": row.message_id, "state": state, "lower": lower_than(state), "detail": detail, "now": clock.now()},
    )
    for one in about:
        if one.hard and one.failed and _address(one.address) in _recipients(row):
            await mark_undeliverable(uow, Identity(IdentityKind.EMAIL, one.address), described(one))
    uow.publish(
        Event(
            EventKind.DELIVERY_CHANGED,
            id=row.message_id,
            conversation=row.conversation_id,
            customer=row.customer_id or "",
        )
    )
    return Returned(row.message_id, row.conversation_id, row.customer_id or "", failed)


def _about(row: Any, bounced: Sequence[BouncedRecipient]) -> list[BouncedRecipient]:
    """What a bounce says of the recipients of a message.

    Of a message to one recipient everything counts, also under the address that his mail is forwarded to.
    """
    recipients = _recipients(row)
    if len(recipients) == 1:
        return list(bounced)
    return [one for one in bounced if _address(one.address) in recipients]


def _recipients(row: Any) -> set[str]:
    given = [address for name in ("to", "cc", "bcc") for address in row.addresses.get(name, ())]
    return {_address(address) for address in given or [row.identity.partition(":")[2]]}


def _address(written: str) -> str:
    try:
        return normalise(IdentityKind.EMAIL, written)
    except InvalidInput:
        return ""


def described(one: BouncedRecipient) -> str:
    """What became of a recipient in one line: code, and the server's own words where it said something."""
    words = one.said or one.action
    if not one.failed:
        words = f"delayed: {words}" if one.action == "delayed" and words != "delayed" else words
    return f"{one.status} {words}".strip() if one.status not in words else words


def lower_than(state: DeliveryState) -> list[str]:
    """The states that a delivery may leave for this one."""
    return [known.value for known, rank in DELIVERY_RANK.items() if rank < DELIVERY_RANK[state]]


def is_report(channel: Channel, content: Content) -> bool:
    """Whether a message may be a bounce or a receipt about mail of ours."""
    return channel is Channel.EMAIL and content.kind in REPORTS
