"""Audits: the drawn answers, what people say of them, and what follows from it at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Message
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.knowledge.records import Article
from contactcenter.staff.access import Actor, Role, require
from contactcenter.staff.records import Agent
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk, feedback
from contactcenter.tickets.access import messages_visible_to, ticket_of_conversation
from contactcenter.tickets.automation import control
from contactcenter.tickets.automation.policies import locked_policy
from contactcenter.tickets.automation.records import AnswerDecision, Verdict
from contactcenter.tickets.records import FeedbackSource, Ticket, TicketStatus

MAX_NOTE = 4_000


@dataclass(frozen=True, slots=True)
class Audit:
    """A drawn answer as people see it: the customer's message, the answer with its article, the ticket.

    ``article_title`` is today's title, empty where the article is gone; ``judge`` is the name of who judged it.
    """

    decision: AnswerDecision
    message: Message
    article_title: str
    ticket: int | None
    judge: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person says of an answer. ``category`` is the right one where triage was wrong (empty: it was right).

    ``reopen``: the ticket is opened again at once, because the customer was told something wrong.
    """

    verdict: Verdict
    note: str = ""
    category: str = ""
    reopen: bool = False


async def list_audits(
    uow: UnitOfWork,
    actor: Actor,
    *,
    judged: bool | None = False,
    category: str = "",
    language: str = "",
    cursor: str = "",
    limit: int = 50,
) -> Page[Audit]:
    """Drawn answers on tickets the actor may see: those that wait, oldest first, or (``judged``) newest first.

    ``judged`` None gives both, newest first. Three statements a page at most.
    """
    query = _audits(actor)
    if judged is not None:
        verdict = col(AnswerDecision.verdict)
        query = query.where(verdict != "" if judged else verdict == "")
    if category:
        query = query.where(col(AnswerDecision.category) == category)
    if language:
        query = query.where(col(AnswerDecision.language) == language)
    key = col(AnswerDecision.message_id)
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not clock.is_id(last):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        query = query.where(key > last if judged is False else key < last)
    query = query.order_by(key if judged is False else key.desc()).limit(limit + 1)
    rows = (await uow.session.execute(query)).all()
    found = await _told(uow, rows[:limit])
    return Page(found, encode_cursor(found[-1].decision.message_id) if len(rows) > limit else None)


async def get_audit(uow: UnitOfWork, actor: Actor, message_id: str) -> Audit:
    """One drawn answer. Raises :class:`NotFound` when it was not drawn, or its ticket is foreign."""
    query = _audits(actor).where(col(AnswerDecision.message_id) == message_id)
    row = (await uow.session.execute(query)).first() if clock.is_id(message_id) else None
    if row is None:
        raise NotFound("there is no such audit")
    return (await _told(uow, [row]))[0]


async def judge(uow: UnitOfWork, actor: Actor, message_id: str, judgement: Judgement) -> None:
    """Say whether a drawn answer was right. The same again changes nothing; only supervisors correct another's.

    What the verdict means for the category follows in this transaction: a threshold, or the way back to shadow.
    Raises :class:`NotFound`, :class:`Conflict` (somebody else judged it), :class:`InvalidInput`.
    """
    require(actor, Role.AGENT)
    if len(judgement.note) > MAX_NOTE:
        raise InvalidInput(f"a note has at most {MAX_NOTE} characters", field="note")
    decision = await _decision(uow, actor, message_id)
    policy = await locked_policy(uow, decision.category, decision.language)
    await uow.session.refresh(decision)  # whoever judged it before held the lock
    new = decision.verdict != judgement.verdict
    if decision.verdict and new and decision.judged_by != actor.agent_id and not actor.at_least(Role.SUPERVISOR):
        raise Conflict("somebody else has judged this answer")
    if new or decision.note != judgement.note:
        decision.verdict = judgement.verdict.value
        decision.note = judgement.note
        decision.judged_by, decision.judged_at = actor.agent_id, decision.judged_at or clock.now()
        uow.session.add(decision)
        await uow.session.flush()
    if new and judgement.verdict is not Verdict.UNSURE:
        said = feedback.Judgement(feedback.ANSWER, judgement.verdict.value, decision.article_id)
        await feedback.record(uow, actor, message_id, [said], FeedbackSource.AUDIT)
    if new and decision.epoch == policy.epoch:
        await control.after_verdict(uow, policy)
    await _follow_up(uow, actor, decision, judgement)


async def _follow_up(uow: UnitOfWork, actor: Actor, decision: AnswerDecision, judgement: Judgement) -> None:
    """Put the category right, and open the ticket again where the customer needs another answer."""
    if not judgement.category and not judgement.reopen:
        return
    ticket = await ticket_of_conversation(uow, decision.conversation_id)
    if ticket is None:
        return
    if judgement.category:
        await desk.correct_category(uow, actor, ticket, judgement.category, move_queue=False)
    if judgement.reopen and ticket.status in {TicketStatus.RESOLVED, TicketStatus.CLOSED}:
        await desk.reopen(uow, actor, ticket)
        if judgement.note.strip():
            await desk.note(uow, actor, ticket, judgement.note)


async def _decision(uow: UnitOfWork, actor: Actor, message_id: str) -> AnswerDecision:
    """The drawn decision alone."""
    query = select(AnswerDecision).join(Message, col(Message.id) == col(AnswerDecision.message_id))
    query = query.where(col(AnswerDecision.message_id) == message_id, _drawn_for(actor))
    decision = await uow.session.scalar(query) if clock.is_id(message_id) else None
    if decision is None:
        raise NotFound("there is no such audit")
    return decision


def _drawn_for(actor: Actor) -> ColumnElement[bool]:
    return and_(col(AnswerDecision.drawn), messages_visible_to(actor))


def _audits(actor: Actor) -> Select[tuple[AnswerDecision, Message, int | None]]:
    number = (
        select(col(Ticket.number))
        .where(col(Ticket.conversation_id) == col(Message.conversation_id), col(Ticket.merged_into_id).is_(None))
        .order_by(col(Ticket.id))
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(AnswerDecision, Message, number)
        .join(Message, col(Message.id) == col(AnswerDecision.message_id))
        .where(_drawn_for(actor))
    )


async def _told(uow: UnitOfWork, rows: Sequence[Any]) -> list[Audit]:
    """The rows with the titles of their articles and the names of their judges."""
    articles = {decision.article_id for decision, _, _ in rows if decision.article_id}
    judges = {decision.judged_by for decision, _, _ in rows if decision.judged_by}
    titles = await _names(uow, col(Article.id), col(Article.title), articles)
    names = await _names(uow, col(Agent.id), col(Agent.name), judges)
    return [
        Audit(decision, message, titles.get(decision.article_id, ""), number, names.get(decision.judged_by, ""))
        for decision, message, number in rows
    ]


async def _names(uow: UnitOfWork, key: Any, name: Any, wanted: Collection[str]) -> dict[str, str]:
    if not wanted:
        return {}
    rows = await uow.session.execute(select(key, name).where(key.in_(sorted(wanted))))
    return {str(row[0]): str(row[1]) for row in rows}
