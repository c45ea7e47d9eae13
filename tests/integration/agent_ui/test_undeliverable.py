"""Addresses that take no mail, as the console shows them; and senders blocked from a ticket and a customer's page."""

from sqlalchemy import select
from sqlmodel import col

from contactcenter.conversations.blocking import list_blocked
from contactcenter.customers.identity import mark_undeliverable
from contactcenter.customers.records import CustomerIdentity
from tests.integration.office import mail, ticket


async def dead(building, address="carol@example.org"):
    async with building.store.transaction() as uow:
        await mark_undeliverable(uow, mail(address), "5.1.1 no such user")
        return await uow.session.scalar(select(CustomerIdentity).where(col(CustomerIdentity.value) == address))


async def test_the_composer_warns_and_the_pane_offers_to_try_again(building):
    number = await ticket(building.store)
    known = await dead(building)
    ann = await building.person("ann", queues=("service",))
    page = (await ann.get(f"/tickets/{number}")).page
    assert "Mail to carol@example.org is refused" in page
    assert "5.1.1 no such user" in page
    fields = {"identity": "email:carol@example.org", "ticket": str(number)}
    answer = await ann.post(f"/customers/{known.customer_id}/reachable", fields)
    assert answer.headers["Location"] == f"/tickets/{number}"
    assert "is refused" not in (await ann.get(f"/tickets/{number}")).page


async def test_the_sender_of_a_ticket_is_blocked_and_its_story_says_by_whom(building):
    number = await ticket(building.store)
    ann = await building.person("ann", queues=("service",))
    answer = await ann.post(f"/tickets/{number}/block", headers={"HX-Request": "true"})
    assert "carol@example.org is blocked" in answer.page
    assert "ann blocked the sender carol@example.org" in (await ann.get(f"/tickets/{number}")).page
    async with building.store.read() as uow:
        assert [one.by_name for one in (await list_blocked(uow)).items] == ["ann"]


async def test_a_customers_address_is_blocked_from_his_page(building):
    await ticket(building.store)
    known = await dead(building)
    ann = await building.person("ann", queues=("service",))
    assert "Block a sender" in (await ann.get(f"/customers/{known.customer_id}")).page
    answer = await ann.post(f"/customers/{known.customer_id}/block", {"identity": "email:carol@example.org"})
    assert answer.headers["Location"] == "/quarantine/senders?done=blocked"
    assert (await ann.post(f"/customers/{known.customer_id}/block", {"identity": "phone:+12025550100"})).status == 400
