"""Machine quality, the audit queue, new topics and corrections, as people meet them in the console."""

import csv
import io
import re

import pytest
from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.agent_ui.machine_quality import WIDTH, error_bar, pair_of, standing
from contactcenter.conversations.records import Conversation, Message
from contactcenter.errors import NotFound
from contactcenter.settings import Settings
from contactcenter.staff.access import Role
from contactcenter.tickets import feedback
from contactcenter.tickets.automation import control
from contactcenter.tickets.automation.policies import Wish, locked_policy, set_policy
from contactcenter.tickets.automation.quality import Audited, Outcomes, PolicyQuality
from contactcenter.tickets.automation.records import AnswerDecision, AnswerPolicy, State
from contactcenter.tickets.model_history import Change, note_change
from contactcenter.tickets.records import Ticket, Topic, TopicMessage, TopicState
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage import gate
from tests.integration.office import mail, ticket, write

CARD = "4242 4242 4242 4242"
SAID = {
    "model": "m@1",
    "category": {"label": "refund", "probability": 0.91, "alternatives": []},
    "urgency": {"label": "normal", "probability": 0.8},
    "sentiment": {"label": "neutral", "probability": 0.7},
    "complaint": {"probability": 0.1, "kind": None},
    "entities": [],
    "why": [],
}


@pytest.fixture
async def office(building):
    async with building.store.transaction() as uow:
        await seed_defaults(uow, Settings())
    return building


async def drawn(building, text="When is my money back?", *, action="shadow", number=0, **fields):
    """Id of a message whose answer was drawn, and the number of its ticket."""
    number = number or await ticket(building.store, text, identity=mail(f"{clock.new_id()[-6:]}@example.org"))
    async with building.store.transaction() as uow:
        found = await uow.session.scalar(select(Ticket).where(col(Ticket.number) == number))
        message = await uow.session.scalar(select(Message).where(Message.conversation_id == found.conversation_id))
        message.assessment = SAID
        found.category, found.category_probability = "refund", 0.91
        values = {"category": "refund", "language": "en", "action": action, "score": 0.97, "threshold": 0.9}
        values |= {"answer": "Within **14 days**.", "model": "m", "drawn": True, **fields}
        uow.session.add(AnswerDecision(message_id=message.id, conversation_id=message.conversation_id, **values))
        return message.id, number


async def verdict_of(building, name):
    async with building.store.read() as uow:
        return (await uow.session.get(AnswerDecision, name)).verdict


def row(right=0, wrong=0, low=0.0, high=1.0, target=0.02):
    judged = right + wrong
    policy = AnswerPolicy(category="refund", language="en", target_error=target)
    audited = Audited(judged, 0, right, wrong, 0, wrong / judged if judged else None, low, high)
    return PolicyQuality(policy, 0, 0, 0, 0, audited, Outcomes(), 0, 0.0)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (row(), "none"),
        (row(9, 1, 0.01, 0.4), "open"),
        (row(400, 1, 0.0, 0.018), "kept"),
        (row(5, 5, 0.2, 0.8), "broken"),
    ],
)
def test_what_the_bounds_say_of_a_promise_is_one_word(figures, said):
    assert standing(figures) == said


def test_an_error_bar_holds_its_target_and_is_cut_where_it_does_not_end():
    bar = error_bar(row(9, 1, 0.01, 0.4))
    assert (bar.target, bar.high, bar.is_cut) == (WIDTH / 5, WIDTH, True)
    assert not error_bar(row(400, 1, 0.0, 0.018)).is_cut


@pytest.mark.parametrize("written", ["refund", "refund.fr", ".", "refund.en.x"])
def test_an_address_that_names_no_category_and_language_is_not_found(written):
    with pytest.raises(NotFound):
        pair_of(written)


async def test_an_audit_shows_the_question_masked_and_the_answer_that_was_kept_back(office):
    ann = await office.person("ann", queues=["service"])
    await drawn(office, f"My card is {CARD}. When is my money back?")
    page = (await ann.get("/audits")).page
    assert CARD not in page
    assert "•••• 4242" in page
    assert "<strong>14 days</strong>" in page
    assert "Shadow: was not sent" in page


async def test_a_verdict_counts_and_leads_to_the_next_audit_with_a_way_back(office):
    ann = await office.person("ann", queues=["service"])
    (first, _), (second, _) = await drawn(office), await drawn(office)
    answer = await ann.post(f"/audits/{first}", {"verdict": "right"})
    assert answer.status == 303
    assert answer.headers["Location"].startswith(f"/audits/{second}?last={first}")
    assert await verdict_of(office, first) == "right"
    page = (await ann.get(answer.headers["Location"])).page
    assert re.search(rf'href="/audits/{first}" data-key="z"', page)
    await ann.post(f"/audits/{first}", {"verdict": "unsure"})
    assert await verdict_of(office, first) == "unsure"


async def test_a_wrong_answer_sets_the_category_right_and_opens_the_ticket_again(office):
    ann = await office.person("ann", queues=["service"])
    number = await ticket(office.store, status="resolved", answered_by="machine")
    name, _ = await drawn(office, action="answered", number=number)
    said = {"verdict": "wrong", "category": "payment", "note": "It is 30 days.", "reopen": "yes"}
    await ann.post(f"/audits/{name}", said)
    async with office.store.read() as uow:
        found = await uow.session.scalar(select(Ticket).where(col(Ticket.number) == number))
    assert (await verdict_of(office, name), found.category, found.status) == ("wrong", "payment", "open")


async def test_somebody_elses_verdict_stays_and_a_foreign_audit_is_not_there(office):
    ann, bob = [await office.person(name, queues=["service"]) for name in ("ann", "bob")]
    eve = await office.person("eve", queues=["billing"])
    name, _ = await drawn(office)
    await ann.post(f"/audits/{name}", {"verdict": "right"})
    refused = await bob.post(f"/audits/{name}", {"verdict": "wrong"})
    assert (refused.status, "somebody else has judged this answer" in refused.page) == (409, True)
    assert (await eve.get(f"/audits/{name}")).status == (await eve.post(f"/audits/{name}", {"verdict": "wrong"})).status
    assert await verdict_of(office, name) == "right"
    assert (await eve.get(f"/audits/{name}")).status == 404


async def test_a_verdict_that_there_is_not_is_refused(office):
    ann = await office.person("ann", queues=["service"])
    name, _ = await drawn(office)
    assert (await ann.post(f"/audits/{name}", {"verdict": "great"})).status == 400


async def test_a_supervisor_changes_state_and_target_with_a_reason_that_stays(office):
    sue = await office.person("sue", Role.SUPERVISOR)
    form = {"state": "shadow", "target_error": "5", "reason": "a pilot", "version": "1"}
    assert (await sue.post("/machine/refund.en", form)).status == 303
    page = (await sue.get("/machine/refund.en")).page
    assert "As delivered → Shadow" in page
    assert "2% → 5%" in page
    assert "a pilot" in page
    listed = (await sue.get("/machine")).page
    assert re.search(r'href="/machine/refund\.en"', listed)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"state": "on", "reason": "now"}, "no threshold is proven"),
        ({"state": "off"}, "say why"),
        ({"target_error": "90", "reason": "x"}, "out of bounds"),
        ({"target_error": "nan", "reason": "x"}, "out of bounds"),
        ({"target_error": "two", "reason": "x"}, "no percentage"),
        ({"state": "off", "reason": "x", "version": "7"}, "has changed since"),
    ],
)
async def test_what_cannot_be_is_said_beside_the_form_and_changes_nothing(office, form, said):
    sue = await office.person("sue", Role.SUPERVISOR)
    answer = await sue.post("/machine/refund.en", form)
    assert answer.status in {400, 409}
    assert said in answer.page
    async with office.store.transaction() as uow:
        assert (await locked_policy(uow, "refund", "en")).version == 1


async def test_a_category_that_fell_by_itself_is_announced_with_its_cause(office):
    sue = await office.person("sue", Role.SUPERVISOR)
    async with office.store.transaction() as uow:
        await set_policy(uow, sue.actor, "refund", "en", Wish(state=State.SHADOW))
        (await locked_policy(uow, "refund", "en")).attention = "drift"
    page = (await sue.get("/machine")).page
    assert "went to shadow by itself" in page
    assert "no longer like those its threshold was chosen on" in page


async def test_the_history_tells_what_the_machine_noted_in_the_readers_language(office):
    sue = await office.person("sue", Role.SUPERVISOR)
    async with office.store.transaction() as uow:
        policy = await locked_policy(uow, "refund", "en")
        why = control.NOT_RIGHT.format(wrong=3, judged=41)
        await control.fall(uow, policy, control.Cause.ERROR, why)
    assert why in (await sue.get("/machine/refund.en")).page
    await sue.post("/preferences", {"language": "zh"})
    page = (await sue.get("/machine/refund.en")).page
    assert why not in page
    assert "已审核的 41 条回答中有 3 条不正确" in page


async def test_the_spreadsheet_has_a_line_for_each_category_and_language(office):
    sue = await office.person("sue", Role.SUPERVISOR)
    name, _ = await drawn(office, action="answered")
    await sue.post(f"/audits/{name}", {"verdict": "wrong"})
    lines = list(csv.DictReader(io.StringIO((await sue.get("/machine/report.csv?days=7")).page)))
    (refund,) = [line for line in lines if (line["category"], line["language"]) == ("refund", "en")]
    assert (refund["answered"], refund["wrong"], refund["error"]) == ("1", "1", "1.0")
    assert len(lines) > 50


async def test_the_model_page_tells_what_was_refused_and_orders_the_step_back(office):
    sue = await office.person("sue", Role.SUPERVISOR)
    assert "Roll back" not in (await sue.get("/machine/model")).page
    assert (await sue.post("/machine/model/roll-back")).status == 409
    loses = {"what": "urgency", "language": "zh", "lost": 12, "gained": 1, "rows": 300}
    against = [gate.Objection(gate.LOSES_IN, loses), gate.Objection(gate.MOVES, {"percent": 12})]
    figures = {"objections": [one.to_json() for one in against], "comparisons": [], "replay": None}
    async with office.store.transaction() as uow:
        await note_change(uow, "triage-service", Change.PUBLISHED, "b" * 12, "a" * 12, sue.actor.agent_id)
        await note_change(uow, "triage-service", Change.REFUSED, "c" * 12, "b" * 12, "", figures=figures)
    page = (await sue.get("/machine/model")).page
    assert "Urgency in Chinese: loses 12 and gains 1 of 300" in page
    assert "it would sort 12 % of the tickets elsewhere" in page
    assert (await sue.post("/machine/model/roll-back")).status == 303
    assert (await sue.post("/machine/model/retrain")).status == 303


async def found_topic(building):
    """Id of a proposed topic with one example that names a card."""
    number = await ticket(building.store, f"The drone! My card is {CARD}.")
    async with building.store.transaction() as uow:
        opened = await uow.session.scalar(select(Ticket).where(col(Ticket.number) == number))
        message = await uow.session.scalar(select(Message).where(Message.conversation_id == opened.conversation_id))
        topic = Topic(name="drone, roof", terms=["drone", "roof"], questions=["a drone on the roof"], language="en")
        uow.session.add(topic)
        await uow.session.flush()
        uow.session.add(TopicMessage(topic_id=topic.id, message_id=message.id, position=0))
        return topic.id


async def test_a_topic_shows_its_examples_masked(office):
    sue = await office.person("sue", Role.SUPERVISOR)
    page = (await sue.get(f"/topics/{await found_topic(office)}")).page
    assert CARD not in page
    assert "•••• 4242" in page


async def test_a_topic_becomes_an_article_a_category_or_nothing(office):
    sue = await office.person("sue", Role.SUPERVISOR)
    one, two, three = [await found_topic(office) for _ in range(3)]
    drafted = await sue.post(f"/topics/{one}/article", {"title": "Drones"})
    assert re.fullmatch(r"/knowledge/[0-9a-f-]+/edit", drafted.headers["Location"])
    assert (await sue.post(f"/topics/{two}/category", {"name": "Drones", "key": "Bad Key"})).status == 400
    assert (await sue.post(f"/topics/{two}/category", {"name": "Drones", "key": "drones"})).status == 303
    taken = await sue.post(f"/topics/{three}/category", {"name": "Drones", "key": "drones"})
    assert (taken.status, "There is a category with this key already." in taken.page) == (409, True)
    await sue.post(f"/topics/{three}/dismiss")
    async with office.store.read() as uow:
        states = [(await uow.session.get(Topic, name)).state for name in (one, two, three)]
    assert states == [TopicState.ARTICLE, TopicState.CATEGORY, TopicState.DISMISSED]
    await sue.post(f"/topics/{three}/reopen")
    assert "drone, roof" in (await sue.get("/topics")).page


async def standing_of(building, message):
    async with building.store.read() as uow:
        return {one.head: one.label for one in await feedback.standing(uow, message)}


async def test_every_reading_of_the_strip_is_corrected_and_says_by_whom(office):
    ann = await office.person("ann", queues=["service", "complaints"])
    message, number = await drawn(office)
    for head, label in (("urgency", "high"), ("sentiment", "negative"), ("complaint", "yes")):
        answer = await ann.post(f"/tickets/{number}/judge", {"head": head, "label": label, "message": message})
        assert answer.status == 200, head
    await ann.post(f"/tickets/{number}/category", {"category": "payment"})
    held = {"urgency": "high", "sentiment": "negative", "complaint": "yes", "category": "payment"}
    assert await standing_of(office, message) == held
    boss = await office.person("boss", Role.ADMIN)
    page = (await boss.get(f"/tickets/{number}")).page
    assert page.count("corrected by ann") == 4


async def test_what_the_machine_had_said_already_is_confirmed_not_corrected(office):
    ann = await office.person("ann", queues=["service"])
    message, number = await drawn(office)
    said = {"head": "urgency", "label": "normal", "message": message}
    assert "confirmed by ann" in (await ann.post(f"/tickets/{number}/judge", said)).page
    again = await ann.post(f"/tickets/{number}/judge", {**said, "label": "low"})
    assert "corrected by ann" in again.page


async def test_who_marks_a_complaint_that_leaves_his_queues_goes_back_to_the_inbox(office):
    ann = await office.person("ann", queues=["service"])
    message, number = await drawn(office)
    said = {"head": "complaint", "label": "yes", "message": message}
    answer = await ann.post(f"/tickets/{number}/judge", said)
    assert (answer.status, answer.headers["HX-Redirect"]) == (200, "/inbox?view=open")


async def test_a_later_message_that_complains_teaches_nothing_about_the_first(office):
    boss = await office.person("boss", Role.ADMIN)
    first, number = await drawn(office)
    async with office.store.transaction() as uow:
        conversation = (await uow.session.get(Message, first)).conversation_id
        opened = await uow.session.get(Conversation, conversation)
        later = (await write(uow, mail(), "A scandal!", conversation=opened, assessment=SAID)).id
    said = {"head": "complaint", "label": "yes", "message": later}
    assert (await boss.post(f"/tickets/{number}/judge", said)).status == 200
    assert (await standing_of(office, first), await standing_of(office, later)) == ({}, {"complaint": "yes"})


async def test_a_correction_of_another_tickets_message_is_refused(office):
    ann = await office.person("ann", queues=["service"])
    message, _ = await drawn(office)
    _, other = await drawn(office)
    said = {"head": "urgency", "label": "high", "message": message}
    assert (await ann.post(f"/tickets/{other}/judge", said)).status == 404
    assert (await ann.post(f"/tickets/{other}/judge", {**said, "head": "category"})).status == 400
    assert await standing_of(office, message) == {}


@pytest.mark.parametrize(("locale", "said"), [("en", ["1 waits", "2 wait<"]), ("zh", ["1 条待评判", "2 条待评判"])])
async def test_one_is_no_plural(office, locale, said):
    boss = await office.person("boss", Role.ADMIN)
    if locale == "zh":
        await boss.post("/preferences", {"language": "zh"})
    for expected in said:
        await drawn(office)
        assert expected in (await boss.get("/audits")).page


async def test_agents_find_the_audits_and_supervisors_the_whole_in_the_rail(office):
    ann, sue = await office.person("ann"), await office.person("sue", Role.SUPERVISOR)
    assert '<a href="/audits" data-go="m"' in (await ann.get("/board")).page
    assert '<a href="/machine" data-go="m"' in (await sue.get("/board")).page
    assert (await ann.get("/machine")).status == 403
