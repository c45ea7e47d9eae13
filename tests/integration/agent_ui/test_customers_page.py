"""Customers' pages: the list, the story, joining and parting."""

import re

import pytest

from contactcenter.customers.identity import find
from tests.integration.office import mail, ticket


@pytest.fixture
async def ann(building):
    return await building.person("ann", queues=("service",))


async def customer_of(building, address):
    async with building.store.read() as uow:
        return (await find(uow, mail(address))).id


async def test_customers_are_found_by_a_part_of_the_name_or_an_address(building, ann):
    await ticket(building.store, identity=mail("carol@example.org", "Carol Danvers"))
    await ticket(building.store, identity=mail("wang@example.cn", "王小明"))
    assert "Carol Danvers" in (await ann.get("/customers?q=danv")).page
    assert "王小明" in (await ann.get("/customers", params={"q": "小明"})).page
    assert "王小明" not in (await ann.get("/customers?q=danv")).page
    assert "Nobody found" in (await ann.get("/customers", params={"q": "%"})).page


async def test_the_story_names_tickets_and_hides_what_is_in_foreign_queues(building, ann):
    seen = await ticket(building.store, "I see this", identity=mail("carol@example.org", "Carol"))
    await ticket(building.store, "not for her eyes", identity=mail("carol@example.org", "Carol"), queue="claims")
    page = (await ann.get(f"/customers/{await customer_of(building, 'carol@example.org')}")).page
    assert f'href="/tickets/{seen}"' in page
    assert "I see this" in page
    assert "not for her eyes" not in page
    assert "1 message is in a queue you do not work in" in page


async def test_two_who_are_one_are_joined_after_a_look_and_parted_again(building, ann):
    await ticket(building.store, "From work", identity=mail("carol@work.example", "Carol"))
    await ticket(building.store, "From home", identity=mail("carol@home.example", "Caro"))
    work, home = [await customer_of(building, f"carol@{place}.example") for place in ("work", "home")]
    look = (await ann.get(f"/customers/{work}/merge?with={home}")).page
    assert "<strong>1</strong> tickets" in look
    await ann.post(f"/customers/{work}/merge", {"source": home})
    page = (await ann.get(f"/customers/{work}")).page
    assert "From home" in page
    assert (await ann.get(f"/customers/{home}")).headers["Location"] == f"/customers/{work}"
    merge = re.search(r'name="merge" value="([^"]+)"', page)[1]
    await ann.post(f"/customers/{work}/unmerge", {"merge": merge})
    assert "From home" not in (await ann.get(f"/customers/{work}")).page


async def test_name_note_and_addresses_are_written_down(building, ann):
    await ticket(building.store)
    carol = await customer_of(building, "carol@example.org")
    await ann.post(f"/customers/{carol}", {"name": "Carol D.", "language": "en", "note": "Call after five"})
    await ann.post(f"/customers/{carol}/identities", {"kind": "phone", "value": "+44 20 7946 0000"})
    await ann.post(f"/customers/{carol}/records", {"kind": "policy", "number": "p-77", "title": "Car"})
    page = (await ann.get(f"/customers/{carol}")).page
    for shown in ("Carol D.", "Call after five", "+442079460000", "P-77"):
        assert shown in page


@pytest.mark.parametrize("path", ["/customers/nobody", "/customers/00000000-0000-7000-8000-000000000000"])
async def test_a_customer_who_is_not_there_is_not_found(building, ann, path):
    assert (await ann.get(path)).status == 404


async def test_an_agent_writes_first(building, ann):
    page = (await ann.get("/tickets/new")).page
    queue = re.search(r'<select id="queue".*?<option value="([^"]+)"', page, re.DOTALL)[1]
    fields = {"to": "new@example.org", "name": "New", "subject": "Your policy", "text": "Good news.", "queue": queue}
    sent = await ann.post("/tickets/new", fields)
    assert sent.status == 303
    assert "Good news." in (await ann.get(sent.headers["Location"])).page


@pytest.mark.parametrize(
    ("fields", "shown"),
    [({"to": "", "text": "x"}, "Give an e-mail address"), ({"to": "12345", "text": "x"}, "with its country")],
)
async def test_a_message_to_nowhere_keeps_what_was_written(building, ann, fields, shown):
    response = await ann.post("/tickets/new", {"subject": "Keep me", "queue": "", **fields})
    assert response.status == 400
    assert shown in response.page
    assert "Keep me" in response.page


async def test_a_call_that_is_written_down_is_accepted_like_any_message(building, ann):
    fields = {"channel": "phone", "to": "+44 20 7946 0000", "name": "Carol", "text": "Wants a call back", "key": "k-1"}
    assert (await ann.post("/tickets/log", fields)).status == 303
    assert (await ann.post("/tickets/log", fields)).status == 303
    from sqlalchemy import select

    from contactcenter.conversations.records import Message

    async with building.store.read() as uow:
        message = (await uow.session.scalars(select(Message))).one()
    assert (message.channel, message.author_id, message.envelope["may_answer"]) == ("phone", ann.actor.agent_id, False)


async def test_a_call_on_a_ticket_joins_its_conversation_if_the_agent_may_see_it(building, ann):
    own, foreign = await ticket(building.store), await ticket(building.store, queue="claims")
    fields = {"channel": "phone", "to": "+44 20 7946 0000", "text": "Called again"}
    assert (await ann.post("/tickets/log", {**fields, "ticket": own})).headers["Location"] == f"/tickets/{own}"
    assert (await ann.post("/tickets/log", {**fields, "ticket": foreign})).status == 404


@pytest.mark.parametrize("fields", [{"channel": "email"}, {"channel": "smoke"}, {"text": " "}])
async def test_a_contact_without_sense_is_not_written_down(building, ann, fields):
    whole = {"channel": "phone", "to": "+44 20 7946 0000", "text": "Said something", **fields}
    assert (await ann.post("/tickets/log", whole)).status == 400
