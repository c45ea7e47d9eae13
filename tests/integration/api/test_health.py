"""Health, readiness and figures: there for machines, without a token and without a name in them."""

import pytest
from sqlalchemy import text

PATHS = ("/healthz", "/readyz", "/metrics")


async def beat(store):
    """A worker is heard of."""
    async with store.transaction() as uow:
        await uow.session.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))


async def metrics(world):
    return (await world.ask("GET", "/metrics", by=None)).text.splitlines()


async def test_ready_means_database_migrations_worker_and_disk(world, store):
    waiting = await world.ask("GET", "/readyz", by=None)
    assert (waiting.status, [name for name, one in waiting.json["checks"].items() if not one["ok"]]) == (
        503,
        ["worker"],
    )
    await beat(store)
    ready = await world.ask("GET", "/readyz", by=None)
    assert (ready.status, ready.json["status"]) == (200, "ok")
    assert set(ready.json["checks"]) == {"database", "migrations", "worker", "disk"}


async def test_a_worker_that_fell_silent_does_not_count(world, store):
    await beat(store)
    async with store.transaction() as uow:
        await uow.session.execute(
            text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '2 minutes'")
        )
    assert (await world.ask("GET", "/readyz", by=None)).json["checks"]["worker"]["ok"] is False


async def test_a_database_behind_this_release_is_not_ready(world, store):
    async with store.transaction() as uow:
        await uow.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    check = (await world.ask("GET", "/readyz", by=None)).json["checks"]["migrations"]
    assert (check["ok"], "contactcenter db upgrade" in check["detail"]) == (False, True)


async def test_alive_needs_nothing(world):
    answer = await world.ask("GET", "/healthz", by=None)
    assert (answer.status, answer.json["status"]) == (200, "ok")


async def test_the_figures_follow_the_work(world):
    number = await world.ticket("claims")
    await world.ask("POST", f"tickets/{number}/messages", {"kind": "reply", "text": "x"})
    await world.ask("POST", "messages", {"identity": "email:bob@example.com", "text": "Hello"})
    await world.quarantined()
    lines = await metrics(world)
    for line in (
        'contactcenter_messages_accepted{channel="email"} 2.0',
        'contactcenter_messages_processed{channel="email"} 1.0',
        'contactcenter_messages_quarantined{channel="email"} 1.0',
        'contactcenter_messages_waiting{channel="api"} 1.0',
        'contactcenter_messages_waiting{channel="sms"} 0.0',
        'contactcenter_deliveries{channel="email",state="queued"} 1.0',
        'contactcenter_tickets{queue="claims",status="pending"} 1.0',
        "contactcenter_database_up 1.0",
    ):
        assert line in lines
    assert any(line.startswith('contactcenter_jobs{queue="inbound"') for line in lines)
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


async def test_requests_are_counted_by_route_and_never_by_path(world):
    number = await world.ticket()
    await world.ask("GET", f"tickets/{number}")
    await world.ask("GET", "/ann@example.com")
    await world.ask("GET", "tickets/0")
    page = "\n".join(await metrics(world))
    assert 'contactcenter_http_requests_total{method="GET",route="/api/v1/tickets/{number}",status="200"} 1.0' in page
    assert 'contactcenter_http_requests_total{method="GET",route="/api/v1/tickets/{number}",status="404"} 1.0' in page
    assert 'contactcenter_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in page
    assert 'contactcenter_http_request_seconds_count{method="GET",route="/api/v1/tickets/{number}"} 2.0' in page


@pytest.mark.parametrize("path", PATHS)
async def test_no_person_is_named_and_no_token_needed(world, store, path):
    await beat(store)
    await world.ticket(who="email:secret.person@example.com", text="private words")
    answer = await world.ask("GET", path, by=None)
    assert answer.status == 200
    assert not any(word in answer.text for word in ("secret.person", "private", "Ann", "desk.example"))


async def test_the_figures_tell_of_mailboxes_that_cannot_be_read(world, store):
    value = '{"a@desk.example": {"state": "backing-off"}, "b@desk.example": {"state": "idle"}}'
    insert = text("INSERT INTO channel_cursor VALUES ('fetch-status', CAST(:value AS jsonb), now())")
    async with store.transaction() as uow:
        await uow.session.execute(insert, {"value": value})
    lines = await metrics(world)
    assert 'contactcenter_mailboxes{protocol="imap",state="backing-off"} 1.0' in lines
    assert 'contactcenter_mailboxes{protocol="imap",state="idle"} 1.0' in lines
    assert not any("desk.example" in line for line in lines)
