"""Tickets that were solved before and are like this one, each with the answer that solved it.

Full text finds what other customers wrote in the same words, and words and meaning weigh it as they do articles. The
answer comes without whatever belongs to the customer it was written to (:mod:`.impersonal`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Row, Select, cast, exists, func, literal, select, true
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import TSQUERY, distinct_on
from sqlmodel import SQLModel

from contactcenter import clock
from contactcenter.conversations.records import Conversation, Message, MessageState
from contactcenter.customers.records import BusinessRecord, Customer, CustomerIdentity
from contactcenter.envelope import AuthorType, Direction, MessageKind
from contactcenter.knowledge.comparing import Fit, compared
from contactcenter.knowledge.scoring import Text, telling
from contactcenter.staff.access import Actor
from contactcenter.store.search import query_literal
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.access import visible_to
from contactcenter.tickets.colleagues import FORGED
from contactcenter.tickets.impersonal import Personal, impersonal
from contactcenter.tickets.records import Ticket, TicketStatus
from contactcenter.triage.masking import mask

CANDIDATES = 20
"""Tickets that full text hands to the comparison: each text without a vector is encoded while somebody waits."""
NEWEST = 3000
"""Messages that share a word are ranked, the newest: ranking all of a large office would take seconds, and what was
answered long ago is answered otherwise today."""
AGE = timedelta(days=365)
"""A ticket that was solved longer ago shows how things were."""
MAX_TEXT = 4000
"""Characters of a customer's message that are compared."""
MAX_REPLY = 10_000

WORDS_IN_COMMON = 0.3
SOMETHING_IN_COMMON = 0.35
"""Scores by words alone, and by words and meaning, from which a ticket is shown.

Tried on the questions of tests/data (263 on 43 topics, each among some 36 of other topics): where none is on the same
topic, 1 in 20 finds one all the same by words alone, with meaning 1 in 25 English and 1 in 8 Chinese ones. Of the
demo's letters two pairs stand above them: a complaint that nobody calls and a wish to be called, and two letters about
one order. The same matter in similar words scores 0.5 and more. Articles are shown from a lower score: they are written
for everybody, while an answer to somebody else that does not fit misleads.
"""

_tables = SQLModel.metadata.tables
_ticket = _tables[str(Ticket.__tablename__)]
_message = _tables[str(Message.__tablename__)]
_conversation = _tables[str(Conversation.__tablename__)]
_customer = _tables[str(Customer.__tablename__)]
_identity = _tables[str(CustomerIdentity.__tablename__)]
_record = _tables[str(BusinessRecord.__tablename__)]


@dataclass(frozen=True, slots=True)
class Similar:
    """A solved ticket, and how like it is (``score``, 0 to 1).

    ``reply`` is what ``agent`` wrote last before it was resolved, fit to be sent to the customer of the ticket at hand.
    """

    number: int
    subject: str
    reply: str
    agent: str
    resolved_at: datetime
    score: float


async def similar_solved(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, question_text: str, *, limit: int = 3
) -> list[Similar]:
    """Solved tickets the actor may see whose customers wrote what this one writes, the most like it first.

    Two statements, however many are found.
    """
    wanted = query_literal(telling(question_text), any_of=True)
    if not wanted:
        return []
    found = (await uow.session.execute(candidates(actor, ticket, wanted))).all()
    if not found:
        return []
    told = {row.message_id: row for row in await uow.session.execute(_told(ticket, [row.message_id for row in found]))}
    rows = [told[row.message_id] for row in found if row.message_id in told]
    texts = [Text(row.message_id, row.subject, (), row.said) for row in rows]
    fits = [fit for fit in await compared(uow, question_text, texts, ticket.language) if _is_like(fit)]
    return list(_shown(fits, told))[:limit]


def candidates(actor: Actor, ticket: Ticket, wanted: str) -> Select[Any]:
    """The statement that finds tickets, each by the message of its customer that shares most words.

    ``wanted`` is the text form of a ``tsquery``.
    """
    words = cast(literal(wanted), TSQUERY)
    newest = (
        select(_message.c.id, _message.c.conversation_id, func.ts_rank(_message.c.search, words).label("rank"))
        .where(
            _message.c.search.op("@@")(words),
            _message.c.direction == Direction.IN.value,
            _message.c.kind == MessageKind.MESSAGE.value,
            _message.c.state == MessageState.DONE.value,
            _message.c.automatic.is_(False),
            _message.c.conversation_id != ticket.conversation_id,
        )
        .order_by(_message.c.id.desc())
        .limit(NEWEST)
        .subquery()
    )
    best = (
        select(newest.c.id.label("message_id"), newest.c.rank)
        .join_from(newest, _ticket, _ticket.c.conversation_id == newest.c.conversation_id)
        .where(*_solved(actor, ticket))
        .ext(distinct_on(_ticket.c.id))
        .order_by(_ticket.c.id, newest.c.rank.desc(), newest.c.id.desc())
        .subquery()
    )
    return select(best.c.message_id).order_by(best.c.rank.desc(), best.c.message_id.desc()).limit(CANDIDATES)


def _solved(actor: Actor, ticket: Ticket) -> list[ColumnElement[bool]]:
    """The conditions on ``ticket``: solved by an agent's answer, not long ago, no complaint, nothing dubious."""
    replied = exists(select(literal(1)).where(*_answers()).correlate(_ticket))
    flooded = select(literal(1)).where(_conversation.c.id == _ticket.c.conversation_id, _conversation.c.flood_of != "")
    return [
        visible_to(actor),
        _ticket.c.id != ticket.id,
        _ticket.c.status.in_([TicketStatus.RESOLVED.value, TicketStatus.CLOSED.value]),
        _ticket.c.merged_into_id.is_(None),
        _ticket.c.complaint.is_(False),
        _ticket.c.language == ticket.language,
        _ticket.c.resolved_at >= clock.now() - AGE,
        ~_ticket.c.tags.overlap([FORGED, "spam"]),
        ~exists(flooded.correlate(_ticket)),
        replied,
    ]


_answer = _message.alias("answer")


def _answers() -> list[ColumnElement[bool]]:
    """What tells an agent's answers to the ticket's customer before it was solved, as rows of ``answer``.

    Mail that was forwarded to somebody else is none; its subject says so and nothing else of ours begins like it.
    """
    return [
        _answer.c.conversation_id == _ticket.c.conversation_id,
        _answer.c.direction == Direction.OUT.value,
        _answer.c.kind == MessageKind.MESSAGE.value,
        _answer.c.author_type == AuthorType.AGENT.value,
        _answer.c.created_at <= _ticket.c.resolved_at,
        ~_answer.c.subject.startswith("Fwd: ", autoescape=True),
    ]


def _texts(query: Select[Any]) -> ColumnElement[Any]:
    """What a query of one column finds, as a list."""
    return func.array(query.correlate(_ticket, _customer).scalar_subquery(), type_=ARRAY(SqlText))


def _told(ticket: Ticket, message_ids: Sequence[str]) -> Select[Any]:
    """What the candidates' customers wrote, the last answer to each, and what may tell who they are."""
    reply = (
        select(_answer.c.visible_text, _answer.c.author_name)
        .where(*_answers())
        .order_by(_answer.c.id.desc())
        .limit(1)
        .lateral("reply")
    )
    incoming, here = _message.alias(), _customer.alias()
    authors = select(incoming.c.author_name).where(
        incoming.c.conversation_id == _ticket.c.conversation_id, incoming.c.direction == Direction.IN.value
    )
    return (
        select(
            _message.c.id.label("message_id"),
            _message.c.subject,
            func.left(_message.c.visible_text, MAX_TEXT).label("said"),
            _ticket.c.number,
            _ticket.c.subject.label("title"),
            _ticket.c.resolved_at,
            func.left(reply.c.visible_text, MAX_REPLY).label("reply"),
            reply.c.author_name.label("agent"),
            _customer.c.name,
            _texts(authors.distinct()).label("authors"),
            _texts(select(_identity.c.name).where(_identity.c.customer_id == _customer.c.id)).label("names"),
            _texts(select(_identity.c.value).where(_identity.c.customer_id == _customer.c.id)).label("addresses"),
            _texts(select(_record.c.number).where(_record.c.customer_id == _customer.c.id)).label("numbers"),
            select(here.c.name).where(here.c.id == ticket.customer_id).scalar_subquery().label("here"),
        )
        .join_from(_message, _ticket, _ticket.c.conversation_id == _message.c.conversation_id)
        .join(reply, true())
        .outerjoin(_customer, _customer.c.id == _ticket.c.customer_id)
        .where(_message.c.id.in_(message_ids), _ticket.c.merged_into_id.is_(None))
    )


def _is_like(fit: Fit) -> bool:
    """Whether it is like enough not to distract."""
    return fit.score >= (WORDS_IN_COMMON if fit.nearness is None else SOMETHING_IN_COMMON)


def _shown(fits: Sequence[Fit], told: Mapping[str, Row[Any]]) -> Iterator[Similar]:
    """The tickets of these messages with their answers; of several with the same answer the first."""
    seen = set()
    for fit in fits:
        row = told[fit.id]
        names = (row.name or "", *row.authors, *row.names, *(one for one in row.addresses if "@" in one))
        customer = Personal(names, (*row.addresses, *row.numbers), row.number)
        reply = impersonal(row.reply, customer, row.here or "", author=row.agent)
        if reply and reply not in seen:
            seen.add(reply)
            yield Similar(row.number, mask(row.title), reply, row.agent, row.resolved_at, fit.score)
