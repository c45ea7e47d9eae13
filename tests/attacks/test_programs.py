"""A50, A51: what programs send to the API. Fields it does not know, and words of other languages."""

from collections import defaultdict
from urllib.parse import quote_plus

import pytest
from sqlalchemy import text

from contactcenter.api.api import OPERATIONS
from tests.integration.api.world import World

EXTRA = {
    "role": "admin", "auto_bcc": "eve@evil.example", "queue_id": "1", "customer_id": "1", "author_id": "1", "id": "1",
    "agent_id": "1", "__proto__": {"x": 1}, "constructor": {"prototype": {}}, "direction": "out", "version_": 1,
}  # fmt: skip
BODIES = {
    "/tickets/{number}": {}, "/tickets/{number}/messages": {"kind": "note", "text": "x"},
    "/tickets/{number}/assign": {"assignee": None}, "/tickets/{number}/merge": {"into": 1},
    "/tickets/{number}/snooze": {"until": None}, "/messages": {"identity": "email:a@b.example", "text": "x"},
    "/customers/{customer_id}/merge": {"into": "x"}, "/articles": {"title": "T", "text": "x", "language": "en"},
    "/agents": {"email": "new@desk.example"},
}  # fmt: skip


@pytest.fixture
async def world(store):
    made = await World(store).start()
    yield made
    await made.stop()


async def rows(world):
    """How much there is of everything."""
    tables = ("ticket", "message", "customer", "agent", "article", "ticket_event")
    async with world.store.read() as uow:
        return [await uow.session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


async def test_a50_cve_2026_40569_a_field_too_many_is_refused_and_changes_nothing(world):
    number, customer = await world.ticket(), await world.customer()
    before = await rows(world)
    for operation in (one for one in OPERATIONS if one.body is not None):
        place = defaultdict(lambda: "x", number=number, customer_id=customer, key="service")
        path = operation.path.format_map(place)
        for name in EXTRA.keys() - operation.body.model_fields.keys():
            body = {**BODIES.get(operation.path, {}), name: EXTRA[name]}
            answer = await world.ask(operation.method, f"/api/v1{path}", body)
            assert answer.status == 422, (operation.path, name)
            assert name in [fault["field"] for fault in answer.json["errors"]], (operation.path, name)
    assert await rows(world) == before


INJECTED = (
    "' OR 1=1 --", "'; DROP TABLE ticket; --", "\\' OR 1=1", "a:* | b:*", "!a & (b", "<-> <2> a", "'a':1A", "%", "_",
    "%" * 500, ".*", "(a+)+$", "[[:alpha:]]", "${jndi:ldap://x}", "{{7*7}}", "\\", "\\\\%", "NULL",
    "1; SELECT pg_sleep(9)",
    "$1", ":cited", "%(x)s", "\u0000", "\ufffe", "🀄" * 100, "a" * 500,
)  # fmt: skip


async def test_a51_cve_2025_26241_a_search_finds_words_and_obeys_none(world):
    await world.ticket(text="an ordinary text")
    everything = len((await world.ask("GET", "tickets")).json["items"])
    for word in INJECTED:
        for path, name in (("tickets", "q"), ("customers", "q"), ("articles", "q"), ("tickets", "queue")):
            answer = await world.ask("GET", f"{path}?{name}={quote_plus(word)}")
            assert answer.status in {200, 400}, (path, word)
            assert answer.status == 400 or len(answer.json["items"]) < everything, (path, word)
        for value in (f'"{word}"', f"from:{word}", f"tag:{word}", f"category:{word}", f"assignee:{word}"):
            answer = await world.ask("GET", f"tickets?q={quote_plus(value)}")
            assert answer.status in {200, 400}, value
            assert answer.status == 400 or answer.json["items"] == [], value
    assert len((await world.ask("GET", "tickets")).json["items"]) == everything


async def test_a51_cve_2026_44706_only_known_parameters_and_operators_count(world):
    odd = (
        "order_by=(select+1)",
        "sort=id;drop",
        "q=order_by:x",
        "q=sql:1",
        "filter[id]=1",
        "status=new'--",
        "limit=1e9",
    )
    odd += (
        "limit=-1",
        "limit=0",
        "cursor=x",
        "cursor=W10",
        "status=a&status=b",
        "__proto__[x]=1",
        "expand=agents.password_hash",
    )
    for query in odd:
        assert (await world.ask("GET", f"tickets?{query}")).status == 400, query
    deep = b'{"kind": ' + b"[" * 90_000 + b"]" * 90_000 + b"}"
    for body in (deep, b'{"kind":"note","text":"\\ud800"}', b'{"kind":"note","text":"\\u0000"}', b"\xff\xfe", b"NaN"):
        answer = await world.ask("POST", f"tickets/{await world.ticket()}/messages", data=body)
        assert answer.status in {400, 422}, body[:40]


LINES = (
    {"subject": "x\r\nBcc: v@x.example"},
    {"name": "x\nBcc: v@x.example"},
    {"identity": "email:a@b.example\r\nBcc: v@x.example"},
    {"identity": 'email:"a b"@b.example, v@x.example'},
    {"identity": "email:a@b.example>\r\n<v@x.example"},
    {"channel": "chat", "identity": "chat:01900000-0000-7000-8000-000000000000"},
    {"queue": "service' OR 1=1"},
)


async def test_a12_what_a_program_hands_in_is_one_line_where_a_line_is_meant(world):
    for fields in LINES:
        body = {"identity": "email:a@b.example", "text": "hi", "channel": "email", **fields}
        assert (await world.ask("POST", "messages", body)).status in {400, 422}, fields


async def test_a40_a_compressed_body_is_not_unpacked(world):
    answer = await world.ask("POST", "messages", data=b"x", headers={"Content-Encoding": "br"})
    assert answer.status == 400
