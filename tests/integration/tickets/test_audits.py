"""Audits: who sees which, what a verdict does, and what customers say apart from them."""

import pytest
from sqlalchemy import select

from contactcenter.conversations.records import Message
from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.staff.access import Role
from contactcenter.tickets import feedback
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.automation.audits import get_audit, list_audits
from contactcenter.tickets.automation.decisions import note_reactions
from contactcenter.tickets.automation.quality import machine_quality
from contactcenter.tickets.automation.records import AnswerDecision, Reaction, State
from tests.integration.office import hire, ticket
from tests.integration.tickets.automation import automation


@pytest.fixture
async def desk(store):
    return await automation(store)


async def answered(store, desk, queue="billing", **fields) -> tuple[int, str]:
    """Number of a ticket that the machine answered, and the id of the message, drawn for an audit."""
    number = await ticket(store, "When is my money back?", queue=queue, status="resolved", answered_by="machine")
    async with store.transaction() as uow:
        row = await access_ticket(uow, desk.supervisor, number)
        (message,) = await uow.session.scalars(select(Message.id).where(Message.conversation_id == row.conversation_id))
        values = {"category": "refund", "language": "en", "action": "answered", "score": 0.97, "threshold": 0.9}
        values |= {"answer": "Within 14 days.", "drawn": True, "model": "m", **fields}
        uow.session.add(AnswerDecision(message_id=message, conversation_id=row.conversation_id, **values))
    return number, message


async def listed(store, actor, **wish):
    async with store.read() as uow:
        return (await list_audits(uow, actor, **wish)).items


async def test_who_judges_sees_message_answer_and_ticket(store, desk):
    number, name = await answered(store, desk)
    (audit,) = await listed(store, desk.agent)
    assert (audit.decision.message_id, audit.ticket, audit.judge) == (name, number, "")
    assert (audit.message.visible_text, audit.decision.answer) == ("When is my money back?", "Within 14 days.")


async def test_a_foreign_ticket_has_no_audit(store, desk):
    _, name = await answered(store, desk)
    outsider = await hire(store, "eve", Role.AGENT, ["claims"])
    assert await listed(store, outsider) == []
    with pytest.raises(NotFound):
        await desk.judge(name, actor=outsider)


@pytest.mark.parametrize("name", ["", "x", "\x00", "01a20136-ca94-71ea-bd8b-5a0961854be7"])
async def test_what_was_never_drawn_is_not_found(store, desk, name):
    async with store.read() as uow:
        with pytest.raises(NotFound):
            await get_audit(uow, desk.supervisor, name)


async def test_a_judged_answer_leaves_the_queue_and_teaches(store, desk):
    _, name = await answered(store, desk, article_id="01a20136-ca94-71ea-bd8b-5a0961854be7")
    await desk.judge(name, "wrong", desk.agent, note="It is 30 days.")
    assert await listed(store, desk.agent) == []
    (audit,) = await listed(store, desk.agent, judged=True)
    assert (audit.decision.verdict, audit.decision.note, audit.judge) == ("wrong", "It is 30 days.", "ann")
    async with store.read() as uow:
        assert [(one.head, one.label) for one in await feedback.standing(uow, name)] == [("answer", "wrong")]


async def test_the_same_verdict_again_changes_nothing(store, desk):
    _, name = await answered(store, desk)
    await desk.judge(name, "right", desk.agent)
    (before,) = await listed(store, desk.agent, judged=True)
    await desk.judge(name, "right", desk.supervisor)
    (after,) = await listed(store, desk.agent, judged=True)
    assert (after.decision.judged_at, after.judge) == (before.decision.judged_at, "ann")


async def test_another_ones_verdict_is_corrected_by_supervisors_alone(store, desk):
    _, name = await answered(store, desk)
    await desk.judge(name, "right", desk.supervisor)
    with pytest.raises(Conflict):
        await desk.judge(name, "wrong", desk.agent)
    await desk.judge(name, "wrong", desk.supervisor)
    (audit,) = await listed(store, desk.agent, judged=True)
    assert audit.decision.verdict == "wrong"


async def test_a_wrong_answer_is_followed_up_at_once(store, desk):
    number, name = await answered(store, desk)
    await desk.judge(name, "wrong", desk.agent, note="Tell her 30 days.", reopen=True, category="payment")
    async with store.read() as uow:
        found = await access_ticket(uow, desk.agent, number)
    assert (found.status, found.category) == ("open", "payment")
    (audit,) = await listed(store, desk.agent, judged=True)
    assert audit.ticket == number


async def test_a_verdict_with_an_unknown_category_is_refused_as_a_whole(store, desk):
    _, name = await answered(store, desk)
    with pytest.raises(InvalidInput):
        await desk.judge(name, "wrong", category="nonsense")
    assert len(await listed(store, desk.agent)) == 1


async def test_pages_of_the_queue_follow_one_another(store, desk):
    names = [(await answered(store, desk))[1] for _ in range(3)]
    async with store.read() as uow:
        first = await list_audits(uow, desk.agent, limit=2)
        second = await list_audits(uow, desk.agent, limit=2, cursor=first.next_cursor)
    assert [one.decision.message_id for one in (*first.items, *second.items)] == names
    assert second.next_cursor is None


async def figures(store, desk):
    async with store.read() as uow:
        report = await machine_quality(uow, desk.supervisor)
    (found,) = [one for one in report.policies if (one.policy.category, one.policy.language) == ("refund", "en")]
    return report, found


async def test_the_error_is_estimated_from_drawn_answers_alone(store, desk):
    await desk.decided(40, verdict="right")
    await desk.decided(1, verdict="wrong")
    await desk.decided(1, verdict="unsure")
    await desk.decided(9, verdict="wrong", drawn=False)
    await desk.decided(3)
    _, found = await figures(store, desk)
    judged = found.audited
    assert (judged.right, judged.wrong, judged.unsure, judged.open, judged.labelled) == (40, 1, 1, 3, 42)
    assert judged.error == pytest.approx(2 / 42)
    assert judged.low < 2 / 42 < judged.high


async def test_what_customers_said_and_did_not_say_is_counted_apart(store, desk):
    told = [await answered(store, desk) for _ in range(3)]
    await desk.decided(2, days_ago=8)
    async with store.transaction() as uow:
        tickets = [await access_ticket(uow, desk.supervisor, number) for number, _ in told]
        await note_reactions(uow, Reaction.HELPED, {tickets[0].conversation_id})
        await note_reactions(uow, Reaction.RETURNED, {tickets[0].conversation_id, tickets[1].conversation_id})
    _, found = await figures(store, desk)
    outcomes = found.outcomes
    assert (outcomes.verified, outcomes.returned, outcomes.assumed, outcomes.recent) == (1, 1, 2, 1)
    assert found.audited.labelled == 0


async def test_mistaken_categories_are_counted_among_audited_answers(store, desk):
    _, one = await answered(store, desk)
    _, other = await answered(store, desk)
    await desk.judge(one, "right")
    async with store.transaction() as uow:
        await feedback.record(uow, desk.agent, other, [feedback.Judgement("category", "payment")])
    await desk.judge(other, "wrong")
    report, _ = await figures(store, desk)
    assert {(row.said, row.right, row.audits, row.wrong) for row in report.confusion} == {
        ("refund", "refund", 1, 0),
        ("refund", "payment", 1, 1),
    }


async def test_coverage_is_the_answered_share_of_the_messages(store, desk):
    for _ in range(3):
        await ticket(store, queue="billing", category="refund", language="en")
    await desk.decided(1)
    await desk.decided(1, action="below", score=0.1, drawn=False)
    _, found = await figures(store, desk)
    assert (found.messages, found.considered, found.answered) == (3, 2, 1)
    assert found.coverage == pytest.approx(1 / 3)


async def test_a_shadow_category_says_how_many_verdicts_it_waits_for(store, desk):
    await desk.set(state=State.SHADOW)
    await desk.decided(10, verdict="right")
    _, found = await figures(store, desk)
    assert (found.wanted, found.policy.state) == (349, State.SHADOW)
