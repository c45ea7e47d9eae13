"""A64: thousands of votes, or fast feedback, of one agent or one customer do not move the model."""

import shutil

import pytest
from sqlalchemy import func, select, text

from contactcenter.app.retraining import Order, retrain, roll_back
from contactcenter.settings import Settings
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets.feedback import Judgement, labelled, record
from contactcenter.tickets.model_history import list_changes
from contactcenter.tickets.records import Feedback
from contactcenter.triage import feedback
from tests.integration.app.learning import WORDS, live, say, texts, ticketed, train_live
from tests.integration.office import hire

PARCELS = WORDS["order_status"]

_TEN_THOUSAND = text(
    """
    WITH votes AS (
        INSERT INTO message (id, channel, direction, received_at, created_at, identity, visible_text)
        SELECT gen_random_uuid(), 'email', 'in', now(), now(), 'email:c' || n || '@example.org', 'where is my parcel'
        FROM generate_series(1, 10000) n RETURNING id
    )
    INSERT INTO feedback (id, message_id, head, label, agent_id, at)
    SELECT gen_random_uuid(), id, 'category', 'billing', :eve, now() FROM votes
    """
)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    train_live(folder)
    return folder


@pytest.fixture
async def settings(store, tmp_path, models):
    shutil.copytree(models, tmp_path / "models")
    return Settings(data=tmp_path, triage={"model": "small"})


async def test_ten_thousand_votes_of_one_agent_in_a_day_count_as_forty(store):
    eve = await hire(store, "eve")
    async with store.transaction() as uow:
        await uow.session.execute(_TEN_THOUSAND, {"eve": eve.agent_id})
    async with store.read() as uow:
        words = await labelled(uow)
    assert (len(words), len(feedback.capped(words))) == (10_000, feedback.AUTHOR_DAY_CAP)


async def test_the_haste_of_one_agent_publishes_nothing(store, settings):
    eve = await hire(store, "eve")
    await say(store, [eve], await ticketed(store, settings, texts(PARCELS, 600)), "billing")
    outcome = await retrain(store, settings)
    assert (outcome.said, outcome.learnt + outcome.measured) == (600, feedback.AUTHOR_DAY_CAP)
    assert not outcome.published
    assert live(settings).version == outcome.live


async def test_a_thousand_mails_of_one_customer_count_as_three_whoever_sorts_them(store, settings):
    agents = [await hire(store, name) for name in ("ann", "bob", "cyd")]
    mails = await ticketed(store, settings, texts(PARCELS, 1_000), customers=1)
    await say(store, agents, mails, "billing")
    async with store.read() as uow:
        counted = feedback.capped(await labelled(uow))
    assert len(counted) == feedback.CUSTOMER_CAP


async def test_ten_thousand_votes_on_one_message_are_one(store, settings):
    eve = await hire(store, "eve", Role.ADMIN)
    (message,) = await ticketed(store, settings, ["where is my parcel"])
    for label in ("billing", "refund") * 20:
        async with store.transaction() as uow:
            await record(uow, eve, message.id, [Judgement("category", label)])
    async with store.read() as uow:
        stand = select(func.count()).select_from(Feedback).where(Feedback.stands)
        assert await uow.session.scalar(stand) == 1
        assert [one.label for one in await labelled(uow)] == ["refund"]


async def test_neither_customers_nor_the_machine_have_a_vote(store, settings):
    (message,) = await ticketed(store, settings, ["where is my parcel"])
    async with store.transaction() as uow:
        assert await record(uow, MACHINE, message.id, [Judgement("category", "billing")]) == []
        assert await labelled(uow) == []


async def test_agents_who_conspire_are_stopped_by_the_hold_out(store, settings):
    gang = [await hire(store, f"eve{n}") for n in range(8)]
    votes = await ticketed(store, settings, texts(PARCELS, 320, tell_apart=False))
    await say(store, gang, votes, "billing")
    outcome = await retrain(store, settings)
    assert outcome.learnt + outcome.measured == 320
    assert not outcome.published
    assert any(reason.startswith("category") for reason in outcome.reasons)
    assert live(settings).version == outcome.live
    async with store.read() as uow:
        assert [one.kind for one in await list_changes(uow)] == ["refused"]


async def test_a_poisoned_model_published_by_order_is_rolled_back_by_one_command(store, settings):
    gang = [await hire(store, f"eve{n}") for n in range(8)]
    await say(store, gang, await ticketed(store, settings, texts(PARCELS, 320)), "billing")
    outcome = await retrain(store, settings, order=Order.PUBLISH)
    assert live(settings).version == outcome.candidate
    await roll_back(store, settings)
    assert live(settings).version == outcome.live
