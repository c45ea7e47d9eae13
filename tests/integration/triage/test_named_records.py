"""Numbers that customers name: their own records, somebody else's, and numbers that no list shows in full."""

import json

import pytest
from sqlalchemy import select

from contactcenter.channels.registry import readers
from contactcenter.conversations.inbox import Inbox, lane_of
from contactcenter.conversations.records import Message
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers.business import RecordKind, records_named, upsert_record
from contactcenter.customers.identity import resolve
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.settings import Settings
from contactcenter.staff.access import MACHINE
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.listing import TicketQuery, list_tickets
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage.assessment import Assessment, Category, Complaint, Label
from contactcenter.triage.entities import EntityFinder
from tests.integration.office import counted

CAROL, DAVE = (Identity(IdentityKind.EXTERNAL, name) for name in ("carol", "dave"))


class OnlyEntities:
    """An assessor with the real entities and no opinion."""

    def __init__(self):
        self._finder = EntityFinder()

    def assess(self, items):
        found = self._finder.find(items, ["en"] * len(items))
        calm = (Category("other", 0.5), Label("normal", 0.9), Label("neutral", 0.9), Complaint(0.01))
        return [Assessment("en", *calm, entities=entities) for entities in found]


@pytest.fixture
async def desk(store):
    async with store.transaction() as uow:
        await seed_defaults(uow, Settings())
        for who, number, title in ((CAROL, "P1234567", "Motor"), (DAVE, "P7654321", "Yacht of Dave")):
            customer = await resolve(uow, who)
            await upsert_record(uow, customer.id, kind=RecordKind.POLICY, number=number, title=title, status="active")
    return store


async def take(store, *texts, subject="", sender=CAROL):
    tokens = ReplyTokens(store.secrets.derive("reply-token"))
    policy = AnsweringPolicy(auto_answer=False, acknowledge=False, threshold=0.9)
    for number, text in enumerate(texts):
        await Inbox(store).accept(InboundMessage(Channel.API, f"k{number}", sender, text, subject))
    await Pipeline(store, readers(Settings()), OnlyEntities(), tokens, policy).understand(lane_of(sender))
    async with store.read() as uow:
        return list(await uow.session.scalars(select(Message).order_by(Message.id)))


async def test_a_number_leads_to_the_writers_own_record(desk):
    (message,) = await take(desk, "My policy P1234567 ends soon")
    (entity,) = message.assessment["entities"]
    assert entity["record"] == {"owner": "customer", "title": "Motor", "status": "active"}


async def test_of_somebody_elses_record_only_that_it_is_not_his(desk):
    (message,) = await take(desk, "What about policy P7654321?")
    (entity,) = message.assessment["entities"]
    assert entity["record"] == {"owner": "another", "title": "", "status": ""}
    kept = json.dumps([message.assessment, message.trace])
    assert "Yacht" not in kept
    assert "dave" not in kept


async def test_a_number_nobody_knows_has_no_record(desk):
    (message,) = await take(desk, "What about policy P9999999 and order A-55812?")
    assert ["record" in entity for entity in message.assessment["entities"]] == [False, False]


async def test_a_batch_asks_once_and_only_when_numbers_are_named(desk):
    with counted(desk) as statements:
        await take(desk, *["policy P1234567 and P7654321"] * 5)
    assert len([one for one in statements if "business_record" in one]) == 1
    with counted(desk) as statements:
        await take(desk, "Hello again, it was $20", sender=DAVE)
    assert not [one for one in statements if "business_record" in one]


async def test_a_number_written_with_hyphens_finds_the_record_without(desk):
    async with desk.read() as uow:
        known = await records_named(uow, {("policy", "P123-4567"), ("policy", "P1"), ("date", "P1234567")})
    assert [(key, record.title) for key, record in known.items()] == [(("policy", "P123-4567"), "Motor")]


async def test_no_list_shows_a_card_in_full_and_the_message_keeps_it(desk):
    text = "x" * 135 + " my card 4242 4242 4242 4242 was charged"
    (message,) = await take(desk, text, subject="Card 5555555555554444")
    async with desk.read() as uow:
        (row,) = (await list_tickets(uow, MACHINE, TicketQuery())).items
    assert row.subject == "Card •••• 4444"
    assert row.preview.endswith("my card •••• 4242 was ch")
    assert message.text == text
