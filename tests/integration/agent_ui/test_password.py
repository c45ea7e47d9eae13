"""The way to a new password tells nobody who has an account, and its links open once, from our own address."""

import re

import pytest

from contactcenter.staff import agents, links
from tests.integration.agent_ui.visitor import PUBLIC_URL
from tests.integration.office import PASSWORD, hire

NEW = "another long secret"


async def link_in(building):
    (mail,) = await building.mails()
    return re.search(r"(\S+)(/password/\S+)", mail["text"]).groups()


async def test_known_and_unknown_addresses_get_the_same_answer(building):
    await hire(building.store, "ann", password=PASSWORD)
    visitor = await building.stranger()
    known = await visitor.post("/password", {"email": "ann@desk.example"})
    unknown = await visitor.post("/password", {"email": "eve@desk.example"})
    assert (known.status, known.page) == (unknown.status, unknown.page) == (200, known.page)
    assert [mail["to"] for mail in await building.mails()] == ["ann@desk.example"]


async def test_the_link_is_made_of_the_configured_address_whatever_the_request_says(building):
    await hire(building.store, "ann", password=PASSWORD)
    visitor = await building.stranger()
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    await visitor.post("/password", {"email": "ann@desk.example"}, headers=headers)
    assert (await link_in(building))[0] == PUBLIC_URL


async def test_a_link_sets_the_password_once(building):
    await hire(building.store, "ann", password=PASSWORD)
    visitor = await building.stranger()
    await visitor.post("/password", {"email": "ann@desk.example"})
    _, path = await link_in(building)
    assert (await visitor.get(path)).status == 200
    assert (await visitor.post(path, {"password": NEW, "again": NEW})).status == 200
    assert (await visitor.post(path, {"password": "a third long one", "again": "a third long one"})).status == 404
    assert (await visitor.post("/", {"email": "ann@desk.example", "password": NEW})).status == 303


async def test_a_password_that_will_not_do_leaves_the_link_good(building):
    await hire(building.store, "ann", password=PASSWORD)
    visitor = await building.stranger()
    await visitor.post("/password", {"email": "ann@desk.example"})
    _, path = await link_in(building)
    short = await visitor.post(path, {"password": "short", "again": "short"})
    different = await visitor.post(path, {"password": NEW, "again": PASSWORD})
    assert (short.status, different.status) == (422, 422)
    assert "at least 10 characters" in short.page
    assert (await visitor.post(path, {"password": NEW, "again": NEW})).status == 200


async def test_a_new_password_ends_the_sessions_that_were_open(building):
    ann = await building.person("ann")
    await ann.post("/password", {"email": "ann@desk.example"})
    _, path = await link_in(building)
    visitor = await building.stranger()
    await visitor.post(path, {"password": NEW, "again": NEW})
    assert (await ann.get("/board")).status == 303


@pytest.mark.parametrize("token", ["%25", "*", "_", "123456", "x" * 400, "%00", "a%2Fb"])
async def test_what_is_no_token_opens_nothing(building, token):
    visitor = await building.stranger()
    assert (await visitor.get(f"/password/{token}")).status == 404
    assert (await visitor.post(f"/password/{token}", {"password": NEW, "again": NEW})).status == 404


async def test_the_sixth_request_within_an_hour_waits_known_or_not(building):
    await hire(building.store, "ann", password=PASSWORD)
    visitor = await building.stranger()
    for email in ("ann@desk.example", "eve@desk.example"):
        answers = [(await visitor.post("/password", {"email": email})).status for _ in range(6)]
        assert answers == [200] * 5 + [429]


async def test_a_disabled_agent_gets_no_link_and_his_old_one_is_dead(building):
    boss = await building.person("boss", "admin")
    actor = await hire(building.store, "ann", password=PASSWORD)
    async with building.store.transaction() as uow:
        token = await links.create_link(uow, actor.agent_id, "reset", 1)
        await agents.disable(uow, boss.actor, actor.agent_id)
    visitor = await building.stranger()
    await visitor.post("/password", {"email": actor.email})
    assert await building.mails() == []
    assert (await visitor.get(f"/password/{token}")).status == 404


async def test_the_mail_speaks_the_agents_language(building):
    await hire(building.store, "ann", password=PASSWORD)
    async with building.store.transaction() as uow:
        (await agents.find_agent(uow, "ann@desk.example")).language = "zh"
    await (await building.stranger()).post("/password", {"email": "ann@desk.example"})
    (mail,) = await building.mails()
    assert "密码" in mail["subject"]
