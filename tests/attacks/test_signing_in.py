"""A42 to A44: ways around the sign-in. Forged hosts, guessed links, planted and surviving sessions."""

import re
import secrets

import pytest
from multidict import CIMultiDict

from contactcenter.agent_ui.session import COOKIE, peer_of
from contactcenter.events import Event, EventKind
from contactcenter.staff import agents, links, sessions, tokens
from contactcenter.staff.access import MACHINE, Role
from contactcenter.staff.records import Agent
from tests.integration.agent_ui.visitor import PUBLIC_URL
from tests.integration.office import PASSWORD, hire

NEW = {"password": "another long secret", "again": "another long secret"}
FORGED = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}


async def test_a42_cve_2022_0935_every_link_is_made_of_the_configured_address(house):
    boss = await house.person("boss", Role.ADMIN)
    await boss.post("/password", {"email": boss.actor.email}, headers=FORGED)
    await boss.post(f"/admin/agents/{boss.actor.agent_id}/invite", headers=FORGED)
    fields = {"email": "new@desk.example", "role": "agent", "language": "en"}
    await boss.post("/admin/agents/new", fields, headers=FORGED)
    async with house.store.transaction() as uow:
        secret = await tokens.create_token(uow, boss.actor.agent_id, "x")
    headers = {**FORGED, "Authorization": f"Bearer {secret}"}
    told = await boss.client.post("/api/v1/agents", json={"email": "api@desk.example"}, headers=headers)
    mails = await house.mails()
    texts = [mail["text"] for mail in mails] + [(await told.json())["invitation"]]
    assert (len(mails), "evil.example" in "".join(texts)) == (3, False)
    assert all(f"{PUBLIC_URL}/password/" in text for text in texts)
    page = await (await house.stranger()).get("/", headers=FORGED)
    assert "evil.example" not in page.page + str(page.headers)


async def test_a43_cve_2020_1772_only_the_whole_link_opens_anything(house):
    actor = await hire(house.store, "ann", password=PASSWORD)
    async with house.store.transaction() as uow:
        token = await links.create_link(uow, actor.agent_id, "reset", 1)
    stranger = await house.stranger()
    guesses = [
        "%25",
        "*",
        "_",
        "123456",
        "%00",
        f"{token}x",
        token[:-1],
        f"%20{token}",
        f"{token}%00",
        token.swapcase(),
    ]
    for guess in (*guesses, secrets.token_urlsafe(32), f"{token}%0a", f"{token};x", f"..%2f{token}"):
        assert (await stranger.get(f"/password/{guess}")).status == 404, guess
        assert (await stranger.post(f"/password/{guess}", NEW)).status == 404, guess
    for path in ("/password?token[]=", f"/password?token={token}", "/password/"):
        answer = await stranger.post(path, {**NEW, "token": token, "token[]": token})
        assert answer.status in {200, 404}, path
    assert (await stranger.post("/", {"email": actor.email, "password": PASSWORD})).status == 303
    assert (await stranger.post(f"/password/{token}", NEW)).status == 200
    assert (await stranger.post(f"/password/{token}", NEW)).status == 404


async def test_a43_ghsa_jqj5_a_link_does_not_outlive_its_reason(house):
    dead, live = {}, {}
    async with house.store.transaction() as uow:
        for way in ("moved", "disabled", "again", "expired", "good"):
            actor = await agents.create_agent(uow, email=f"{way}@desk.example", name=way)
            link = await links.create_link(uow, actor.id, "invite", -1 if way == "expired" else 72)
            (live if way == "good" else dead)[way] = link
            if way == "moved":
                await agents.update_agent(uow, MACHINE, actor.id, email="elsewhere@desk.example")
            elif way == "disabled":
                await agents.disable(uow, MACHINE, actor.id)
                await agents.enable(uow, MACHINE, actor.id)
            elif way == "again":
                live[way] = await links.create_link(uow, actor.id, "invite", 72)
    other = await hire(house.store, "bob", password=PASSWORD)
    stranger = await house.stranger()
    for way, link in dead.items():
        assert (await stranger.post(f"/password/{link}", NEW)).status == 404, way
    for way, link in live.items():
        fields = {**NEW, "email": other.email, "agent_id": other.agent_id}
        assert (await stranger.post(f"/password/{link}", fields)).status == 200, way
    assert (await stranger.post("/", {"email": other.email, "password": PASSWORD})).status == 303


async def test_a43_letters_that_only_look_alike_lead_to_the_owner_alone(house):
    await hire(house.store, "kim", password=PASSWORD)
    stranger = await house.stranger()
    for typed in (
        "\u212aim@desk.example",
        "kim@de\u017fk.example",
        "KIM@DESK.EXAMPLE ",
        "kim@desk.example, e@evil.example",
    ):
        await stranger.post("/password", {"email": typed})
    assert {mail["to"] for mail in await house.mails()} == {"kim@desk.example"}


async def test_a44_cve_2022_31888_a_planted_session_is_not_the_one_that_is_signed_in(house):
    ann = await hire(house.store, "ann", password=PASSWORD)
    eve = await house.person("eve")
    planted = [secrets.token_urlsafe(32), next(c.value for c in eve.client.session.cookie_jar if c.key == COOKIE)]
    for token in planted:
        victim = await house.stranger()
        signed = await victim.post(
            "/", {"email": ann.email, "password": PASSWORD}, headers={"Cookie": f"{COOKIE}={token}"}
        )
        assert signed.cookies[COOKIE].value not in planted
        assert signed.cookies[COOKIE]["httponly"]
        assert signed.cookies[COOKIE]["samesite"] == "Lax"
    async with house.store.read() as uow:
        assert await sessions.resolve(uow, planted[0]) is None
        assert (await sessions.resolve(uow, planted[1])).actor.agent_id == eve.actor.agent_id


@pytest.mark.parametrize("end", ["password", "disabled", "signed out"])
async def test_a44_cve_2021_3740_open_streams_end_with_their_session(house, end):
    eve = await house.person("eve")
    async with eve.client.get("/events") as stream:
        await stream.content.readuntil(b"\n\n")
        async with house.store.transaction() as uow:
            if end == "password":
                await agents.set_password(uow, eve.actor.agent_id, NEW["password"])
            elif end == "disabled":
                await agents.disable(uow, MACHINE, eve.actor.agent_id)
        if end == "signed out":
            assert (await eve.post("/sign-out")).status == 303
        house.hub.publish(Event(EventKind.STAFF_CHANGED, id=eve.actor.agent_id))
        house.hub.publish(Event(EventKind.CUSTOMER_CHANGED, customer="told-to-nobody"))
        assert b"told-to-nobody" not in await stream.content.read()
    assert (await eve.get("/board")).status == 303


async def test_a44_the_cookie_is_no_key_to_the_api_and_a_token_none_to_the_console(house):
    boss = await house.person("boss", Role.ADMIN)
    async with house.store.transaction() as uow:
        secret = await tokens.create_token(uow, boss.actor.agent_id, "x")
    assert (await boss.get("/api/v1/tickets")).status == 401
    stranger = await house.stranger()
    headers = {"Authorization": f"Bearer {secret}", "Cookie": f"{COOKIE}={secret}"}
    assert (await stranger.get("/board", headers=headers)).status == 303


class Asked:
    """A request from somewhere, with a header for each ``forwarded``."""

    def __init__(self, remote, forwarded):
        self.remote = remote
        self.headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])


@pytest.mark.parametrize(
    ("remote", "forwarded", "peer"),
    [
        ("203.0.113.9", ["1.2.3.4"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        ("2001:db8::1", [], "2001:db8::/64"),
        ("2001:db8::ffff:2", [], "2001:db8::/64"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
    ],
)
def test_a43_tries_are_counted_for_who_makes_them_whatever_he_says(remote, forwarded, peer):
    assert peer_of(Asked(remote, forwarded), ("10.0.0.0/8",)) == peer


async def test_a43_cve_2026_45294_sprayed_guesses_are_stopped_and_say_nothing_of_who_exists(house):
    await hire(house.store, "ann")  # without a password: the same work is done
    stranger = await house.stranger()
    seen = [await stranger.post("/", {"email": f"{name}@desk.example", "password": "x"}) for name in ("ann", "eve")]
    pages = [re.sub(r'value="[^"]*"', "", answer.page) for answer in seen]
    assert [answer.status for answer in seen] == [401, 401]
    assert pages[0] == pages[1]
    guesses = [(await stranger.post("/", {"email": f"u{n}@desk.example", "password": "x"})).status for n in range(19)]
    assert guesses == [401] * 18 + [429]


async def test_a44_a_role_that_was_taken_is_gone_with_the_next_request(house):
    boss, eve = await house.person("boss", Role.ADMIN), await house.person("eve", Role.ADMIN)
    async with house.store.transaction() as uow:
        (await uow.session.get(Agent, eve.actor.agent_id)).role = Role.AGENT.value
    assert ((await boss.get("/admin/agents")).status, (await eve.get("/admin/agents")).status) == (200, 403)
