"""The visitor's socket over a real server: both ways, resuming, and what is not let in."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import WSCloseCode

from contactcenter.channels.webchat import Limits
from contactcenter.channels.webchat.history import shortly_before
from contactcenter.clock import new_id
from contactcenter.envelope import Channel, DeliveryState, IdentityKind
from contactcenter.errors import Forbidden, Unavailable
from contactcenter.events import EventKind
from tests.integration.channels.chat_desk import ORIGIN, ChatHouse


@pytest.fixture
async def house():
    async with ChatHouse() as house:
        yield house


# ---- both ways ---------------------------------------------------------------------------------------------------


async def test_a_message_is_accepted_with_all_the_door_saw(house):
    visitor = await house.visitor(name="Mei Lin", email="Mei@example.org")
    frame = await visitor.say("Where is my order?", page=f"{ORIGIN}/orders", title="Orders")
    [message] = house.desk.inbound
    assert frame == {"type": "accepted", "client_id": "client-id-1", "id": frame["id"]}
    assert (message.channel, message.ingest_key) == (Channel.CHAT, f"{visitor.id}:client-id-1")
    assert (message.sender.kind, message.sender.value, message.sender.name) == (
        IdentityKind.CHAT,
        visitor.id,
        "Mei Lin",
    )
    assert (message.text, message.external_id, message.authenticated) == ("Where is my order?", "client-id-1", False)
    assert message.envelope | {"user_agent": ""} == {
        "page": f"{ORIGIN}/orders",
        "title": "Orders",
        "language": "en",
        "email": "Mei@example.org",
        "user_agent": "",
        "peer": "127.0.0.1",
    }


async def test_a_reply_reaches_the_visitor_live_and_its_receipt_comes_back(house):
    visitor = await house.visitor()
    await visitor.say("Hello")
    line_id = house.desk.answer(visitor.identity, "你好！", machine=True, name="Desk")
    line = await visitor.next()
    assert (line["type"], line["id"], line["text"]) == ("line", line_id, "你好！")
    assert (line["direction"], line["author"]) == ("out", {"type": "machine", "name": "Desk"})
    await visitor.ws.send_json({"type": "ack", "id": line_id})
    await visitor.say("Thanks", "client-id-2")
    [receipt] = house.desk.receipts
    assert (receipt.channel, receipt.external_id, receipt.state) == (Channel.CHAT, line_id, DeliveryState.DELIVERED)


async def test_an_acknowledgement_counts_once_and_only_for_what_was_sent_here(house):
    visitor, other = await house.visitor(), await house.visitor()
    mine = house.desk.answer(visitor.identity, "for you")
    theirs = house.desk.answer(other.identity, "for him")
    await visitor.next()
    for line_id in (theirs, mine, mine, new_id()):
        await visitor.ws.send_json({"type": "ack", "id": line_id})
    await visitor.say("done")
    assert [receipt.external_id for receipt in house.desk.receipts] == [mine]


async def test_what_is_said_in_one_tab_appears_in_the_other(house):
    first = await house.visitor()
    second = await house.connect()
    await second.hello(token=first.token)
    await first.say("from the first tab", "client-id-7")
    line = await second.next()
    assert (line["text"], line["client_id"], line["direction"]) == ("from the first tab", "client-id-7", "in")


async def test_writing_is_shown_to_both_sides(house):
    visitor = await house.visitor()
    house.chat.show_typing(visitor.identity)
    assert await visitor.next() == {"type": "typing"}
    await visitor.ws.send_json({"type": "typing"})
    await visitor.say("here it is")
    assert [str(one) for one in house.watched] == [visitor.identity]


async def test_a_gap_in_the_events_loses_no_reply(house):
    visitor = await house.visitor()
    house.desk.answer(visitor.identity, "unheard", event=None)
    house.desk.answer(visitor.identity, "then a gap", event=EventKind.GAP)
    assert [(await visitor.next())["text"], (await visitor.next())["text"]] == ["unheard", "then a gap"]


async def test_another_visitors_reply_is_not_sent_here(house):
    visitor, other = await house.visitor(), await house.visitor()
    house.desk.answer(other.identity, "not for you")
    assert (await visitor.say("Hello"))["type"] == "accepted"


async def test_a_new_visitor_misses_nothing_of_a_burst(house):
    visitor = await house.visitor()
    for number in range(150):
        house.desk.answer(visitor.identity, str(number))
    assert [(await visitor.next())["text"] for _ in range(150)] == [str(number) for number in range(150)]


# ---- resuming ----------------------------------------------------------------------------------------------------


async def test_a_reload_shows_the_history_and_goes_on(house):
    visitor = await house.visitor()
    await visitor.say("Hello")
    house.desk.answer(visitor.identity, "Hello Mei")
    await visitor.ws.close()
    again = await house.connect()
    welcome = await again.hello(token=visitor.token)
    assert welcome["visitor"] == visitor.id
    assert [line["text"] for line in welcome["lines"]] == ["Hello", "Hello Mei"]
    house.desk.answer(visitor.identity, "live again")
    assert (await again.next())["text"] == "live again"


async def test_a_reconnect_brings_the_lines_since_the_last_one_known(house):
    visitor = await house.visitor()
    old = house.desk.answer(visitor.identity, "long ago", line_id="01890000-0000-7000-8000-000000000000")
    seen = house.desk.answer(visitor.identity, "seen")
    await visitor.ws.close()
    house.desk.answer(visitor.identity, "missed")
    again = await house.connect()
    texts = [line["text"] for line in (await again.hello(token=visitor.token, after=seen))["lines"]]
    assert texts[-1] == "missed"
    assert old < shortly_before(seen)
    assert "long ago" not in texts


async def test_a_line_that_was_committed_late_is_sent_though_its_id_is_lower(house):
    visitor = await house.visitor()
    overtaken = new_id()
    house.desk.answer(visitor.identity, "first to be seen")
    await visitor.next()
    house.desk.answer(visitor.identity, "first to be written", line_id=overtaken)
    assert (await visitor.next())["text"] == "first to be written"


async def test_a_long_backlog_arrives_whole_and_in_order(house):
    visitor = await house.visitor()
    first = house.desk.answer(visitor.identity, "0")
    await visitor.ws.close()
    for number in range(1, 250):
        house.desk.answer(visitor.identity, str(number))
    again = await house.connect()
    lines = (await again.hello(token=visitor.token, after=first))["lines"]
    assert [line["text"] for line in lines] == [str(number) for number in range(250)]


@pytest.mark.parametrize(
    "change", [lambda token: token[:-2], lambda token: token.replace("v1", "v2"), lambda token: "x" * 5000]
)
async def test_a_wrong_token_makes_a_new_visitor_without_history(house, change):
    visitor = await house.visitor()
    await visitor.say("my secret")
    stranger = await house.connect()
    welcome = await stranger.hello(token=change(visitor.token))
    assert welcome["visitor"] != visitor.id
    assert welcome["lines"] == []


async def test_the_token_of_one_visitor_does_not_open_the_chat_of_another(house):
    mine, other = await house.visitor(), await house.visitor()
    stranger = await house.connect()
    assert (await stranger.hello(token=mine.token.replace(mine.id, other.id)))["visitor"] not in {mine.id, other.id}


async def test_a_token_in_the_address_is_not_looked_at(house):
    visitor = await house.visitor()
    ws = await house.client.ws_connect(f"/chat/ws?token={visitor.token}", headers={"Origin": ORIGIN})
    await ws.send_json({"type": "hello"})
    assert (await ws.receive_json())["visitor"] != visitor.id


# ---- once, and only when it is durable -----------------------------------------------------------------------------


async def test_the_same_client_id_twice_is_one_message_and_told_again(house):
    visitor = await house.visitor()
    first = await visitor.say("Hello", "client-id-1")
    again = await visitor.say("Hello", "client-id-1")
    assert first == again
    assert len(house.desk.inbound) == 1


async def test_a_message_sent_again_after_a_lost_connection_is_one_message(house):
    visitor = await house.visitor()
    first = await visitor.say("Hello", "client-id-1")
    await visitor.ws.close()
    again = await house.connect()
    await again.hello(token=visitor.token)
    assert (await again.say("Hello", "client-id-1"))["id"] == first["id"]
    assert len(house.desk.inbound) == 1


async def test_while_the_store_is_away_the_visitor_is_told_later_and_the_retry_is_taken(house):
    visitor = await house.visitor()
    house.desk.error = Unavailable("the database is away")
    refused = await visitor.say("Hello")
    assert (refused["type"], refused["code"], refused["client_id"]) == ("problem", "later", "client-id-1")
    assert "database" not in refused["message"]
    house.desk.error = None
    assert (await visitor.say("Hello"))["type"] == "accepted"


async def test_what_will_never_be_taken_is_refused_for_good(house):
    visitor = await house.visitor()
    house.desk.error = Forbidden("blocked")
    assert (await visitor.say("Hello"))["code"] == "refused"


async def test_while_the_history_is_away_a_chat_is_not_opened_but_asked_back(house):
    visitor = await house.visitor()
    house.desk.history_error = Unavailable("the database is away")
    again = await house.connect()
    problem = await again.hello(token=visitor.token)
    assert (problem["code"], problem["retry_after"]) == ("later", 5)
    assert await again.closed() == WSCloseCode.TRY_AGAIN_LATER


async def test_a_restart_says_going_away(house):
    visitor = await house.visitor()
    closing = asyncio.create_task(house.chat.close())
    assert await visitor.closed() == WSCloseCode.GOING_AWAY
    await closing


# ---- who is not let in -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", f"{ORIGIN}.evil.example", "http://shop.example"]
)
async def test_a_page_that_may_not_carry_the_widget_gets_403(house, origin):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await house.connect(origin)
    assert refused.value.status == 403


async def test_a_plain_get_is_a_bad_request(house):
    response = await house.client.get("/chat/ws", headers={"Origin": ORIGIN})
    assert response.status == 400


async def test_three_frames_without_sense_close_the_socket(house):
    visitor = await house.visitor()
    await visitor.ws.send_str("{")
    await visitor.ws.send_str('{"type": "become-admin"}')
    assert [(await visitor.next())["code"], (await visitor.next())["code"]] == ["malformed", "unknown"]
    await visitor.ws.send_bytes(b"\x00")
    assert (await visitor.next())["code"] == "malformed"
    assert await visitor.closed() == WSCloseCode.POLICY_VIOLATION


async def test_nothing_is_said_before_hello(house):
    visitor = await house.connect()
    assert (await visitor.say("Hello"))["code"] == "hello-first"
    assert house.desk.inbound == []


async def test_who_never_says_hello_is_let_go():
    async with ChatHouse(Limits(hello_seconds=0.05)) as house:
        assert await (await house.connect()).closed() == WSCloseCode.POLICY_VIOLATION


async def test_a_frame_over_the_limit_closes_the_socket(house):
    visitor = await house.visitor()
    await visitor.ws.send_str(json.dumps({"type": "say", "client_id": "client-id-1", "text": "x" * 32_768}))
    assert await visitor.closed() == WSCloseCode.MESSAGE_TOO_BIG
    assert house.desk.inbound == []


async def test_a_text_over_4000_characters_is_a_problem(house):
    visitor = await house.visitor()
    assert (await visitor.say("字" * 4001))["code"] == "too-long"
    assert (await visitor.say("字" * 4000))["type"] == "accepted"


async def test_compression_is_not_spoken(house):
    ws = await house.client.ws_connect("/chat/ws", headers={"Origin": ORIGIN}, compress=15)
    assert ws.compress == 0


async def test_messages_faster_than_allowed_are_put_off_not_lost(house):
    visitor = await house.visitor()
    frames = [await visitor.say("Hello", f"client-id-{number}") for number in range(32)]
    assert [frame["type"] for frame in frames] == ["accepted"] * 30 + ["problem"] * 2
    assert frames[-1]["code"] == "slow"
    assert 1 <= frames[-1]["retry_after"] <= 61
    assert len(house.desk.inbound) == 30


async def test_a_flood_of_frames_closes_the_socket(house):
    visitor = await house.visitor()
    for _ in range(250):
        await visitor.ws.send_json({"type": "typing"})
    assert await visitor.closed() == WSCloseCode.POLICY_VIOLATION


async def test_a_flood_of_pings_closes_the_socket(house):
    visitor = await house.visitor()
    for _ in range(250):
        await visitor.ws.ping()
    assert await visitor.closed() == WSCloseCode.POLICY_VIOLATION


async def test_too_many_new_chats_of_one_peer_are_put_off_but_known_visitors_come_in(house):
    known = await house.visitor()
    for _ in range(19):
        await house.visitor()
    late = await house.connect()
    busy = await late.hello()
    assert (busy["code"], await late.closed()) == ("busy", WSCloseCode.TRY_AGAIN_LATER)
    assert (await (await house.connect()).hello(token=known.token))["visitor"] == known.id


async def test_connecting_without_end_gets_429():
    async with ChatHouse(Limits(connections_per_minute=2)) as house:
        await house.connect()
        await house.connect()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.connect()
    assert refused.value.status == 429
    assert int(refused.value.headers["Retry-After"]) >= 1


async def test_behind_a_trusted_proxy_the_visitor_is_the_peer():
    async with ChatHouse(trusted_proxies=("127.0.0.1",)) as house:
        visitor = await house.connect(**{"X-Forwarded-For": "10.9.9.9, 203.0.113.7"})
        await visitor.hello()
        await visitor.say("Hello")
    assert house.desk.inbound[0].envelope["peer"] == "203.0.113.7"


async def test_one_visitor_holds_only_so_many_sockets():
    async with ChatHouse(Limits(sockets_per_visitor=1)) as house:
        visitor = await house.visitor()
        second = await house.connect()
        assert (await second.hello(token=visitor.token))["code"] == "busy"


async def test_who_does_not_read_is_let_go():
    async with ChatHouse(Limits(send_seconds=0.1)) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.client.port, limit=1024)
        visitor = await house.visitor()
        writer.write(_upgrade() + _masked(json.dumps({"type": "hello", "token": visitor.token})))
        await reader.readuntil(b"welcome")
        writer.transport.pause_reading()
        for _ in range(400):
            house.desk.answer(visitor.identity, "x" * 40_000)
        while house.chat.connected > 1:
            house.chat.show_typing(visitor.identity)
            await visitor.next()
        writer.close()
    assert house.chat.connected == 0


def _upgrade():
    lines = ("GET /chat/ws HTTP/1.1", "Host: x", f"Origin: {ORIGIN}", "Upgrade: websocket", "Connection: Upgrade")
    return "\r\n".join(
        [*lines, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", ""]
    ).encode()


def _masked(text):
    """A text frame with a mask of zeros (RFC 6455, 5.2)."""
    content = text.encode()
    return bytes([0x81, 0x80 | 126, *len(content).to_bytes(2, "big"), 0, 0, 0, 0]) + content
