import asyncio

import pytest
from sqlalchemy import delete, select

from contactcenter.conversations.records import Conversation, Message
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.knowledge.articles import create_article
from contactcenter.settings import Settings
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets import desk, feedback, judging
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.feedback import Judgement
from contactcenter.tickets.records import Feedback, FeedbackSource
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.office import counted, hire, mail, ticket, write

SAID = {
    "category": {"label": "other", "probability": 0.4},
    "urgency": {"label": "normal"},
    "sentiment": {"label": "neutral"},
    "complaint": {"probability": 0.1, "kind": None},
    "model": "m@1",
}


@pytest.fixture
async def ann(store):
    return await hire(store, "ann", queues=["service"])


@pytest.fixture
async def question(store, ann):
    """Number of a ticket and id of the message it was sorted by."""
    number = await ticket(store, category="other")
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
        opened = await access_ticket(uow, MACHINE, number)
        message = await uow.session.scalar(select(Message).where(Message.conversation_id == opened.conversation_id))
        message.assessment = SAID
        return number, message.id


async def stands(store, message_id):
    async with store.read() as uow:
        return [(one.head, one.label, one.was) for one in await feedback.standing(uow, message_id)]


async def say(store, actor, message_id, *judgements, source=FeedbackSource.CORRECTION):
    async with store.transaction() as uow:
        await feedback.record(uow, actor, message_id, [Judgement(*one) for one in judgements], source)


async def test_the_last_word_on_a_message_and_head_counts(store, ann, question):
    _, message_id = question
    await say(store, ann, message_id, ("category", "refund"), ("urgency", "high"))
    await say(store, ann, message_id, ("category", "billing"))
    assert await stands(store, message_id) == [("urgency", "high", "normal"), ("category", "billing", "other")]
    async with store.read() as uow:
        assert len(await feedback.history(uow, message_id)) == 3


async def test_a_correction_taken_back_is_no_word_at_all_and_a_confirmation_is_one(store, ann, question):
    _, message_id = question
    await say(store, ann, message_id, ("category", "refund"))
    await say(store, ann, message_id, ("category", "other"))
    assert await stands(store, message_id) == []
    await say(store, ann, message_id, ("category", "other"))
    assert await stands(store, message_id) == [("category", "other", "other")]


async def test_of_two_who_speak_at_once_one_is_the_last(store, ann, question):
    _, message_id = question
    labels = ["refund", "billing", "fees", "card", "quote"]
    await asyncio.gather(*(say(store, ann, message_id, ("category", label)) for label in labels))
    assert len(await stands(store, message_id)) == 1


async def test_the_machine_is_not_heard(store, question):
    _, message_id = question
    await say(store, MACHINE, message_id, ("category", "refund"))
    assert await stands(store, message_id) == []


@pytest.mark.parametrize("wrong", [("category", "nonsense"), ("urgency", "very"), ("colour", "red"), ("complaint", "")])
async def test_a_label_that_there_is_not_is_refused(store, ann, question, wrong):
    with pytest.raises(InvalidInput):
        await say(store, ann, question[1], wrong)


async def test_a_message_of_ours_is_nothing_to_speak_of(store, ann, question):
    async with store.transaction() as uow:
        ours = await write(uow, mail(), "we answer", direction="out")
    for message_id in (ours.id, "no-id", "00000000-0000-7000-8000-000000000000"):
        with pytest.raises(NotFound):
            await say(store, ann, message_id, ("urgency", "high"))


async def test_what_was_said_dies_with_the_message_and_holds_no_text(store, ann, question):
    _, message_id = question
    await say(store, ann, message_id, ("category", "refund"))
    async with store.transaction() as uow:
        kept = (await uow.session.scalars(select(Feedback))).one()
        assert "Where is my order" not in kept.model_dump_json()
        await uow.session.execute(delete(Message).where(Message.id == message_id))
        assert (await uow.session.scalars(select(Feedback))).all() == []


async def test_the_ticket_follows_what_is_said_of_its_message_and_stays_in_its_queue(store, ann, question):
    number, message_id = question
    async with store.transaction() as uow:
        labels = {"category": "claim_report", "sentiment": "negative", "urgency": "high"}
        await judging.judge_message(uow, ann, message_id, labels)
        opened = await access_ticket(uow, ann, number)
        assert (opened.category, opened.sentiment, opened.priority) == ("claim_report", "negative", "normal")
    assert len(await stands(store, message_id)) == 3


async def test_the_ticket_moves_where_that_is_wanted(store, ann, question):
    number, message_id = question
    lead = await hire(store, "lead", Role.SUPERVISOR)
    async with store.transaction() as uow:
        await judging.judge_message(uow, lead, message_id, {"category": "claim_report"}, move_queue=True)
    with pytest.raises(NotFound):
        async with store.read() as uow:
            await access_ticket(uow, ann, number)


async def test_a_follow_up_is_spoken_of_alone(store, ann, question):
    number, _ = question
    async with store.transaction() as uow:
        opened = await access_ticket(uow, ann, number)
        conversation = await uow.session.get(Conversation, opened.conversation_id)
        later = await write(uow, mail(), "and my card?", conversation=conversation, assessment=SAID)
        await judging.judge_message(uow, ann, later.id, {"category": "card"})
        assert (await access_ticket(uow, ann, number)).category == "other"
    assert await stands(store, later.id) == [("category", "card", "other")]


async def follow_up(store, number, text="This is a scandal", kind=None):
    async with store.transaction() as uow:
        opened = await access_ticket(uow, MACHINE, number)
        conversation = await uow.session.get(Conversation, opened.conversation_id)
        said = {**SAID, "complaint": {"probability": 0.5, "kind": kind}}
        return (await write(uow, mail(), text, conversation=conversation, assessment=said)).id


async def mark(store, actor, number, complaint, **about):
    async with store.transaction() as uow:
        await desk.mark_complaint(uow, actor, await access_ticket(uow, actor, number), complaint, **about)


async def test_a_ticket_that_becomes_a_complaint_was_made_one_by_its_newest_message(store, question):
    number, first = question
    boss = await hire(store, "boss", Role.ADMIN)
    later = await follow_up(store, number)
    await mark(store, boss, number, True)
    assert (await stands(store, first), await stands(store, later)) == ([], [("complaint", "yes", "no")])
    newest = await follow_up(store, number, "Thank you")
    await mark(store, boss, number, False)  # takes back what was said, of the message it was said of
    assert [await stands(store, one) for one in (first, later, newest)] == [[], [], []]


async def test_who_says_that_it_is_no_complaint_means_the_message_that_was_called_one(store, question):
    number, first = question
    boss = await hire(store, "boss", Role.ADMIN)
    called = await follow_up(store, number, "I would like to complain about the weather", kind="service")
    async with store.transaction() as uow:
        (await access_ticket(uow, boss, number)).complaint = True  # as routing made it
    newest = await follow_up(store, number, "And thank you")
    await mark(store, boss, number, False)
    assert [await stands(store, one) for one in (first, newest)] == [[], []]
    assert ("complaint", "no", "yes") in await stands(store, called)


async def test_undoing_a_correction_at_the_desk_leaves_nothing(store, ann, question):
    number, message_id = question
    async with store.transaction() as uow:
        opened = await access_ticket(uow, ann, number)
        await desk.correct_category(uow, ann, opened, "refund", move_queue=False)
        await desk.correct_category(uow, ann, opened, "other", move_queue=False)
    assert await stands(store, message_id) == []


@pytest.mark.parametrize(
    ("reply", "source"),
    [
        ("Hello Carol, open Settings and choose Reset. Then look into your mail.", FeedbackSource.USED),
        ("Dear Carol, please open Settings, choose Reset, then wait an hour for it", FeedbackSource.EDITED),
        ("We shall call you tomorrow about the broken kettle and your refund.", FeedbackSource.REJECTED),
    ],
)
def test_a_reply_tells_whether_a_suggestion_was_used(reply, source):
    assert judging.usage("Hello Carol, open Settings and choose Reset. Then look into your mail.", reply) is source


def test_a_chinese_reply_is_compared_by_its_characters():
    suggested = "您好，请打开设置，选择重置密码，然后查看邮箱。"
    assert judging.usage(suggested, suggested + "谢谢") is FeedbackSource.USED
    assert judging.usage(suggested, "我们明天给您回电话") is FeedbackSource.REJECTED


async def test_what_became_of_suggestions_is_kept_by_article(store, ann, question):
    number, message_id = question
    async with store.transaction() as uow:
        used = await create_article(uow, title="Reset", text="Open settings and reset.", language="en")
        other = await create_article(uow, title="Hours", text="We are open from nine.", language="en")
        opened = await access_ticket(uow, ann, number)
        shown = [other.id, used.id, "nonsense"]
        await judging.judge_suggestions(uow, ann, opened, "Open settings and reset.", inserted=[used.id], shown=shown)
        await judging.judge_suggestions(uow, ann, opened, "Something else", inserted=[], shown=shown)
        kept = {one.article_id: (one.label, one.source, one.weight) for one in await feedback.standing(uow, message_id)}
    assert kept == {used.id: ("right", "used", 1.0), other.id: ("wrong", "rejected", 0.25)}


async def test_all_that_stands_is_read_in_one_statement_with_its_texts(store, ann, question):
    _, message_id = question
    await say(store, ann, message_id, ("category", "refund"), ("urgency", "high"))
    with counted(store) as statements:
        async with store.read() as uow:
            words = await feedback.labelled(uow)
    assert len(statements) == 1
    assert {(one.head, one.label, one.was, one.author) for one in words} == {
        ("category", "refund", "other", ann.agent_id),
        ("urgency", "high", "normal", ann.agent_id),
    }
    assert {one.text for one in words} == {"A question\nWhere is my order?"}
