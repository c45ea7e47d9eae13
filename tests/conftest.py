"""One embedded PostgreSQL for the whole run; a fresh database, copied from a migrated template, for each test.

A run may have several processes (pytest-xdist). They share the server; the last one to end stops and removes it.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
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
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", "")
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_numbers = itertools.count(1)


_LONG = ("promises", "journeys", "service")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: not set(_LONG) & set(item.path.parts))


def _memory() -> Path | None:
    """A folder in memory with room for the databases of a run, if there is one: copying is cheap there."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 2**30 else None


def _home() -> Path:
    """The server's data directory: the same for all processes of a run."""
    if not _RUN:
        return Path(tempfile.mkdtemp(prefix="cc-", dir=_memory()))
    home = (_memory() or Path(tempfile.gettempdir())) / f"cc-{_RUN}"
    home.mkdir(mode=0o700, exist_ok=True)
    return home


@contextmanager
def _alone(home: Path) -> Iterator[Path]:
    """Keep the other processes of the run out; gives a list of those that use the server."""
    users = home.with_suffix(".users")
    with users.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield users


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """The server of this test run; ``TEMPLATE`` is a database brought to the newest migration."""
    home = _home()
    server = EmbeddedPostgres(home)
    with _alone(home) as users:
        home.mkdir(mode=0o700, exist_ok=True)
        server.start()
        if not users.read_text():
            _furnish(server)
        users.write_text(f"{users.read_text()}{_WORKER}\n")
    try:
        yield server
    finally:
        with _alone(home) as users:
            server.stop()
            left = users.read_text().replace(f"{_WORKER}\n", "", 1)
            users.write_text(left)
            if not left:
                shutil.rmtree(home, ignore_errors=True)
                users.unlink()


def _furnish(server: EmbeddedPostgres) -> None:
    """Set the server up for tests and make the template."""
    with psycopg.connect(libpq(server.url("postgres")), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # these databases need not survive a power cut
        connection.execute("SELECT pg_reload_conf()")
    migrate.create_database(server.url(TEMPLATE))
    migrate.upgrade(server.url(TEMPLATE))


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh, migrated database; dropped after the test."""
    name = f"test_{_WORKER}_{next(_numbers)}"
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
