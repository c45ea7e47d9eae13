"""The store as the rest of the house sees it: transactions, blobs, secrets, events of one database."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from contactcenter.store.blobs import Blobs
from contactcenter.store.jobs import jobs_app
from contactcenter.store.secrets import Secrets
from contactcenter.store.unit_of_work import UnitOfWork, reading, transaction


class Store:
    """One database and its data directory, as one process uses them. ``url`` is an SQLAlchemy psycopg URL."""

    def __init__(self, url: str, data: Path, *, pool_size: int = 10) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.url = normalised(url)
        self.engine: AsyncEngine = create_async_engine(
            self.url, pool_size=pool_size, max_overflow=0, pool_timeout=10, pool_recycle=1800, hide_parameters=True
        )
        self.blobs = Blobs(data / "blobs")
        self.secrets = Secrets.load(data / "instance.key")
        self._jobs = jobs_app(self.conninfo)

    @property
    def conninfo(self) -> str:
        """The same database for libpq."""
        return libpq(self.url)

    def transaction(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A unit of work that commits at the end of the block."""
        return transaction(self.engine, self._jobs, self.secrets)

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A unit of work for queries; changes are thrown away."""
        return reading(self.engine, self._jobs, self.secrets)

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


def normalised(url: str) -> str:
    """The URL with our driver, whatever way it was written."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def libpq(url: str) -> str:
    """The URL as libpq (psycopg, pg_dump, Procrastinate) reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
