"""Judging: what an agent says of a message besides working on it, and what his reply says of the answers suggested."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Message
from contactcenter.errors import NotFound
from contactcenter.knowledge.records import Article
from contactcenter.staff.access import Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import feedback
from contactcenter.tickets.access import access_message
from contactcenter.tickets.changes import begin, changed
from contactcenter.tickets.feedback import ANSWER, CATEGORY, COMPLAINT, SENTIMENT, Judgement
from contactcenter.tickets.lifecycle import correct_category, mark_complaint
from contactcenter.tickets.openings import of_customer, sorted_by
from contactcenter.tickets.records import Feedback, FeedbackSource, Ticket

SAME = 0.95
"""Share of words in common from which a reply is the suggested text as it was."""
TAKEN_OVER = 0.3
"""Share of the suggested text's words in the reply below which it was not used after all."""
MOST_SHOWN = 5

_VARIABLE = re.compile(r"\{\{.*?\}\}")
_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff\uf900-\ufaff]")


async def judge_message(
    uow: UnitOfWork,
    actor: Actor,
    message_id: str,
    labels: dict[str, str],
    source: FeedbackSource = FeedbackSource.CORRECTION,
    *,
    move_queue: bool = False,
) -> list[Feedback]:
    """Set right (or confirm) what triage said of a message: head → label. Gives all that stands of it now.

    Where the ticket was sorted by this message, its category, mood and complaint follow; it goes to another queue only
    with ``move_queue``, or when it becomes a complaint. Raises :class:`NotFound` for a message the actor does not see,
    :class:`InvalidInput` for a label that there is not.
    """
    _message, ticket = await access_message(uow, actor, message_id)
    rest = dict(labels)
    if ticket is not None and await sorted_by(uow, ticket) == message_id:
        rest = await _on_the_ticket(uow, actor, ticket, message_id, rest, move_queue=move_queue)
    await feedback.record(uow, actor, message_id, [Judgement(head, label) for head, label in rest.items()], source)
    return await feedback.standing(uow, message_id)


async def withdraw(uow: UnitOfWork, actor: Actor, message_id: str, head: str) -> list[Feedback]:
    """Take back what was said of a head; the ticket stays as it is. Raises :class:`NotFound` when nothing was."""
    await access_message(uow, actor, message_id)
    if head not in {CATEGORY, *feedback.LABELS} or not await feedback.withdraw(uow, message_id, head):
        raise NotFound("nothing was said of that")
    return await feedback.standing(uow, message_id)


async def judge_suggestions(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, reply: str, *, inserted: Sequence[str], shown: Sequence[str]
) -> None:
    """Note what became of suggested articles (ids): sent as they were, sent with changes, or not used.

    Of those that were only ``shown``, the first counts as not used when something else was written. Ids that are no
    articles are passed over: they come from a form.
    """
    taken = [one for one in dict.fromkeys(inserted) if clock.is_id(one)][:MOST_SHOWN]
    left = [one for one in shown if clock.is_id(one)][:1] if not taken else []
    articles = (
        {
            article.id: article
            for article in await uow.session.scalars(select(Article).where(col(Article.id).in_([*taken, *left])))
        }
        if taken or left
        else {}
    )
    question = await last_question(uow, ticket) if articles else None
    if question is None:
        return
    for article_id, article in articles.items():
        source = usage(article.text, reply) if article_id in taken else FeedbackSource.REJECTED
        label = {FeedbackSource.USED: "right", FeedbackSource.EDITED: "edited"}.get(source, "wrong")
        await feedback.record(uow, actor, question, [Judgement(ANSWER, label, article_id)], source)


def usage(suggested: str, reply: str) -> FeedbackSource:
    """Whether a reply is the suggested text, the suggested text with changes, or something else, by its words."""
    offered, written = (Counter(_WORD.findall(_VARIABLE.sub(" ", text).lower())) for text in (suggested, reply))
    common = (offered & written).total()
    if 2 * common >= SAME * (offered.total() + written.total()):
        return FeedbackSource.USED
    return FeedbackSource.EDITED if common >= TAKEN_OVER * offered.total() else FeedbackSource.REJECTED


async def last_question(uow: UnitOfWork, ticket: Ticket) -> str | None:
    """Id of what the customer wrote last: the message suggestions are made for."""
    query = (
        select(col(Message.id))
        .where(*of_customer(Message, ticket.conversation_id))
        .order_by(col(Message.id).desc())
        .limit(1)
    )
    return await uow.session.scalar(query)


async def _on_the_ticket(
    uow: UnitOfWork, actor: Actor, ticket: Ticket, message_id: str, labels: dict[str, str], *, move_queue: bool
) -> dict[str, str]:
    """Let the ticket follow what is said of the message; gives the labels that were not recorded on the way."""
    rest = dict(labels)
    category, complaint = rest.get(CATEGORY), rest.get(COMPLAINT)
    if category is not None and category != ticket.category:
        await correct_category(uow, actor, ticket, category, move_queue=move_queue)
        del rest[CATEGORY]
    if complaint in {"yes", "no"} and (complaint == "yes") != ticket.complaint:
        await mark_complaint(uow, actor, ticket, complaint == "yes", message_id=message_id)
        del rest[COMPLAINT]
    mood = rest.get(SENTIMENT)
    if mood in feedback.LABELS[SENTIMENT] and mood != ticket.sentiment:
        await begin(uow, ticket)
        ticket.sentiment = mood
        await uow.session.flush()
        uow.publish(changed(ticket))
    return rest
