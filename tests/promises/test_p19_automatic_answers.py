"""P19: every automatic message says that a machine wrote it and how to reach a person in one step; no complaint is
answered or closed by the machine."""

import csv
from collections import Counter

import pytest
from sqlalchemy import update

from contactcenter.channels.registry import readers
from contactcenter.conversations.guards import AutomaticMemory
from contactcenter.conversations.inbox import lane_of
from contactcenter.envelope import Channel, Content, Identity, IdentityKind, InboundMessage
from contactcenter.knowledge import articles
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.settings import Settings
from contactcenter.tickets.answering import AnsweringPolicy, Case, decide
from contactcenter.tickets.records import Category
from contactcenter.tickets.routing import routing_table
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage import places
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput
from tests.attacks.house import Clerk, PostRoom, mail

QUESTION = {"en": "When are you open on Saturdays?", "zh": "请问你们周六几点营业？"}
TEXT = {"en": "From nine to five.", "zh": "九点到十七点。"}
MACHINE = {"en": ("written automatically", "Automatic answer"), "zh": ("自动",)}
PERSON = {"en": ("a person", "personally"), "zh": ("人工", "专人", "人员")}
SENDERS = {
    Channel.SMS: Identity(IdentityKind.PHONE, "+12025550123"),
    Channel.CHAT: Identity(IdentityKind.CHAT, "visitor-1"),
    Channel.API: Identity(IdentityKind.EMAIL, "ann@customer.example", "Ann"),
}


async def desk(store, language, *, articles_for=("en", "zh")):
    room = await PostRoom(store, Clerk(language=language)).open("opening_hours")
    async with store.transaction() as uow:
        for tongue in articles_for:
            told = {"title": QUESTION[tongue], "text": TEXT[tongue], "questions": [QUESTION[tongue]]}
            await articles.create_article(uow, **told, language=tongue, status="published", key=f"hours-{tongue}")
    policy = AnsweringPolicy(auto_answer=True, acknowledge=True, threshold=0.5)
    clerk = Clerk(language=language)
    room.pipeline = Pipeline(store, readers(room.settings), clerk, room.tokens, policy)
    return room


def says_so(text, language):
    return any(word in text for word in MACHINE[language]) and any(word in text for word in PERSON[language])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("channel", SENDERS)
async def test_an_answer_says_so_and_a_plain_reply_reaches_a_person(store, channel, language):
    room, sender = await desk(store, language), SENDERS[channel]
    for number, text in enumerate((QUESTION[language], QUESTION[language])):
        key = f"{channel}:{number}"
        await room.inbox.accept(InboundMessage(channel, key, sender, text, authenticated=True))
        await room.pipeline.understand(lane_of(sender))
        if number == 0:
            (answer,) = await room.written()
            assert TEXT[language] in answer.text
            assert says_so(answer.text, language), answer.text
    tickets = await room.tickets()
    assert tickets[-1].status in {"new", "open"} or channel is Channel.API
    if channel is not Channel.API:  # what a program hands in has no thread to reply on
        assert [len(tickets), len(await room.written())] == [1, 1]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_mail_says_so_in_both_its_forms_and_a_reply_to_it_reaches_a_person(store, language):
    room = await desk(store, language)
    await room.take(mail(body=QUESTION[language]))
    (answer,) = await room.written()
    assert says_so(answer.text, language)
    assert says_so(answer.html, language)
    reply = {"message_id": "2@c", "In_Reply_To": f"<{answer.external_id}>"}
    await room.take(mail(subject="Re: My boat", body=QUESTION[language], **reply))
    (ticket,) = await room.tickets()
    assert (ticket.status, len(await room.written())) == ("open", 1)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_receipt_says_so_and_promises_a_person(store, language):
    room = await desk(store, language, articles_for=())
    await room.take(mail(body=QUESTION[language]))
    (receipt,) = await room.written()
    assert says_so(receipt.text, language), receipt.text


def complaints():
    """The complaints of the hold-out, which no model has been trained on."""
    path = places.find("triage-service") / "corpus" / "holdout.csv"
    with path.open(encoding="utf-8", newline="") as table:
        return [row for row in csv.DictReader(table) if row["complaint"] == "1"]


async def test_no_complaint_of_the_hold_out_is_answered_though_every_category_may_be(store):
    rows = complaints()
    assert len(rows) >= 100
    assessments = Assessor.load(places.find("triage-service")).assess([TriageInput(row["text"]) for row in rows])
    ann = Identity(IdentityKind.EMAIL, "ann@customer.example", "Ann")
    policy = AnsweringPolicy(auto_answer=True, acknowledge=True, threshold=0.9)
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
        await articles.import_starter(uow, status="published")
        await uow.session.execute(update(Category).values(auto_answer=True))
    done = Counter()
    async with store.read() as uow:
        table = await routing_table(uow)
        for row, assessment in zip(rows, assessments, strict=True):
            content = Content(ann, row["text"], row["text"], authenticated=True)
            case = Case(InboundMessage(Channel.EMAIL, "k", ann), content, assessment, ann, "c", is_new=True)
            done[(await decide(uow, case, table, policy, AutomaticMemory([]))).action] += 1
    assert done["answer"] == 0, done
