"""Articles by API: when and where they answer, who approved them, and what they said before."""

import pytest

NEW = {"title": "Opening hours", "text": "9 to 5", "language": "en", "status": "published"}


async def test_validity_queue_and_approval_are_set_and_shown(world):
    sent = {**NEW, "valid_from": "2026-11-01", "valid_until": "2026-12-31", "queue": "service"}
    made = await world.ask("POST", "articles", sent)
    assert made.status == 201
    shown = made.json
    assert [shown[name] for name in ("valid_from", "valid_until", "queue")] == ["2026-11-01", "2026-12-31", "service"]
    assert shown["approved_by"] == shown["author"]
    assert shown["approved_at"]


async def test_a_limit_goes_when_null_is_sent_and_stays_when_nothing_is(world):
    made = (await world.ask("POST", "articles", {**NEW, "valid_from": "2026-11-01", "valid_until": "2026-12-31"})).json
    path = f"articles/{made['id']}"
    kept = (await world.ask("PATCH", path, {"title": "Hours"})).json
    assert kept["valid_until"] == "2026-12-31"
    freed = (await world.ask("PATCH", path, {"valid_until": None})).json
    assert (freed["valid_from"], freed["valid_until"]) == ("2026-11-01", None)


@pytest.mark.parametrize("wrong", [{"valid_until": "soon"}, {"queue": "nowhere"}, {"valid_from": 20261101}])
async def test_a_day_or_queue_that_is_none_is_refused(world, wrong):
    assert (await world.ask("POST", "articles", {**NEW, **wrong})).status in {400, 422}


async def test_earlier_versions_are_listed_newest_first(world):
    made = (await world.ask("POST", "articles", NEW)).json
    for text in ("10 to 5", "10 to 6"):
        await world.ask("PATCH", f"articles/{made['id']}", {"text": text})
    found = (await world.ask("GET", f"articles/{made['id']}/versions")).json
    assert [(one["version"], one["content"]["text"]) for one in found["items"]] == [(2, "10 to 5"), (1, "9 to 5")]
