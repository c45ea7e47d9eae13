"""``contactcenter serve``: the doors and the workers of one machine, started in order and stopped together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from contactcenter.app.database import open_store
from contactcenter.app.doors import Doors
from contactcenter.settings import Settings
from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import Store
from contactcenter.tickets.seeds import seed_defaults

log = structlog.get_logger(__name__)

ROLES = ("all", "web", "mail", "worker")
_CHECK_EVERY = 2.0  # seconds between two looks at the embedded server and the worker processes
_STOP_WITHIN = 15.0  # seconds a worker gets to finish what it does

_WORKER_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
}
"""How a worker's libraries are to behave where nothing else is set.

Its matrices are small: a second thread costs four times what it does. A heap for every thread, as glibc has it, keeps
memory that no other thread can use; and what is larger than a megabyte is given back when it is done with, while glibc
would keep what the models took while they were read.
"""


def stop_on_signals() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve(
    settings: Settings, role: str, workers: int, ready: Callable[[str], None], *, until_eof: bool = False
) -> None:
    """Run a role until a signal (or, with ``until_eof``, the end of standard input) stops it.

    ``ready`` gets the line that says that every door is open.
    """
    stop = stop_on_signals()
    if until_eof:
        stop_at_eof(stop.set)
    async with running(settings, role=role, workers=workers) as doors:
        ready(_ready_line(settings, doors, role))
        await stop.wait()


@asynccontextmanager
async def running(
    settings: Settings, *, role: str = "all", workers: int = 1, extra_routes: Sequence[web.AbstractRouteDef] = ()
) -> AsyncIterator[Doors | None]:
    """The service, from open doors to everything stopped and the embedded database too."""
    async with open_store(settings) as (store, server):
        async with store.transaction() as uow:
            await seed_defaults(uow, settings)
        ended = asyncio.Event()
        guards = [asyncio.create_task(_keep_server(server, ended))] if server else []
        try:
            if role == "worker":
                guards.append(asyncio.create_task(_work(settings, store, ended)))
                yield None
            else:
                doors = Doors(settings, store, extra_routes)
                await doors.open(web_door=role in {"all", "web"}, mail_door=role in {"all", "mail"})
                try:
                    if role == "all":
                        guards += [asyncio.create_task(_keep_worker(settings, ended)) for _ in range(workers)]
                    yield doors
                finally:
                    await doors.close()
        finally:
            ended.set()
            for outcome in await asyncio.gather(*guards, return_exceptions=True):
                if isinstance(outcome, Exception):
                    log.error("a part of the service ended early", error=str(outcome))


async def _work(settings: Settings, store: Store, ended: asyncio.Event) -> None:
    # Imported here: understanding needs libraries that a web process must not load.
    from contactcenter.app.worker import Worker

    await Worker(settings, store).run(ended)


async def _keep_server(server: EmbeddedPostgres, ended: asyncio.Event) -> None:
    """Start the embedded server again when it died under us."""
    while not await _over(ended, _CHECK_EVERY):
        try:
            await asyncio.to_thread(server.ensure)
        except Exception as error:  # noqa: BLE001 - the next look tries again
            log.error("embedded PostgreSQL is down", error=str(error))


async def _keep_worker(settings: Settings, ended: asyncio.Event) -> None:
    """Run a worker process beside us, and another one when it dies. It ends when its standard input does."""
    command = [
        sys.executable,
        "-m",
        "contactcenter",
        "serve",
        "--data",
        str(settings.data),
        "--role",
        "worker",
        "--until-eof",
    ]
    while not ended.is_set():
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            env={**_WORKER_ENVIRONMENT, **os.environ},
        )
        waits = [asyncio.create_task(ended.wait()), asyncio.create_task(process.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not ended.is_set():
            log.error("worker ended, starting another", returncode=process.returncode)
            await _over(ended, 1.0)
        elif process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_WITHIN)
            except TimeoutError:
                process.kill()
                await process.wait()
        for wait in waits:
            wait.cancel()


async def _over(ended: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return False
    return True


def stop_at_eof(stop: Callable[[], None]) -> None:
    """Call ``stop`` when standard input ends: our parent is gone, however it went."""
    loop = asyncio.get_running_loop()

    def readable() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            stop()

    loop.add_reader(sys.stdin.fileno(), readable)


def _ready_line(settings: Settings, doors: Doors | None, role: str) -> str:
    if doors is None:
        return f"ready {role}"
    parts = []
    if doors.http_port:
        parts.append(f"http=http://{settings.http.listen.rpartition(':')[0]}:{doors.http_port}")
    if doors.smtp_port:
        parts.append(f"smtp={settings.smtp.listen.rpartition(':')[0]}:{doors.smtp_port}")
    if doors.lmtp_port:
        parts.append(f"lmtp={settings.lmtp.listen.rpartition(':')[0]}:{doors.lmtp_port}")
    return " ".join(["ready", *parts])
