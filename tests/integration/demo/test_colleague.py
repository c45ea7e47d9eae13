"""The demo's colleague judges like anybody else, and leaves something for visitors."""

from sqlalchemy import func, select
from sqlmodel import col

from contactcenter.conversations.records import Message
from contactcenter.demo.colleague import LEFT, WISHES, ask_for_audits, judge_one
from contactcenter.demo.seed import seed
from contactcenter.knowledge.records import Article
from contactcenter.settings import Settings
from contactcenter.tickets.automation.policies import list_policies
from contactcenter.tickets.automation.records import AnswerDecision
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.office import ticket


async def opened(store):
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
    await seed(store)
    await ask_for_audits(store)


async def drawn(store, category):
    number = await ticket(store)
    async with store.transaction() as uow:
        found = await uow.session.scalar(select(Ticket).where(col(Ticket.number) == number))
        message = await uow.session.scalar(select(Message).where(Message.conversation_id == found.conversation_id))
        article = await uow.session.scalar(select(Article).where(col(Article.category) == "refund").limit(1))
        values = {"category": category, "language": "en", "action": "shadow", "drawn": True, "article_id": article.id}
        uow.session.add(AnswerDecision(message_id=message.id, **values))


async def verdicts(store):
    query = select(AnswerDecision.verdict, func.count()).group_by(AnswerDecision.verdict)
    async with store.read() as uow:
        return dict((await uow.session.execute(query)).all())


async def test_he_judges_the_oldest_and_leaves_some(store):
    await opened(store)
    for category in ("refund", "billing", *["refund"] * LEFT):
        await drawn(store, category)
    for _ in range(4):
        async with store.transaction() as uow:
            await judge_one(uow)
    assert await verdicts(store) == {"right": 1, "unsure": 1, "": LEFT}


async def test_the_rates_are_asked_for_once(store):
    await opened(store)
    await ask_for_audits(store)
    async with store.read() as uow:
        found = {(one.category, one.language): one for one in await list_policies(uow)}
    assert {found[pair].version for pair in WISHES} == {2}
    assert found["refund", "en"].state == "shadow"
