"""Durable jobs: Procrastinate on our own database, and its schema kept in step by our migrations."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from importlib import metadata, resources
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool

INBOUND = "inbound"
OUTBOUND = "outbound"
LEARNING = "learning"
MAX_ATTEMPTS = 8
"""Of a job that raises, 2, 4, 8 … seconds apart; then it is kept as failed for a person to see."""

_MIGRATION = re.compile(r"^(\d+)\.(\d+)\.(\d+)_(\d+)_.*\.sql$")

Task = Callable[..., Awaitable[None]]


def jobs_app(
    conninfo: str,
    tasks: Mapping[str, Task] | None = None,
    *,
    pool_size: int = 4,
    nightly: Mapping[str, tuple[str, Task]] | None = None,
) -> App:
    """The job queue of the database; ``tasks`` are what this process can run.

    ``nightly``: name → when (cron, UTC) and what. However many workers wait for the hour, the job is deferred once.
    """
    app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=pool_size, pool_factory=_pool))
    for name, function in (tasks or {}).items():
        app.task(name=name, retry=RetryStrategy(max_attempts=MAX_ATTEMPTS, exponential_wait=2))(function)
    for name, (cron, function) in (nightly or {}).items():
        app.periodic(cron=cron)(app.task(name=name, queue=LEARNING)(function))
    return app


def _pool(**arguments: Any) -> AsyncConnectionPool:
    # No ping before each use: the queue is run again when its database went away (see app.worker).
    return AsyncConnectionPool(**{**arguments, "check": None})


def upgrade_jobs_schema(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Bring Procrastinate's tables to the installed version; the version reached is kept in ``jobs_schema``."""
    connection.execute("CREATE TABLE IF NOT EXISTS jobs_schema (version text NOT NULL)")
    row = connection.execute("SELECT version FROM jobs_schema").fetchone()
    installed = metadata.version("procrastinate")
    if row is None:
        connection.execute(SchemaManager.get_schema().encode())
        connection.execute("INSERT INTO jobs_schema VALUES (%s)", (installed,))
    elif _number(str(row[0])) < _number(installed):
        for script in _migrations_after(str(row[0])):
            connection.execute(script.encode())
        connection.execute("UPDATE jobs_schema SET version = %s", (installed,))


def _migrations_after(version: str) -> list[str]:
    folder = resources.files("procrastinate.sql") / "migrations"
    found = sorted(
        (tuple(map(int, match.groups())), entry)
        for entry in folder.iterdir()
        if (match := _MIGRATION.match(entry.name)) and tuple(map(int, match.groups()[:3])) > _number(version)
    )
    return [entry.read_text(encoding="utf-8") for _, entry in found]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
