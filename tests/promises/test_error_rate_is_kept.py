"""The error that was chosen is kept: twenty thousand questions, people who judge a drawn sample, a world that changes.

Two categories begin in shadow. When judged answers prove a threshold a supervisor switches them on. Half-way one
article becomes false without the questions changing (only people can notice that), and in the other category strangers
begin to ask (nobody has to judge anything to notice). Complaints come all the time. The decisions, the lots, the
verdicts and the control are the product's own, on a real database; what is simulated is the world: scores and truth.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy import ARRAY, Text, bindparam, select, text

from contactcenter import clock
from contactcenter.conversations.guards import AutomaticMemory
from contactcenter.envelope import Channel, Content, Identity, IdentityKind, InboundMessage
from contactcenter.knowledge.answers import Answer
from contactcenter.knowledge.records import Article
from contactcenter.settings import Settings
from contactcenter.staff.access import Actor, Role
from contactcenter.store.store import Store
from contactcenter.tickets.answering import AnsweringPolicy, Case, Decision, against, conclude
from contactcenter.tickets.automation import control, decisions
from contactcenter.tickets.automation.audits import Judgement, judge
from contactcenter.tickets.automation.policies import Wish, set_policy
from contactcenter.tickets.automation.records import AnswerPolicy, AnswerPolicyChange, State, Verdict
from contactcenter.tickets.routing import RoutingTable, routing_table
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage.assessment import Assessment, Category, Complaint, ComplaintKind, Label
from contactcenter.triage.drift import expected_delay
from tests.integration.office import hire

SEEDS = [int(seed) for seed in os.environ.get("ERROR_RATE_SEEDS", "1").split(",")]
MESSAGES = 20_000
BATCH = 100
JUDGED_AFTER = 3  # batches: people take their time
TARGET, CONFIDENCE, AUDIT_RATE = 0.02, 0.95, 0.05

STALE, INVADED = ("refund", "en"), ("account_access", "zh")
STALE_ERROR = 0.3  # of the answers with the article that became false
AUDIT_DELAY = 3 * expected_delay(TARGET, STALE_ERROR) / AUDIT_RATE + JUDGED_AFTER * BATCH
"""Answers sent until a category with a false article stops: three times the mean, and what people need to judge."""

SHIFT_DELAY = 2 * control.WINDOW + BATCH
"""Questions until a category that strangers flood stops: the window under way, a whole one, and a batch."""

TEXTS = {"en": "How do I get my money back?", "zh": "忘记密码了，怎么重置密码？"}
THREATS = {"en": "Fine. My solicitor will write to you.", "zh": "那我只好打12378了。"}
ARTICLES = {pair: Article(id=clock.new_id(), title="A", text="So.", category=pair[0]) for pair in (STALE, INVADED)}
ANN = Identity(IdentityKind.EMAIL, "ann@customer.example", "Ann")
SWITCHED_ON = AnsweringPolicy(auto_answer=True, acknowledge=False, threshold=0.9)
_MESSAGES = text(
    """
    INSERT INTO message (id, channel, direction, kind, received_at, created_at)
    SELECT CAST(unnest(:ids) AS uuid), 'email', 'in', 'message', now(), now()
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)))


@dataclass(frozen=True)
class Question:
    """What the world asks, how sure the knowledge base is, and whether its answer is right."""

    pair: tuple[str, str]
    text: str
    score: float
    right: bool
    complaint: bool = False  # in truth
    seen: bool = False  # by the model


class World:
    """Draws questions; ``changed`` after half of them."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._ids = 0
        self.changed = False

    def message_id(self) -> str:
        """An id as messages have them, in order: the lots follow from it, so a seed draws the same ones."""
        self._ids += 1
        at = 1_800_000_000_000 + self._ids
        return str(UUID(int=at << 80 | 0x7 << 76 | 0b10 << 62 | self._chance.getrandbits(62)))

    def question(self) -> Question:
        """The next one."""
        chance = self._chance
        pair = STALE if chance.random() < 0.5 else INVADED
        if chance.random() < 0.05:
            seen = chance.random() < 0.8  # the others are polite and name the law
            return Question(pair, TEXTS[pair[1]] if seen else THREATS[pair[1]], 0.99, False, True, seen)
        strangers = 0.6 if self.changed and pair == INVADED else 0.08
        if chance.random() < strangers:
            score = chance.betavariate(5, 3)
            return Question(pair, TEXTS[pair[1]], score, False)
        score = chance.betavariate(20, 1)
        wrong = STALE_ERROR if self.changed and pair == STALE else (1 - score) / 25
        return Question(pair, TEXTS[pair[1]], score, chance.random() >= wrong)


@dataclass
class Account:
    """What happened, by category and phase."""

    answered: Counter = field(default_factory=Counter)
    wrong: Counter = field(default_factory=Counter)
    asked_after: Counter = field(default_factory=Counter)  # until it fell
    complaints_answered: int = 0


def case_of(question: Question, message_id: str) -> Case:
    category, language = question.pair
    assessment = Assessment(
        language=language,
        category=Category(category, 0.95, (Label("other", 0.02),)),
        urgency=Label("normal", 0.9),
        sentiment=Label("neutral", 0.9),
        complaint=Complaint(0.99, ComplaintKind.SERVICE) if question.seen else Complaint(0.01),
        model="simulated",
    )
    content = Content(ANN, question.text, question.text, authenticated=True)
    return Case(InboundMessage(Channel.EMAIL, "k", ANN), content, assessment, ANN, message_id, True, message_id)


def decision_on(question: Question, message_id: str, table: RoutingTable) -> Decision:
    """The product's own decision; only the search is not asked."""
    case, memory = case_of(question, message_id), AutomaticMemory([])
    reasons = against(case, table, SWITCHED_ON, memory)
    answer = None if reasons else Answer(ARTICLES[question.pair], question.score)
    return conclude(case, table, SWITCHED_ON, memory, reasons, answer)


class Simulation:
    """Puts questions to the machine in batches, and lets people do their part."""

    def __init__(self, store: Store, supervisor: Actor, seed: int) -> None:
        self.store, self.supervisor, self.world = store, supervisor, World(seed)
        self.account = Account()
        self._truth: dict[str, bool] = {}
        self._drawn: list[list[str]] = []

    async def run(self, messages: int) -> None:
        for _ in range(messages // BATCH):
            await self._batch([self.world.question() for _ in range(BATCH)])
            await self._people()
            async with self.store.transaction() as uow:
                await control.watch(uow)

    async def _batch(self, questions: list[Question]) -> None:
        ids = [self.world.message_id() for _ in questions]
        async with self.store.transaction() as uow:
            table = await routing_table(uow)
            made = [decision_on(one, name, table) for one, name in zip(questions, ids, strict=True)]
            await uow.session.execute(_MESSAGES, {"ids": ids})
            kept = [(name, name, one.considered) for name, one in zip(ids, made, strict=True) if one.considered]
            await decisions.keep(uow, kept)
        for question, name, decision in zip(questions, ids, made, strict=True):
            self._count(question, decision, table)
            self._truth[name] = question.right
        self._drawn.append([name for name, _, one in kept if one.ruling.drawn])

    def _count(self, question: Question, decision: Decision, table: RoutingTable) -> None:
        key = (question.pair, self.world.changed)
        if decision.action == "answer":
            self.account.answered[key] += 1
            self.account.wrong[key] += not question.right
            self.account.complaints_answered += question.complaint
        if self.world.changed and table.policies[question.pair].state == State.ON:
            self.account.asked_after[question.pair] += 1

    async def _people(self) -> None:
        """Judge what was drawn a while ago; switch on what is proven, once. When both fell they have seen enough."""
        states = {row.state for row in (await self.policies()).values()}
        if len(self._drawn) > JUDGED_AFTER and not (self.world.changed and states == {State.SHADOW}):
            async with self.store.transaction() as uow:
                for name in self._drawn[-1 - JUDGED_AFTER]:
                    verdict = Verdict.RIGHT if self._truth[name] else Verdict.WRONG
                    await judge(uow, self.supervisor, name, Judgement(verdict))
        if self.world.changed:
            return
        for policy in (await self.policies()).values():
            if policy.state == State.SHADOW and policy.proposal is not None:
                async with self.store.transaction() as uow:
                    wish = Wish(state=State.ON)
                    await set_policy(uow, self.supervisor, policy.category, policy.language, wish)

    async def policies(self) -> dict[tuple[str, str], AnswerPolicy]:
        async with self.store.read() as uow:
            return {(row.category, row.language): row for row in await uow.session.scalars(select(AnswerPolicy))}

    async def falls(self) -> list[str]:
        async with self.store.read() as uow:
            rows = await uow.session.scalars(select(AnswerPolicyChange).order_by(AnswerPolicyChange.id))
            return [f"{row.category} {row.now['attention']}" for row in rows if row.now.get("attention")]


async def simulated(store: Store, seed: int) -> Simulation:
    """The two categories in shadow."""
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
    supervisor = await hire(store, "sue", Role.SUPERVISOR)
    wish = Wish(state=State.SHADOW, target_error=TARGET, confidence=CONFIDENCE, audit_rate=AUDIT_RATE)
    for pair in (STALE, INVADED):
        async with store.transaction() as uow:
            await set_policy(uow, supervisor, *pair, wish)
    return Simulation(store, supervisor, seed)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", SEEDS)
async def test_the_error_is_kept_and_a_changed_world_is_noticed(store: Store, seed: int) -> None:
    simulation = await simulated(store, seed)
    await simulation.run(MESSAGES // 2)
    before = simulation.account
    assert {pair: row.state for pair, row in (await simulation.policies()).items()} == dict.fromkeys(
        (STALE, INVADED), State.ON
    )
    for pair in (STALE, INVADED):
        answered, wrong = before.answered[pair, False], before.wrong[pair, False]
        assert answered > 500, pair
        assert wrong <= TARGET * answered, pair
    assert await simulation.falls() == []

    simulation.world.changed = True
    await simulation.run(MESSAGES // 2)
    account = simulation.account
    assert account.answered[STALE, True] <= AUDIT_DELAY
    assert account.asked_after[INVADED] <= SHIFT_DELAY
    assert {row.state for row in (await simulation.policies()).values()} == {State.SHADOW}
    assert sorted(await simulation.falls()) == [f"{INVADED[0]} drift", f"{STALE[0]} error"]
    assert account.complaints_answered == 0
