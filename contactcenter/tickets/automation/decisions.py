"""Decisions: what the machine made of each question, kept in one statement a batch, and what customers did then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, bindparam, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from contactcenter import clock
from contactcenter.store.schema import table_of
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation.records import Action, AnswerDecision, Reaction
from contactcenter.tickets.automation.ruling import Rule, Ruling

_decision = table_of(AnswerDecision)
_KEEP = pg_insert(_decision).on_conflict_do_nothing()
_REACTED = text(
    """
    UPDATE answer_decision SET reaction = :reaction, reacted_at = :now
    WHERE conversation_id = ANY(:conversations) AND action = 'answered' AND reaction = ''
    """
).bindparams(bindparam("conversations", type_=ARRAY(Text)))


@dataclass(frozen=True, slots=True)
class Considered:
    """A question that nothing spoke against, the ruling on it, and the article it is about (empty: none)."""

    category: str
    language: str
    rule: Rule
    ruling: Ruling
    score: float
    model: str
    article_id: str = ""
    article_version: int = 0
    answer: str = ""


async def keep(uow: UnitOfWork, considered: Sequence[tuple[str, str, Considered]]) -> None:
    """Keep decisions, each with the ids of its message and conversation. One statement; a message counts once."""
    if not considered:
        return
    now = clock.now()
    rows = [
        {
            "message_id": message_id,
            "conversation_id": conversation_id,
            "category": one.category,
            "language": one.language,
            "epoch": one.rule.epoch,
            "action": one.ruling.action.value,
            "score": one.score,
            "threshold": one.rule.threshold,
            "article_id": one.article_id,
            "article_version": one.article_version,
            "answer": one.answer if one.ruling.drawn or one.ruling.action is Action.SHADOW else "",
            "model": one.model,
            "drawn": one.ruling.drawn,
            "at": now,
        }
        for message_id, conversation_id, one in considered
    ]
    await (await uow.session.connection()).execute(_KEEP, rows)


async def note_reactions(uow: UnitOfWork, reaction: Reaction, conversation_ids: Collection[str]) -> None:
    """Note that customers said that an answer helped (or, in a survey, that it did not), or came back with more.

    The first reaction to an answer stays.
    """
    if conversation_ids:
        parameters = {"conversations": sorted(conversation_ids), "reaction": reaction.value, "now": clock.now()}
        await uow.session.execute(_REACTED, parameters)
