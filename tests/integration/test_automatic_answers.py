"""Automatic answers on the way of a message: what a category's state sends, keeps and draws, and what it costs."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contactcenter.knowledge import articles
from contactcenter.staff.access import Role
from contactcenter.tickets.automation.audits import list_audits
from contactcenter.tickets.automation.policies import Wish, set_policy
from contactcenter.tickets.automation.records import AnswerDecision, State
from tests.attacks.house import Clerk, PostRoom, mail
from tests.integration.office import counted, hire

QUESTION = "When are you open on Saturdays?"
TEXT = "We are open from nine to five."
PAIR = ("opening_hours", "en")


async def office(store, state=None, *, clerk=None, **wish):
    """A post room with one article on the question; ``state`` is what a supervisor chose."""
    room = await PostRoom(store, clerk or Clerk()).open("opening_hours")
    async with store.transaction() as uow:
        told = {"title": "Opening hours", "text": TEXT, "status": "published", "questions": [QUESTION]}
        await articles.create_article(uow, language="en", category="opening_hours", **told)
    room.supervisor = await hire(store, "sue", Role.SUPERVISOR)
    if state is not None:
        async with store.transaction() as uow:
            await set_policy(uow, room.supervisor, *PAIR, Wish(state=state, **wish))
    return room


async def decided(store):
    async with store.read() as uow:
        return list(await uow.session.scalars(select(AnswerDecision).order_by(AnswerDecision.message_id)))


async def test_a_category_as_shipped_answers_and_the_decision_is_kept(store):
    room = await office(store)
    await room.take(mail(body=QUESTION))
    (ticket,) = await room.tickets()
    (decision,) = await decided(store)
    assert (ticket.answered_by, decision.action, decision.conversation_id) == (
        "machine",
        "answered",
        ticket.conversation_id,
    )
    assert decision.score >= decision.threshold == 0.5


async def test_in_shadow_nothing_is_sent_and_the_answer_is_kept_for_who_judges(store):
    room = await office(store, State.SHADOW, shadow_rate=1.0)
    await room.take(mail(body=QUESTION))
    (ticket,) = await room.tickets()
    (message,) = await room.messages()
    assert (ticket.answered_by, ticket.status) == ("", "new")
    assert message.assessment["decision"] == "suggest"
    assert message.trace["reasons"] == ["its category is answered in shadow only"]
    async with store.read() as uow:
        (audit,) = (await list_audits(uow, room.supervisor)).items
    assert (audit.decision.action, audit.decision.answer, audit.ticket) == ("shadow", TEXT, ticket.number)
    assert all(TEXT.encode() not in sent.content for sent in await room.deliver())


async def test_switched_off_means_neither_answer_nor_decision(store):
    room = await office(store, State.OFF)
    await room.take(mail(body=QUESTION))
    (message,) = await room.messages()
    assert message.trace["reasons"] == ["its category is switched off"]
    assert await decided(store) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"{QUESTION} My lawyer wants to know.", "it names lawyers, courts or authorities"),
        (f"{QUESTION} 否则我打12315", "it names lawyers, courts or authorities"),
    ],
)
async def test_who_names_the_law_gets_a_person_whatever_the_model_says(store, body, reason):
    room = await office(store)
    await room.take(mail(body=body))
    (message,) = await room.messages()
    assert reason in message.trace["reasons"]
    assert (await room.tickets())[0].answered_by == ""


async def test_thanks_for_an_answer_verify_it_and_a_further_question_does_not(store):
    room = await office(store)
    for number, words in enumerate(("Thank you!", "And on Sundays?")):
        who = f"ann{number}@customer.example"
        await room.take(mail(who, body=QUESTION, message_id=f"{number}@c"))
        (answer,) = [one for one in await room.written() if one.identity == f"email:{who}"]
        cited = {"In_Reply_To": f"<{answer.external_id}>"}
        await room.take(mail(who, "Re: My boat", words, message_id=f"{number}b@c", **cited))
    assert [one.reaction for one in await decided(store)] == ["helped", "returned"]


async def test_a_message_that_is_run_again_counts_once(store):
    room = await office(store)
    await room.take(mail(body=QUESTION), mail(body=QUESTION))
    assert len(await decided(store)) == 1


async def test_the_account_costs_a_batch_one_statement_and_none_without_a_question(store):
    room = await office(store)
    for size in (1, 20):
        mails = [mail(f"p{n}@customer{size}.example", body=QUESTION, message_id=f"{n}.{size}@c") for n in range(size)]
        with counted(store) as statements:
            await room.take(*mails)
        lanes = len({one for one in statements if "pg_advisory_xact_lock" in one})
        assert sum("INSERT INTO answer_decision" in one for one in statements) <= max(8, lanes)
    with counted(store) as statements:
        await room.take(mail("bob@customer.example", body="The mast broke.", message_id="x@c"), proven=False)
    assert not any("answer_decision" in one for one in statements)


async def test_policies_cost_a_batch_no_statement_of_their_own(store):
    room = await office(store, State.SHADOW)
    with counted(store) as statements:
        await room.take(mail(body=QUESTION))
    read = [one for one in statements if "answer_policy" in one]
    assert all("category LEFT OUTER JOIN answer_policy" in one for one in read)
    assert len(read) == 1
