"""Messages by API: handing in what customers wrote, and looking at one."""

import asyncio

import pytest
from sqlalchemy import select, text

from contactcenter.channels.registry import readers
from contactcenter.conversations.inbox import LANES
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.errors import Unavailable
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.records import TicketEvent
from tests.integration.api.world import World

# fmt: off
PROMISED = [
    "id", "direction", "channel", "kind", "author", "text", "html", "attachments", "created_at",
    "delivery", "assessment", "external_id",
]
# fmt: on
HELLO = {"identity": "email:Bob@Example.com", "name": "Bob", "subject": "Parcel", "text": "Where is it?"}


async def understand(world):
    """Take everything that waits through the pipeline, without triage."""
    tokens = ReplyTokens(world.store.secrets.derive("reply-token"))
    policy = AnsweringPolicy(auto_answer=False, acknowledge=False, threshold=0.9)
    pipeline = Pipeline(world.store, readers(world.settings), None, tokens, policy)
    for lane in range(LANES):
        await pipeline.understand(lane)


async def test_a_message_handed_in_is_durable_and_has_every_promised_key(world):
    answer = await world.ask("POST", "messages", HELLO)
    assert answer.status == 201
    assert set(PROMISED) <= set(answer.json)
    assert (answer.json["state"], answer.json["assessment"], answer.json["delivery"]) == ("waiting", None, None)
    assert (answer.json["direction"], answer.json["author"]["type"]) == ("in", "customer")
    assert (await world.ask("GET", f"messages/{answer.json['id']}")).json["identity"] == "email:bob@example.com"


@pytest.mark.parametrize(
    ("more", "channel"),
    [
        ({}, "api"),
        ({"channel": "email"}, "email"),
        ({"channel": "letter"}, "letter"),
        ({"channel": "sms", "identity": "phone:+86 138 0013 8000"}, "sms"),
        ({"identity": "external:shop-17"}, "api"),
    ],
)
async def test_it_is_understood_and_becomes_a_ticket_in_the_queue_named(world, more, channel):
    made = (await world.ask("POST", "messages", {**HELLO, "queue": "claims", **more})).json
    await understand(world)
    message = (await world.ask("GET", f"messages/{made['id']}")).json
    assert (message["state"], message["channel"], message["failure"]) == ("done", channel, "")
    assert (message["text"].strip(), message["author"]["name"]) == ("Where is it?", "Bob")
    ticket = (await world.ask("GET", f"tickets/{message['ticket']}")).json
    assert (ticket["queue"], ticket["customer"]["name"], ticket["channel"]) == ("claims", "Bob", channel)
    assert ticket["customer"]["id"] == message["customer"]


async def test_a_reply_to_a_mail_handed_in_comes_from_the_queues_mailbox(world):
    made = (await world.ask("POST", "messages", {**HELLO, "channel": "email", "queue": "service"})).json
    await understand(world)
    number = (await world.ask("GET", f"messages/{made['id']}")).json["ticket"]
    reply = (await world.ask("POST", f"tickets/{number}/messages", {"kind": "reply", "text": "Here"})).json
    assert (reply["channel"], reply["identity"], reply["subject"]) == ("email", "email:bob@example.com", "Re: Parcel")
    assert reply["external_id"].endswith("@desk.example")


async def test_the_same_idempotency_key_gives_the_same_message(world):
    headers = {"Idempotency-Key": "order-17"}
    requests = [world.ask("POST", "messages", HELLO, headers=headers) for _ in range(5)]
    answers = await asyncio.gather(*requests)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert answers[0].json["external_id"] == "order-17"
    assert (await world.ask("POST", "messages", HELLO, headers=headers, by="agent")).json["id"] != answers[0].json["id"]


async def test_without_a_key_equal_messages_are_two(world):
    first, second = [(await world.ask("POST", "messages", HELLO)).json["id"] for _ in range(2)]
    assert first != second


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "schl\u00fcssel"])
async def test_a_key_that_cannot_be_one_is_400(world, key):
    answer = await world.ask("POST", "messages", HELLO, headers={"Idempotency-Key": key})
    assert (answer.status, answer.json["errors"][0]["field"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"identity": "bob@example.com"}, "identity"),
        ({"identity": "email:"}, "identity"),
        ({"identity": "email:a b@c"}, "identity"),
        ({"identity": "email:(((((@c", "channel": "email"}, "identity"),
        ({"identity": "phone:12"}, "identity"),
        ({"identity": "external:1\r\nBcc: x"}, "identity"),
        ({"text": "  "}, "text"),
        ({"text": None}, "text"),
        ({"name": "a\nb"}, "name"),
        ({"subject": "a\r\nBcc: x"}, "subject"),
        ({"queue": "nowhere"}, "queue"),
        ({"channel": "chat"}, "channel"),
        ({"channel": "pigeon"}, "channel"),
        ({"channel": "sms"}, "identity"),
        ({"verified": "yes"}, "verified"),
        ({"author_type": "agent"}, "author_type"),
        ({"may_answer": True}, "may_answer"),
    ],
)
async def test_what_no_customer_can_have_written_is_422(world, change, field):
    answer = await world.ask("POST", "messages", {**HELLO, **change})
    assert (answer.status, [fault["field"] for fault in answer.json["errors"]]) == (422, [field])


async def test_optional_fields_may_be_null(world):
    answer = await world.ask("POST", "messages", {**HELLO, "name": None, "subject": None, "queue": None})
    assert answer.status == 201


async def test_while_the_message_cannot_be_kept_the_answer_is_later(store):
    class Full:
        async def accept(self, message):
            raise Unavailable("the disk did not take the message")

    world = await World(store).start(inbox=Full())
    try:
        answer = await world.ask("POST", "messages", HELLO)
        assert (answer.status, answer.json["status"], int(answer.headers["Retry-After"]) > 0) == (503, 503, True)
    finally:
        await world.stop()


async def test_a_message_that_triage_said_nothing_of_says_why(world):
    made = (await world.ask("POST", "messages", HELLO)).json
    await understand(world)
    message = (await world.ask("GET", f"messages/{made['id']}")).json
    assert (message["assessment"], message["unassessed"]) == (None, "no-model")
    assert "triage did not answer" in message["trace"]["reasons"]


async def test_a_message_shows_its_assessment_its_trace_and_its_ticket(world):
    number = await world.ticket()
    message = (await world.ask("GET", f"messages/{await world.message(number)}")).json
    assert message["assessment"]["category"]["label"] == "order_status"
    assert message["trace"]["reasons"] == ["no article answers it surely enough"]
    assert (message["ticket"], message["to"]) == (number, ["support@desk.example"])


@pytest.mark.parametrize("message_id", ["1", "00000000-0000-0000-0000-000000000000", "%00", "' or 1=1"])
async def test_an_id_that_names_no_message_is_404(world, message_id):
    assert (await world.ask("GET", f"messages/{message_id}")).status == 404


async def test_an_agent_does_not_see_a_message_that_is_on_no_ticket_yet(world):
    made = (await world.ask("POST", "messages", HELLO)).json
    assert (await world.ask("GET", f"messages/{made['id']}", by="agent")).status == 404


CARD = "4242 4242 4242 4242"


@pytest.fixture
async def charged(world):
    """The id of a message with a card's number, on a ticket."""
    made = (
        await world.ask("POST", "messages", {**HELLO, "subject": f"Card {CARD}", "text": f"{CARD} was charged"})
    ).json
    await understand(world)
    async with world.store.transaction() as uow:
        await uow.session.execute(text("UPDATE message SET html = :html"), {"html": f"<p><b>{CARD}</b></p>"})
    return made["id"]


async def test_programs_see_no_card_in_full(world, charged):
    told = (await world.ask("GET", f"messages/{charged}")).json
    assert [told["subject"], told["html"]] == ["Card •••• 4242", "<p><b>•••• 4242</b></p>"]
    assert [told["text"].strip(), told["visible_text"].strip()] == ["•••• 4242 was charged"] * 2
    on_the_ticket = await world.ask("GET", f"tickets/{told['ticket']}/messages")
    of_the_customer = await world.ask("GET", f"customers/{told['customer']}/timeline")
    assert "4242 4242" not in str(on_the_ticket.json) + str(of_the_customer.json)
    assert on_the_ticket.json["items"][0]["text"].strip() == "•••• 4242 was charged"


async def test_a_program_that_says_why_sees_the_card_and_the_ticket_tells(world, charged):
    shown = await world.ask("POST", f"messages/{charged}/unmask", {"reason": "The bank asks for it"})
    assert (shown.status, shown.json["text"].strip()) == (200, f"{CARD} was charged")
    assert (shown.json["subject"], shown.json["html"]) == (f"Card {CARD}", f"<p><b>{CARD}</b></p>")
    async with world.store.read() as uow:
        told = (await uow.session.scalars(select(TicketEvent).where(TicketEvent.kind == "unmasked"))).one()
    assert told.data == {"message": charged, "now": "The bank asks for it"}


async def test_without_a_reason_a_program_is_shown_nothing(world, charged):
    for body in ({}, {"reason": " "}):
        refused = await world.ask("POST", f"messages/{charged}/unmask", body)
        assert (refused.status, [error["field"] for error in refused.json["errors"]]) == (422, ["reason"])
        assert CARD not in str(refused.json)


async def test_numbers_of_a_message_on_no_ticket_are_shown_to_nobody(world):
    made = (await world.ask("POST", "messages", {**HELLO, "text": CARD})).json
    refused = await world.ask("POST", f"messages/{made['id']}/unmask", {"reason": "Curious about it"})
    assert refused.status == 404
    assert CARD not in str(refused.json)
