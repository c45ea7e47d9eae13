"""A simulated colleague who judges audits now and then, and the rates that give him something to judge."""

from __future__ import annotations

import asyncio

import structlog

from contactcenter.demo.people import AGENTS
from contactcenter.errors import Conflict
from contactcenter.knowledge.records import Article
from contactcenter.staff import agents
from contactcenter.staff.access import Actor
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import audits, policies
from contactcenter.tickets.automation.audits import Judgement
from contactcenter.tickets.automation.policies import Wish
from contactcenter.tickets.automation.records import State, Verdict

log = structlog.get_logger(__name__)

PAUSE = 20.0  # seconds between two verdicts
LEFT = 3
"""Audits that stay for visitors to judge."""
REASON = "so that the demo has something to judge"

_SENT = Wish(audit_rate=1.0, reason=REASON)
_KEPT = Wish(state=State.SHADOW, shadow_rate=1.0, reason="to see what it would say, before it says it")
WISHES = {
    ("account_access", "en"): _SENT,
    ("account_access", "zh"): _SENT,
    ("opening_hours", "en"): _SENT,
    ("opening_hours", "zh"): _SENT,
    ("payment", "en"): _SENT,
    ("payment", "zh"): _KEPT,
    ("return_exchange", "en"): _KEPT,
    ("refund", "en"): _KEPT,
}
"""Category and language → what the demo's supervisor asked for: every answer is drawn, some categories in shadow."""


async def ask_for_audits(store: Store) -> None:
    """Let the supervisor choose the rates, once."""
    async with store.transaction() as uow:
        supervisor = await _actor(uow, "supervisor")
        known = {(one.category, one.language): one for one in await policies.list_policies(uow)}
        for pair, wish in WISHES.items():
            if pair in known and known[pair].version == 1:
                await policies.set_policy(uow, supervisor, *pair, wish)


async def judge_for_ever(store: Store) -> None:
    """Judge the oldest audit that waits, pause, and again, until cancelled."""
    while True:
        await asyncio.sleep(PAUSE)
        try:
            async with store.transaction() as uow:
                await judge_one(uow)
        except Conflict:
            log.info("a visitor of the demo was faster")


async def judge_one(uow: UnitOfWork) -> None:
    """One verdict, while more than :data:`LEFT` audits wait: right where the article is of the question's category."""
    agent = await _actor(uow, "agent")
    waiting = await audits.list_audits(uow, agent, limit=LEFT + 1)
    if len(waiting.items) <= LEFT:
        return
    decision = waiting.items[0].decision
    article = await uow.session.get(Article, decision.article_id) if decision.article_id else None
    fits = article is not None and article.category == decision.category
    await audits.judge(uow, agent, decision.message_id, Judgement(Verdict.RIGHT if fits else Verdict.UNSURE))


async def _actor(uow: UnitOfWork, role: str) -> Actor:
    """The demo's first person of a role."""
    person = next(agent for agent in AGENTS if agent.role == role)
    found = await agents.find_agent(uow, person.email)
    if found is None:
        raise LookupError(person.email)
    return await agents.actor_of(uow, found.id)
