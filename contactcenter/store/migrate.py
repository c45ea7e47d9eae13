"""Migrations: Alembic's scripts beside this module, run under one lock, Procrastinate's tables with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from contactcenter.errors import Unavailable
from contactcenter.store.jobs import upgrade_jobs_schema
from contactcenter.store.store import libpq, normalised

SCRIPTS = Path(__file__).parent / "migrations"
_LOCK = 7_262_001  # any number, the same in every release


def configuration(connection: Connection | None = None, metadata: MetaData | None = None) -> Config:
    """Alembic's configuration without a file. ``metadata`` is needed only to compare or to write a new script."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


@contextmanager
def _reaching() -> Iterator[None]:
    """Turns the driver's errors into one clear line."""
    try:
        yield
    except (psycopg.OperationalError, OperationalError) as error:
        cause = str(error.orig if isinstance(error, OperationalError) else error).strip()
        raise Unavailable(f"the database cannot be reached: {cause}") from error


@_reaching()
def create_database(url: str) -> None:
    """Create the database the URL names, when the server does not have it yet. Raises :class:`Unavailable`."""
    target = make_url(url)
    with psycopg.connect(
        libpq(str(target.set(database="postgres").render_as_string(hide_password=False))), autocommit=True
    ) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (target.database,)).fetchone()
        if found is None:
            connection.execute(
                psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(str(target.database)))
            )


@_reaching()
def upgrade(url: str) -> None:
    """Bring the database to this release. Safe to call from several processes at once. Blocks: call it in a thread.

    Raises :class:`Unavailable`.
    """
    engine = create_engine(normalised(url))
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            raw = connection.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)  # noqa: S101 - the driver is ours
            upgrade_jobs_schema(raw)
            command.upgrade(configuration(connection), "head")
    finally:
        engine.dispose()


@_reaching()
def status(url: str) -> tuple[str | None, str | None]:
    """The revision the database has, and the one this release wants. Raises :class:`Unavailable`."""
    engine = create_engine(normalised(url))
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current, ScriptDirectory.from_config(configuration()).get_current_head()
    finally:
        engine.dispose()
