"""One embedded PostgreSQL for the whole run; a fresh database, copied from a migrated template, for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog

from contactcenter.store import migrate
from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import Store, libpq

TEMPLATE = "template_contactcenter"

# Tracebacks without the values of local variables, as the service writes them; rich ones cost seconds in all.
_PLAIN = (structlog.processors.add_log_level, structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer())
structlog.configure(processors=list(_PLAIN))
_numbers = itertools.count(1)


def _memory() -> Path | None:
    """A folder in memory with room for the databases of a run, if there is one: copying is cheap there."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 2**30 else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server of this test run; ``TEMPLATE`` is a database brought to the newest migration."""
    data = Path(tempfile.mkdtemp(prefix="cc-", dir=_memory()))
    server = EmbeddedPostgres(data)
    server.start()
    try:
        with psycopg.connect(libpq(server.url("postgres")), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # these databases need not survive a power cut
            connection.execute("SELECT pg_reload_conf()")
        migrate.create_database(server.url(TEMPLATE))
        migrate.upgrade(server.url(TEMPLATE))
        yield server
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh, migrated database; dropped after the test."""
    name = f"test_{next(_numbers)}"
    admin = libpq(postgres.url("postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield postgres.url(name)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def store(database_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    """A store over a fresh database, with its own data directory."""
    store = Store(database_url, tmp_path)
    try:
        yield store
    finally:
        await store.close()
