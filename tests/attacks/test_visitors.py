"""A47, A48: strangers at the chat. Who they say they are counts for nothing; only a token of ours does."""

import json

import aiohttp
import pytest
from aiohttp import WSCloseCode

from contactcenter.app.doors import StoredChatHistory
from contactcenter.channels.webchat import Limits
from contactcenter.channels.webchat.tokens import VisitorTokens
from contactcenter.clock import new_id
from contactcenter.conversations.records import Message
from contactcenter.envelope import Channel, Identity, IdentityKind
from contactcenter.staff.access import Role
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from tests.integration.channels.chat_desk import ORIGIN, SECRET, ChatHouse
from tests.integration.office import hire, ticket


async def test_a47_a_socket_of_another_page_is_not_opened(  # ASVS 4.4.2
):
    async with ChatHouse() as chat:
        for origin in (
            None,
            "",
            "null",
            "https://evil.example",
            f"{ORIGIN}.evil.example",
            f"{ORIGIN}@evil.example",
            "*",
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await chat.connect(origin)
            assert refused.value.status == 403


async def test_a47_frames_made_to_hurt_close_the_socket_and_nobody_elses():
    async with ChatHouse(Limits(frames_per_second=5)) as chat:
        quiet = await chat.visitor()
        huge, flood, binary = await chat.visitor(), await chat.visitor(), await chat.visitor()
        await huge.ws.send_str("x" * 200_000)
        assert await huge.closed() == WSCloseCode.MESSAGE_TOO_BIG
        for _ in range(200):
            if not flood.ws.closed:
                await flood.ws.send_json({"type": "typing"})
        assert await flood.closed() == WSCloseCode.POLICY_VIOLATION
        for _ in range(3):
            await binary.ws.send_bytes(b"\x00")
        assert await binary.closed() == WSCloseCode.POLICY_VIOLATION
        assert (await quiet.say("still here"))["type"] == "accepted"


async def test_a48_cve_2025_12245_who_says_he_is_somebody_is_still_nobody():
    async with ChatHouse() as chat:
        victim = await chat.visitor(name="Ann", email="ann@customer.example")
        await victim.say("my secret")
        signed = victim.token
        forged = (
            {"identity": victim.identity}, {"visitor": victim.id}, {"token": victim.id}, {"token": signed[:-2] + "AA"},
            {"token": signed.replace("v1.", "v2.", 1)}, {"token": VisitorTokens(b"x" * 32).issue(victim.id)},
            {"email": "ann@customer.example", "name": "Ann"}, {"token": [signed]}, {"token": {"$ne": ""}},
            {"user_hash": "x", "hmac": "y", "identifier": victim.id},
        )  # fmt: skip
        for fields in forged:
            eve = await chat.connect()
            frame = await eve.hello(**fields)
            assert frame["visitor"] != victim.id, fields
            assert frame["lines"] == [], fields
        assert all(not message.authenticated for message in chat.desk.inbound)


async def test_a48_a_token_in_the_address_or_of_another_house_opens_nothing():
    async with ChatHouse() as chat:
        victim = await chat.visitor()
        await victim.say("my secret")
        ws = await chat.client.ws_connect(
            f"/chat/ws?token={victim.token}&visitor={victim.id}", headers={"Origin": ORIGIN}
        )
        await ws.send_json({"type": "hello"})
        assert (await ws.receive_json())["lines"] == []
        assert VisitorTokens(SECRET).visitor(victim.token) == victim.id
        assert VisitorTokens(SECRET + b"!").visitor(victim.token) is None


async def test_a48_odd_frames_are_told_off_and_store_nothing():
    async with ChatHouse() as chat:
        odd = ("[]", "null", '"x"', "{", "[" * 20_000, '{"type":"say"}', '{"type":["say"]}', '{"__proto__":{"x":1}}')
        odd += (json.dumps({"type": "say", "client_id": "../../x", "text": "x"}), '{"type":"ack","id":"1 OR 1=1"}')
        for frame in odd:
            visitor = await chat.visitor()
            await visitor.ws.send_str(frame)
            assert (await visitor.next())["type"] == "problem", frame[:40]
        assert chat.desk.inbound == []


async def chatted(store, visitor):
    """Number of the ticket of a chat."""
    return await ticket(store, "hello", identity=Identity(IdentityKind.CHAT, visitor), channel=Channel.CHAT)


async def test_a48_a_visitor_reads_his_own_lines_and_never_a_note(store):
    mine, theirs = new_id(), new_id()
    agent = await hire(store, "agent", Role.ADMIN)
    for visitor in (mine, theirs):
        number = await chatted(store, visitor)
        async with store.transaction() as uow:
            found = await access_ticket(uow, agent, number)
            await desk.note(uow, agent, found, f"note on {visitor}")
            await desk.reply(uow, agent, found, text=f"for {visitor}", channel=Channel.CHAT)
    lines = await StoredChatHistory(store).lines(Identity(IdentityKind.CHAT, mine))
    assert [line.text for line in lines] == [f"for {mine}"]


async def test_what_a_visitor_may_have_read_is_not_taken_back(store):
    agent = await hire(store, "agent", Role.ADMIN)
    number = await chatted(store, new_id())
    async with store.transaction() as uow:
        found = await access_ticket(uow, agent, number)
        sent = await desk.reply(uow, agent, found, text="hi", channel=Channel.CHAT, delay_seconds=10)
    async with store.transaction() as uow:
        assert await desk.undo_reply(uow, agent, sent.id) is None
    async with store.read() as uow:
        assert await uow.session.get(Message, sent.id) is not None
