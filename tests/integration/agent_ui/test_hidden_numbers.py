"""Card and identity numbers: masked wherever a message is shown, in full only for a reason that is kept."""

import pytest
from sqlalchemy import select, text

from contactcenter.conversations.records import Message
from contactcenter.tickets.queues import ensure_queue
from tests.integration.office import ticket

CARD = "4242 4242 4242 4242"


@pytest.fixture
async def asked(building):
    """A ticket whose customer named his card, an agent of its queue, and the message's id."""
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store, f"my card {CARD} was charged")
    async with building.store.read() as uow:
        message = (await uow.session.scalars(select(Message))).one()
    return ann, number, message.id


async def test_a_message_shows_no_card_in_full(asked):
    ann, number, message = asked
    page = (await ann.get(f"/tickets/{number}")).page
    assert CARD not in page
    assert "my card •••• 4242 was charged" in page
    assert f'hx-post="/messages/{message}/unmask"' in page


async def test_who_says_why_sees_it_and_the_ticket_tells(asked):
    ann, number, message = asked
    shown = await ann.post(f"/messages/{message}/unmask", {"reason": "The bank asks for it"})
    assert CARD in shown.page
    page = (await ann.get(f"/tickets/{number}")).page
    assert "looked at hidden numbers: The bank asks for it" in page
    assert CARD not in page


async def test_without_a_reason_nothing_is_shown(asked):
    ann, _, message = asked
    refused = await ann.post(f"/messages/{message}/unmask", {"reason": "  "})
    assert refused.status == 400
    assert CARD not in refused.page


async def test_a_stranger_to_the_queue_sees_nothing_whatever_he_says(building, asked):
    eve = await building.person("eve", queues=("billing",))
    async with building.store.transaction() as uow:
        await ensure_queue(uow, "billing")
    refused = await eve.post(f"/messages/{asked[2]}/unmask", {"reason": "Curious"})
    assert refused.status == 404
    assert CARD not in refused.page


async def test_html_is_masked_too(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store, "see below")
    async with building.store.transaction() as uow:
        html = "<p>my card <b>4242&nbsp;4242&nbsp;4242&nbsp;4242</b></p>"
        await uow.session.execute(text("UPDATE message SET html = :html"), {"html": html})
        message = (await uow.session.scalars(select(Message))).one().id
    sheet = (await ann.get(f"/messages/{message}/sheet")).page
    assert "<b>•••• 4242</b>" in sheet
    assert number


async def test_a_message_without_such_numbers_asks_for_nothing(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store, "order 4242424242424243 of mine")
    page = (await ann.get(f"/tickets/{number}")).page
    assert "4242424242424243" in page
    assert "/unmask" not in page
