"""The unit of work: rows, jobs and events live and die together."""

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from contactcenter.events import Event, EventHub, EventKind
from contactcenter.store.listener import Listener
from contactcenter.store.store import Store

COUNT_JOBS = text("SELECT count(*) FROM procrastinate_jobs")


async def test_a_committed_unit_leaves_its_job(store: Store) -> None:
    async with store.transaction() as uow:
        job = await uow.defer("some.task", queue="inbound", args={"lane": 3})
    async with store.read() as uow:
        assert job > 0
        assert (await uow.session.execute(COUNT_JOBS)).scalar_one() == 1


async def test_a_rolled_back_unit_leaves_no_job(store: Store) -> None:
    with pytest.raises(ValueError, match="changed my mind"):
        async with store.transaction() as uow:
            await uow.defer("some.task", queue="inbound", args={})
            raise ValueError("changed my mind")
    async with store.read() as uow:
        assert (await uow.session.execute(COUNT_JOBS)).scalar_one() == 0


async def test_events_arrive_after_commit_and_only_then(store: Store) -> None:
    hub = EventHub()
    listener = Listener(store.conninfo, hub)
    await listener.start()
    try:
        with hub.subscribe() as heard:
            with pytest.raises(ValueError):
                async with store.transaction() as uow:
                    uow.publish(Event(EventKind.TICKET_CHANGED, ticket=1))
                    await uow.flush_events()
                    raise ValueError
            async with store.transaction() as uow:
                uow.publish(Event(EventKind.TICKET_CHANGED, ticket=2))
            event = await asyncio.wait_for(heard.get(), 10)
    finally:
        await listener.stop()
    assert event.ticket == 2


async def test_a_listener_that_lost_the_database_says_so(store: Store) -> None:
    hub = EventHub()
    listener = Listener(store.conninfo, hub)
    await listener.start()
    try:
        with hub.subscribe() as heard:
            async with await psycopg.AsyncConnection.connect(store.conninfo, autocommit=True) as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                )
            event = await asyncio.wait_for(heard.get(), 10)
    finally:
        await listener.stop()
    assert event.kind is EventKind.GAP
