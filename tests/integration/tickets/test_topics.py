import pytest
from sqlalchemy import delete, func, select

from contactcenter.app.new_topics import look_for_topics
from contactcenter.conversations.records import Message
from contactcenter.errors import Conflict, Forbidden, InvalidInput
from contactcenter.knowledge.articles import get_article
from contactcenter.settings import Settings
from contactcenter.staff.access import Role
from contactcenter.tickets import feedback, topics
from contactcenter.tickets.records import Feedback, Topic, TopicMessage
from contactcenter.tickets.routing import routing_table
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.office import hire, mail, ticket

DRONE = (
    "the drone dropped my box on the roof",
    "a drone left the box on our roof",
    "box on the roof again, that drone",
)


@pytest.fixture
async def lead(store):
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
    return await hire(store, "lead", Role.SUPERVISOR)


async def wrote(store, count, *, texts=DRONE, label="other", probability=0.9, start=0):
    """Tickets of different customers, opened by messages the model was unsure of (or not)."""
    for n in range(start, start + count):
        await ticket(store, texts[n % len(texts)], identity=mail(f"c{n}@example.org"), subject="")
        said = {"category": {"label": label, "probability": probability}, "model": "m@1"}
        async with store.transaction() as uow:
            message = await uow.session.scalar(select(Message).order_by(Message.id.desc()).limit(1))
            message.assessment, message.language = said, "en"


async def look(store, tmp_path):
    return await look_for_topics(store, Settings(data=tmp_path))


async def the_topic(store, lead, state="open"):
    async with store.read() as uow:
        (found,) = await topics.list_topics(uow, lead, state)
        return found


async def test_what_the_model_was_unsure_of_becomes_a_topic_with_its_messages(store, lead, tmp_path):
    await wrote(store, 7)
    await wrote(store, 3, probability=0.3, label="refund", start=7)
    assert await look(store, tmp_path) == 1
    found = await the_topic(store, lead)
    assert (found.count, found.customers, found.recent, found.before) == (10, 10, 10, 0)
    assert "drone" in found.name
    async with store.read() as uow:
        shown = await topics.examples(uow, found)
    assert len(shown) == topics.EXAMPLES
    assert all(one.ticket for one in shown)


async def test_what_the_model_was_sure_of_and_what_people_sorted_is_no_topic(store, lead, tmp_path):
    await wrote(store, 10, label="refund")
    assert await look(store, tmp_path) == 0
    await wrote(store, 6, start=20)
    async with store.transaction() as uow:
        for message_id in (await uow.session.scalars(select(Message.id).order_by(Message.id.desc()).limit(3))).all():
            await feedback.record(uow, lead, message_id, [feedback.Judgement("category", "order_status")])
    assert await look(store, tmp_path) == 0


async def test_looking_again_grows_the_same_topic_and_drops_what_is_gone(store, lead, tmp_path):
    await wrote(store, 6)
    await look(store, tmp_path)
    first = await the_topic(store, lead)
    await wrote(store, 6, start=6)
    await look(store, tmp_path)
    again = await the_topic(store, lead)
    assert (again.id, again.name, again.count) == (first.id, first.name, 12)
    async with store.transaction() as uow:
        await uow.session.execute(delete(TopicMessage))
        for message in await uow.session.scalars(select(Message)):
            message.assessment = {"category": {"label": "refund", "probability": 0.9}}
    assert await look(store, tmp_path) == 0
    async with store.read() as uow:
        assert await topics.list_topics(uow, lead, "") == []


async def test_a_dismissed_topic_stays_dismissed_for_clusters_like_it(store, lead, tmp_path):
    await wrote(store, 6)
    await look(store, tmp_path)
    async with store.transaction() as uow:
        await topics.dismiss(uow, lead, (await topics.list_topics(uow, lead))[0].id)
    await wrote(store, 4, start=6)
    assert await look(store, tmp_path) == 0
    found = await the_topic(store, lead, "dismissed")
    assert found.count == 10
    async with store.transaction() as uow:
        assert (await topics.reopen(uow, lead, found.id)).state == "open"


async def test_a_category_of_a_topic_is_taught_by_its_examples_and_never_answered(store, lead, tmp_path):
    await wrote(store, 12)
    await look(store, tmp_path)
    found = await the_topic(store, lead)
    async with store.transaction() as uow:
        made = await topics.make_category(uow, lead, found.id, key="drones", name="Drones", queue="claims")
        assert (made.name, made.name_zh, made.auto_answer) == ("Drones", "Drones", False)
        table = await routing_table(uow)
        assert table.category_queues["drones"] == table.queues["claims"]
        assert "drones" not in table.answerable
        rows = (await uow.session.scalars(select(Feedback))).all()
        assert {(one.label, one.source, one.weight) for one in rows} == {("drones", "topic", 0.5)}
        assert len(rows) == topics.EXAMPLES
    async with store.transaction() as uow:
        with pytest.raises(Conflict):
            await topics.make_category(uow, lead, found.id, key="more_drones")


async def test_a_draft_of_a_topic_answers_nobody_and_asks_as_customers_do(store, lead, tmp_path):
    await wrote(store, 9)
    await look(store, tmp_path)
    async with store.transaction() as uow:
        found = (await topics.list_topics(uow, lead))[0]
        made = await topics.make_article(uow, lead, found.id)
        article = await get_article(uow, made.id)
        assert (article.status, article.title, article.language) == ("draft", found.name, "en")
        assert set(article.questions) == set(DRONE)
        assert (await topics.get_topic(uow, lead, found.id)).state == "article"


@pytest.mark.parametrize("key", ["Drones", "d", "drones!", "x" * 41])
async def test_a_category_needs_a_key_that_is_one(store, lead, tmp_path, key):
    async with store.transaction() as uow:
        topic = Topic(name="drone", terms=["drone"], language="en")
        uow.session.add(topic)
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput):
            await topics.make_category(uow, lead, topic.id, key=key)


async def test_topics_are_for_supervisors_and_a_taken_key_is_a_conflict(store, lead):
    ann = await hire(store, "ann", queues=["service"])
    async with store.transaction() as uow:
        topic = Topic(name="drone", terms=["drone"], language="en")
        uow.session.add(topic)
        await uow.session.flush()
        with pytest.raises(Forbidden):
            await topics.list_topics(uow, ann)
        with pytest.raises(Conflict):
            await topics.make_category(uow, lead, topic.id, key="refund")


async def test_an_erased_message_leaves_its_topic(store, lead, tmp_path):
    await wrote(store, 6)
    await look(store, tmp_path)
    async with store.transaction() as uow:
        first = await uow.session.scalar(select(Message.id).limit(1))
        await uow.session.execute(delete(Message).where(Message.id == first))
        assert await uow.session.scalar(select(func.count()).select_from(TopicMessage)) == 5
    async with store.read() as uow:
        assert len(await topics.unsure(uow)) == 5
