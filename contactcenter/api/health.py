"""For those who watch the service: ``/healthz``, ``/readyz``, ``/metrics``. No token needed, no person named."""

from __future__ import annotations

import asyncio
import shutil
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from contactcenter import __version__
from contactcenter.api.metrics import Metrics
from contactcenter.errors import Unavailable
from contactcenter.settings import Settings
from contactcenter.store import migrate
from contactcenter.store.store import Store

CHECK_WITHIN = 5.0
"""Seconds the checks of ``/readyz`` may take together."""

WORKER_ALIVE = 60
"""Seconds after its last heartbeat (one every ten) that a worker counts as there."""

FREE = 50 * 2**20
"""Bytes the disk of the data directory must have left: below, messages are refused soon."""

_ANSWERS = text("SELECT 1")
_HEARTBEAT = text("SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold; ``detail`` says how to mend it when it does not."""

    ok: bool
    detail: str = ""


class Health:
    """The three addresses, and the middleware that counts every request of the application."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._data = settings.data
        self._store = store
        self._metrics = Metrics(store)
        self._migrated = False

    @property
    def middleware(self) -> Middleware:
        """Counts requests and their time by route and status."""
        return _measuring(self._metrics)

    def routes(self) -> list[web.RouteDef]:
        """The routes to add to the application."""
        return [
            web.get("/healthz", self._healthz),
            web.get("/readyz", self._readyz),
            web.get("/metrics", self._metrics_page),
        ]

    async def checks(self) -> dict[str, Check]:
        """What must hold before requests are sent here."""
        try:
            async with asyncio.timeout(CHECK_WITHIN):
                database = await self._database()
                if not database.ok:
                    unknown = Check(ok=False, detail="not known while the database is away")
                    return {"database": database, "migrations": unknown, "worker": unknown, "disk": self._disk()}
                return {
                    "database": database,
                    "migrations": await self._migrations(),
                    "worker": await self._worker(),
                    "disk": self._disk(),
                }
        except TimeoutError:
            return {"database": Check(ok=False, detail=f"no answer within {CHECK_WITHIN:.0f} seconds")}

    def _disk(self) -> Check:
        try:
            free = shutil.disk_usage(self._data).free
        except OSError:
            return Check(ok=False, detail="the data directory cannot be read")
        return Check(ok=True) if free > FREE else Check(ok=False, detail="the disk of the data directory is full")

    async def _healthz(self, request: web.Request) -> web.Response:
        """The process runs and its loop turns."""
        del request
        return web.json_response({"status": "ok", "version": __version__})

    async def _readyz(self, request: web.Request) -> web.Response:
        """Whether everything that a message needs is there; 503 when not."""
        del request
        checks = await self.checks()
        ready = all(check.ok for check in checks.values())
        body = {
            "status": "ok" if ready else "unavailable",
            "checks": {name: asdict(one) for name, one in checks.items()},
        }
        return web.json_response(body, status=200 if ready else 503, headers={"Cache-Control": "no-store"})

    async def _metrics_page(self, request: web.Request) -> web.Response:
        """Everything measured, as Prometheus reads it."""
        del request
        body = await self._metrics.scrape()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    async def _database(self) -> Check:
        try:
            async with self._store.read() as uow:
                await uow.session.execute(_ANSWERS)
        except (Unavailable, SQLAlchemyError):
            return Check(ok=False, detail="the database does not answer")
        return Check(ok=True)

    async def _migrations(self) -> Check:
        """Once at head a database stays there while we run, so the answer is kept."""
        if not self._migrated:
            try:
                current, wanted = await asyncio.to_thread(migrate.status, self._store.url)
            except (Unavailable, SQLAlchemyError):
                return Check(ok=False, detail="the database does not say its revision")
            if current != wanted:
                detail = f"it is at {current or 'nothing'}, this release wants {wanted}: contactcenter db upgrade"
                return Check(ok=False, detail=detail)
            self._migrated = True
        return Check(ok=True)

    async def _worker(self) -> Check:
        try:
            async with self._store.read() as uow:
                age = await uow.session.scalar(_HEARTBEAT)
        except (Unavailable, SQLAlchemyError):
            return Check(ok=False, detail="the job queue's tables do not answer")
        if age is None or age > WORKER_ALIVE:
            return Check(ok=False, detail="no worker was heard of lately: contactcenter serve --role worker")
        return Check(ok=True)


def _measuring(metrics: Metrics) -> Middleware:
    @web.middleware
    async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        status = 500
        stream = False
        try:
            response = await handler(request)
            status = response.status
            stream = status == HTTPStatus.SWITCHING_PROTOCOLS or response.content_type == "text/event-stream"
        except web.HTTPException as error:
            status = error.status
            raise
        else:
            return response
        finally:
            resource = request.match_info.route.resource
            route = resource.canonical if resource is not None else "unmatched"
            metrics.saw(route, request.method, status, None if stream else time.perf_counter() - started)

    return measure
