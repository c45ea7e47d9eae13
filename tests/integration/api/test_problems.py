"""Everything that goes wrong is a problem (RFC 9457), and none of it tells of our inside."""

import pytest
from yarl import URL

from contactcenter.store.store import Store
from tests.integration.api.world import MAX_BODY, World

HELLO = {"identity": "email:bob@example.com", "text": "Hello"}


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"{'a': 1}", b"\xff\xfe", b'{"text": "\\ud800"}', b"[" * 50_000, b'{"a":' * 5_000, b"1" * 5_000],
)
async def test_a_body_that_is_not_json_is_400(world, data):
    answer = await world.ask("POST", "messages", data=data)
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert set(answer.json) >= {"type", "title", "status", "detail"}


@pytest.mark.parametrize("data", [b"[]", b"1", b'"x"', b"null", b"NaN"])
async def test_json_that_is_no_object_is_422(world, data):
    assert (await world.ask("POST", "messages", data=data)).status == 422


async def test_every_field_at_fault_is_named(world):
    answer = await world.ask("POST", "messages", {"identity": 5, "subject": [], "surprise": True})
    assert {fault["field"] for fault in answer.json["errors"]} == {"identity", "subject", "text", "surprise"}


async def test_a_body_over_the_limit_is_413_with_and_without_a_stated_length(world):
    async def chunks():
        for _ in range(5):
            yield b"x" * (MAX_BODY // 4)

    for data in (b"x" * (MAX_BODY + 1), chunks()):
        answer = await world.ask("POST", "messages", data=data)
        assert (answer.status, answer.json["status"]) == (413, 413)


async def test_a_compressed_body_is_not_taken(world):
    answer = await world.ask("POST", "messages", data=b"\x1f\x8b", headers={"Content-Encoding": "br"})
    assert answer.status == 400


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v2/tickets", "/api/v1/tickets/1/split"]
)
async def test_an_unknown_route_is_a_404_problem(world, path):
    answer = await world.ask("GET", path)
    assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_a_wrong_method_is_405_and_says_which_are_right(world):
    answer = await world.ask("DELETE", "tickets/1")
    assert (answer.status, answer.content_type, answer.headers["Allow"]) == (
        405,
        "application/problem+json",
        "GET, PATCH",
    )


async def test_parameters_where_there_are_none_are_400(world):
    number = await world.ticket()
    assert (await world.ask("GET", f"tickets/{number}?expand=customer")).status == 400


@pytest.mark.parametrize(
    "query", ["q=%ff", "q=%ed%a0%80", "queue=%ed%a0%80", "category=%c0%80", "q=%F0%9F%98%80", "a=1&" * 1_000]
)
async def test_no_bytes_in_a_query_break_anything(world, query):
    url = URL(str(world.client.make_url("/api/v1/tickets")) + "?" + query, encoded=True)
    headers = {"Authorization": f"Bearer {world.tokens['admin']}"}
    async with world.client.session.get(url, headers=headers) as answer:
        assert answer.status in {200, 400}


async def test_answers_are_never_kept_by_caches(world):
    assert (await world.ask("GET", "tickets")).headers["Cache-Control"] == "no-store"


async def test_without_the_database_everything_says_later(world, tmp_path):
    gone = await World(Store("postgresql://nobody@127.0.0.1:1/gone", tmp_path / "gone")).open()
    gone.tokens = world.tokens
    try:
        for method, path, body in (("GET", "tickets", None), ("POST", "messages", HELLO)):
            answer = await gone.ask(method, path, body)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert (await gone.ask("GET", "/healthz", by=None)).status == 200
        ready = await gone.ask("GET", "/readyz", by=None)
        assert (ready.status, ready.json["checks"]["database"]["ok"]) == (503, False)
        assert "contactcenter_database_up 0.0" in (await gone.ask("GET", "/metrics", by=None)).text
    finally:
        await gone.stop()
        await gone.store.close()


async def test_what_nobody_foresaw_is_500_without_details(store):
    class Broken:
        async def accept(self, message):
            raise ZeroDivisionError("secret detail")

    world = await World(store).start(inbox=Broken())
    try:
        answer = await world.ask("POST", "messages", HELLO)
        assert (answer.status, answer.content_type, "secret" in answer.text) == (500, "application/problem+json", False)
    finally:
        await world.stop()
