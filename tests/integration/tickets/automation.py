"""A category with decisions in the database, and people who judge them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select, text

from contactcenter import clock
from contactcenter.conversations.records import Message
from contactcenter.settings import Settings
from contactcenter.staff.access import Actor, Role
from contactcenter.store.schema import table_of
from contactcenter.store.store import Store
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.automation import control
from contactcenter.tickets.automation.audits import Judgement, judge
from contactcenter.tickets.automation.policies import Wish, locked_policy, set_policy
from contactcenter.tickets.automation.records import (
    AnswerDecision,
    AnswerPolicy,
    AnswerPolicyChange,
    State,
    Verdict,
)
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.office import hire

PAIR = ("refund", "en")


class Automation:
    """One category, a supervisor and an agent."""

    def __init__(self, store: Store, supervisor: Actor, agent: Actor) -> None:
        self.store, self.supervisor, self.agent = store, supervisor, agent

    async def policy(self) -> AnswerPolicy:
        async with self.store.transaction() as uow:
            return await locked_policy(uow, *PAIR)

    async def set(self, actor: Actor | None = None, version: int | None = None, **wish) -> AnswerPolicy:
        async with self.store.transaction() as uow:
            return await set_policy(uow, actor or self.supervisor, *PAIR, Wish(**wish), expected_version=version)

    async def decided(self, count: int, *, verdict="", score=0.97, drawn=True, days_ago=0, **fields) -> list[str]:
        """Decisions of the present epoch; returns the ids of their messages."""
        policy = await self.policy()
        at = clock.now() - timedelta(days=days_ago)
        ids = [clock.new_id() for _ in range(count)]
        values = {"category": PAIR[0], "language": PAIR[1], "epoch": policy.epoch, "threshold": 0.9, "model": "m"}
        values |= {"score": score, "drawn": drawn, "verdict": verdict, "at": at, "judged_at": at if verdict else None}
        values |= {"action": "answered" if policy.state in {State.SHIPPED, State.ON} else "shadow"} | fields
        async with self.store.transaction() as uow:
            messages = [Message(id=name, channel="email", direction="in", assessment={}).model_dump() for name in ids]
            await uow.session.execute(insert(table_of(Message)), messages)
            rows = [AnswerDecision(message_id=name, **values).model_dump() for name in ids]
            await uow.session.execute(insert(table_of(AnswerDecision)), rows)
        return ids

    async def judge(self, message_id: str, verdict=Verdict.RIGHT, actor: Actor | None = None, **more) -> None:
        async with self.store.transaction() as uow:
            await judge(uow, actor or self.supervisor, message_id, Judgement(Verdict(verdict), **more))

    async def judged(self, count: int, verdict=Verdict.RIGHT, **fields) -> None:
        """So many judged decisions, the last of them by a person at this moment."""
        await self.decided(count - 1, verdict=verdict, **fields)
        (last,) = await self.decided(1, **fields)
        await self.judge(last, verdict)

    async def proven(self) -> AnswerPolicy:
        """On, with a threshold that judged answers prove."""
        await self.set(state=State.SHADOW)
        await self.judged(control.look_size(await self.policy()))
        return await self.set(state=State.ON)

    async def watch(self) -> None:
        async with self.store.transaction() as uow:
            await control.watch(uow)

    async def changes(self) -> list[AnswerPolicyChange]:
        async with self.store.read() as uow:
            return list(await uow.session.scalars(select(AnswerPolicyChange).order_by(AnswerPolicyChange.id)))


async def automation(store: Store) -> Automation:
    """The office of a fresh instance."""
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
    supervisor = await hire(store, "sue", Role.SUPERVISOR)
    return Automation(store, supervisor, await hire(store, "ann", Role.AGENT, ["service", "billing"]))


async def mails_to_staff(uow: UnitOfWork) -> int:
    """Notices that wait to be sent."""
    count = await uow.session.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'notify'"))
    return int(count or 0)
