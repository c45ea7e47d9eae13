"""Solved tickets like one at hand: which of them, for whom, in what order, at what cost, and with whose name."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Conversation, Message
from contactcenter.envelope import AuthorType
from contactcenter.knowledge import understanding
from contactcenter.store.search import query_literal
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.openings import last_words
from contactcenter.tickets.records import Ticket
from contactcenter.tickets.similar import candidates, similar_solved
from tests.integration.knowledge.test_meaning import attached
from tests.integration.office import counted, hire, mail, plan, ticket, write
from tests.unit.knowledge.concepts import Concepts

LAMP = "The lamp on my garden wall flickers since the storm. Can it be repaired?"
ANSWER = "Dear Lena Brandt,\n\nTurn the screw below the lamp. Write to lena@mail.example about #{number}."


@pytest.fixture
async def ann(store):
    return await hire(store, "ann", queues=["service"])


async def solved(store, text=LAMP, *, answer=ANSWER, queue="service", name="Lena Brandt", resolve=True, **fields):
    """Number of a ticket that an agent who works there has answered and resolved."""
    identity = mail(f"{clock.new_id()}@mail.example", name)
    number = await ticket(
        store, text, identity=identity, queue=queue, **{"subject": "Lamp", "language": "en", **fields}
    )
    bo = await hire(store, f"bo-{clock.new_id()}", queues=[queue])
    async with store.transaction() as uow:
        found = await access_ticket(uow, bo, number)
        if answer:
            await desk.reply(uow, bo, found, text=answer.format(number=number))
        if resolve:
            await desk.resolve(uow, bo, found)
    return number


async def change(store, number, **fields):
    async with store.transaction() as uow:
        await uow.session.execute(update(Ticket).where(col(Ticket.number) == number).values(**fields))


async def waiting(store, text=LAMP, **fields):
    """Number of a ticket of Carol's that nobody has answered."""
    return await ticket(store, text, identity=mail(name="Carol White"), subject="My lamp", language="en", **fields)


async def found_for(store, actor, number, **options):
    async with store.read() as uow:
        at_hand = await access_ticket(uow, actor, number)
        question = await last_words(uow, at_hand.conversation_id)
        return await similar_solved(uow, actor, at_hand, question, **options)


async def test_a_solved_ticket_is_found_with_its_answer_for_this_customer(store, ann):
    number = await solved(store)
    (one,) = await found_for(store, ann, await waiting(store))
    assert (one.number, one.subject) == (number, "Lamp")
    assert one.reply == "Dear Carol White,\n\nTurn the screw below the lamp. Write to […] about […]."
    assert one.agent.startswith("bo-")
    assert 0.3 < one.score <= 1
    assert clock.now() - one.resolved_at < timedelta(minutes=1)


async def test_a_ticket_of_a_queue_the_agent_does_not_work_is_never_found(store, ann):
    await solved(store, queue="claims")
    at_hand = await waiting(store)
    assert await found_for(store, ann, at_hand) == []
    cleo = await hire(store, "cleo", queues=["service", "claims"])
    assert len(await found_for(store, cleo, at_hand)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "open"},
        {"status": "pending"},
        {"complaint": True},
        {"language": "zh"},
        {"tags": ["spam"]},
        {"tags": ["forged"]},
        {"resolved_at": timedelta(days=366)},
        {"resolved_at": timedelta(hours=1)},  # what was said since did not solve it
    ],
    ids=str,
)
async def test_what_is_not_solved_or_not_fit_is_left_out(store, ann, fields):
    number = await solved(store)
    at_hand = await waiting(store)
    assert len(await found_for(store, ann, at_hand)) == 1
    ago = {name: clock.now() - value for name, value in fields.items() if isinstance(value, timedelta)}
    await change(store, number, **{**fields, **ago})
    assert await found_for(store, ann, at_hand) == []


async def test_a_ticket_without_an_agents_answer_is_left_out(store, ann):
    await solved(store, answer="")
    by_machine = await solved(store)
    await change_messages(store, by_machine, author_type=AuthorType.MACHINE)
    forwarded = await solved(store)
    await change_messages(store, forwarded, subject="Fwd: Lamp")
    noted = await solved(store)
    await change_messages(store, noted, kind="note")
    assert await found_for(store, ann, await waiting(store)) == []


async def change_messages(store, number, direction="out", **fields):
    """Change what was said on a ticket, by the table."""
    async with store.transaction() as uow:
        ours = select(col(Ticket.conversation_id)).where(col(Ticket.number) == number).scalar_subquery()
        wanted = (col(Message.conversation_id) == ours, col(Message.direction) == direction)
        await uow.session.execute(update(Message).where(*wanted).values(**fields))


@pytest.mark.parametrize("fields", [{"state": "quarantined"}, {"state": "blocked"}, {"automatic": True}], ids=str)
async def test_what_no_customer_of_ours_wrote_finds_nothing(store, ann, fields):
    await change_messages(store, await solved(store), "in", **fields)
    assert await found_for(store, ann, await waiting(store)) == []


async def test_floods_and_merged_tickets_are_left_out(store, ann):
    flood = await solved(store)
    async with store.transaction() as uow:
        ours = select(col(Ticket.conversation_id)).where(col(Ticket.number) == flood).scalar_subquery()
        await uow.session.execute(update(Conversation).where(col(Conversation.id) == ours).values(flood_of="x"))
    merged, target = await solved(store), await ticket(store, "Something else", queue="service")
    async with store.read() as uow:
        into = (await access_ticket(uow, ann, target)).id
    await change(store, merged, merged_into_id=into)
    assert await found_for(store, ann, await waiting(store)) == []


async def test_the_ticket_itself_is_not_like_itself(store, ann):
    number = await solved(store)
    assert await found_for(store, ann, number) == []


async def test_the_most_like_it_come_first_and_the_unlike_not_at_all(store, ann):
    distant = await solved(store, "The lamp in my car flickers, can it be repaired?", answer="Not by us.")
    near = await solved(store)
    await solved(
        store,
        "How long do refunds to a credit card take? My garden centre asks.",
        subject="Refund",
        answer="Five days.",
    )
    found = await found_for(store, ann, await waiting(store))
    assert [one.number for one in found] == [near, distant]
    assert found[0].score > found[1].score
    assert [one.number for one in await found_for(store, ann, await waiting(store), limit=1)] == [near]


async def test_the_same_answer_is_shown_once(store, ann):
    for name in ("Lena Brandt", "Tom Archer"):
        await solved(store, answer=f"Dear {name}, turn the screw.", name=name)
    assert [one.reply for one in await found_for(store, ann, await waiting(store))] == [
        "Dear Carol White, turn the screw."
    ]


async def test_the_last_answer_before_it_was_solved_is_taken_and_of_its_text_nothing_else(store, ann):
    number = await solved(store, answer="We shall see.", resolve=False)
    async with store.transaction() as uow:
        at_hand = await access_ticket(uow, ann, number)
        await desk.reply(uow, ann, at_hand, text="Turn the screw.")
        await desk.note(uow, ann, at_hand, "Lena is a friend of mine.")
        await desk.resolve(uow, ann, at_hand)
    (one,) = await found_for(store, ann, await waiting(store))
    assert (one.reply, one.agent) == ("Turn the screw.", "ann")


async def test_a_chinese_ticket_finds_a_chinese_one(store, ann):
    await solved(store, "花园墙上的灯一直闪，能修吗？", language="zh", name="王小雨", answer="王女士您好，请拧紧螺丝。")
    asked = "我家花园的灯一直闪，请问能修吗"
    number = await ticket(store, asked, identity=mail(name="周敏"), subject="灯", language="zh")
    assert [one.reply for one in await found_for(store, ann, number)] == ["周敏您好，请拧紧螺丝。"]


async def test_meaning_weighs_where_there_is_an_encoder(store, ann):
    encoder = Concepts()
    sense = attached(store, encoder)
    await solved(store, "Forgot my password again, and it is urgent", answer="Open the page.")
    at_hand = await waiting(store, "password")
    (one,) = await found_for(store, ann, at_hand)
    once = encoder.encoded
    assert await found_for(store, ann, at_hand) == [one]
    assert encoder.encoded == once + 1  # what was compared is remembered, only the question is read again
    sense.close()
    understanding._attached.pop(store.engine)
    assert all(again.score < one.score for again in await found_for(store, ann, at_hand))


async def test_two_statements_however_many_are_found(store, ann):
    for index in range(4):
        await solved(store, answer=f"Answer {index}")
    number = await waiting(store)
    async with store.read() as uow:
        at_hand = await access_ticket(uow, ann, number)
        with counted(store) as statements:
            assert len(await similar_solved(uow, ann, at_hand, LAMP)) == 3
        assert len(statements) == 2
        with counted(store) as statements:
            assert await similar_solved(uow, ann, at_hand, "the and of") == []
        assert statements == []


async def test_candidates_are_found_by_indexes(store, ann):
    number = await waiting(store)
    async with store.read() as uow:
        at_hand = await access_ticket(uow, ann, number)
        lines = await plan(uow, candidates(ann, at_hand, query_literal(["garden lamp"], any_of=True)))
    assert "ix_message_search" in lines
    assert "Seq Scan" not in lines


async def test_a_question_is_what_was_written_last(store, ann):
    number = await waiting(store)
    async with store.transaction() as uow:
        at_hand = await access_ticket(uow, ann, number)
        conversation = await uow.session.get(Conversation, at_hand.conversation_id)
        assert await last_words(uow, conversation.id) == f"My lamp\n{LAMP}"
        await write(uow, mail(), "Any news?", "Re: My lamp", conversation)
        assert await last_words(uow, conversation.id) == "Re: My lamp\nAny news?"
        assert await last_words(uow, clock.new_id()) == ""
