"""Opens the database of a data directory: embedded or not, migrated, with its store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from contactcenter.settings import Settings
from contactcenter.store import migrate
from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import Store


@contextmanager
def database_server(settings: Settings) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """URL of the running database; the embedded server, unless ``database.url`` names another, runs until the end."""
    url = settings.database.url.get_secret_value()
    if url:
        yield url, None
        return
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with EmbeddedPostgres(settings.data) as server:
        migrate.create_database(server.url())
        yield server.url(), server


@contextmanager
def migrated_database(settings: Settings) -> Iterator[tuple[str, EmbeddedPostgres | None]]:
    """:func:`database_server`, brought to this release."""
    with database_server(settings) as (url, server):
        migrate.upgrade(url)
        yield url, server


@asynccontextmanager
async def open_store(
    settings: Settings, *, pool_size: int = 10
) -> AsyncIterator[tuple[Store, EmbeddedPostgres | None]]:
    """The store over the migrated database; everything is given back at the end."""
    context = migrated_database(settings)
    url, server = await asyncio.to_thread(context.__enter__)
    try:
        store = Store(url, settings.data, pool_size=pool_size)
        try:
            yield store, server
        finally:
            await store.close()
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
