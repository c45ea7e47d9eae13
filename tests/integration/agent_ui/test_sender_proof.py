"""Whether a sender is proven, as the agent sees it beside the message."""

import pytest
from sqlalchemy import update

from contactcenter.conversations.records import Message
from tests.integration.office import ticket

FORGED = {
    "spf": "fail", "dkim": "none", "dmarc": "fail", "verdict": "failed", "judge": "self", "policy": "reject",
    "spf_domain": "evil.example", "why": "<b>evil.example: all</b>",
}  # fmt: skip
PROVEN = {"spf": "none", "dkim": "pass", "dmarc": "pass", "verdict": "proven", "judge": "mx.desk.example"}
SIGNED = {"dkim_domain": "shop.example", "dkim_selector": "s1"}


async def page_of(building, **fields):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    async with building.store.transaction() as uow:
        await uow.session.execute(update(Message).values(**fields))
    return (await ann.get(f"/tickets/{number}")).page


@pytest.mark.parametrize(
    ("said", "authenticated", "shown"),
    [
        (PROVEN | SIGNED, True, ("proof-proven", "sender proven", "shop.example · s1", "mx.desk.example")),
        (FORGED, False, ("proof-failed", "sender check failed", "evil.example", "this service", "Take it for forged")),
        ({}, False, ("proof-unproven", "sender not proven")),
        ({}, True, ("proof-proven", "sender proven")),
    ],
)
async def test_one_word_and_its_details_stand_beside_a_mail(building, said, authenticated, shown):
    page = await page_of(building, authentication=said, authenticated=authenticated)
    assert all(text in page for text in shown)
    assert "<b>evil" not in page


async def test_other_channels_have_no_such_word(building):
    assert "proof-" not in await page_of(building, channel="sms")
