"""The real service as a subprocess, and the outside world it talks to.

What the promises, the journeys and the tests of bad input share: settings on free ports, a post office as smart host,
a double of Twilio, ways to start, stop and kill everything, and looks into the database. Nothing here reaches into the
service: it is driven through its sockets, its signals and its command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import psycopg

from contactcenter.demo.post_office import PostOffice
from contactcenter.demo.twilio_simulator import TwilioSimulator
from contactcenter.settings import FILE_NAME
from contactcenter.store import migrate
from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import libpq

SUPPORT = "support@desk.example"
COMPLAINTS = "complaints@desk.example"
NUMBER = "+12025550100"
ACCOUNT = "AC" + "0" * 32
TWILIO_TOKEN = "token-of-the-tests"
READY_WITHIN = 90.0  # seconds; a fresh database is made within them
STOPPED_WITHIN = 40.0  # seconds from SIGTERM to the last process gone

_SETTINGS = """\
[http]
listen = "127.0.0.1:{http}"
public_url = "http://127.0.0.1:{http}"
[chat]
origins = ["http://127.0.0.1:{http}"]
[smtp]
listen = "127.0.0.1:{smtp}"
hostname = "desk.example"
assume_authenticated = ["127.0.0.0/8"]
trusted = ["127.0.0.0/8"]
[outgoing]
host = "127.0.0.1"
port = {out}
[[mailboxes]]
address = "{support}"
name = "Harbour Mutual"
queue = "service"
[[mailboxes]]
address = "{complaints}"
name = "Harbour Mutual complaints"
queue = "complaints"
[twilio]
account_sid = "{account}"
auth_token_file = "twilio.token"
api_url = "{twilio}"
numbers = [{{ number = "{number}", queue = "service" }}]
"""


async def until(condition: Callable[[], Awaitable[Any]], what: str, *, within: float = 60.0, every: float = 0.1) -> Any:
    """What the condition gives as soon as it is true; fails with ``what`` when it does not become true in time."""
    deadline = time.monotonic() + within
    while not (found := await condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} seconds: {what}")
        await asyncio.sleep(every)
    return found


def free_port() -> int:
    """A free port below those the system hands out, so that no client sits on it while the service is down."""
    for _ in range(200):
        port = random.SystemRandom().randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("this machine has no free port")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end."""

    status: int
    content_type: str
    text: str
    json: Any = None


class Service:
    """One service of one data directory. Made by :func:`running_service`."""

    def __init__(
        self,
        data: Path,
        post_office: PostOffice,
        twilio: TwilioSimulator,
        client: aiohttp.ClientSession,
        *,
        ports: tuple[int, int],
        role: str = "all",
        env: Mapping[str, str] | None = None,
        launcher: Sequence[str] = ("-m", "contactcenter"),
        wrapper: Sequence[str] = (),
    ) -> None:
        self.data = data
        self.post_office = post_office
        self.twilio = twilio
        self.http_port, self.smtp_port = ports
        self.url = f"http://127.0.0.1:{self.http_port}"
        self._client = client
        self._env = {**os.environ, "PYTHONPATH": _with_checkout(), **(env or {})}
        self._command = [*wrapper, sys.executable, *launcher, "serve", "--data", str(data), "--role", role]
        self._wrapped = bool(wrapper)
        self._process: subprocess.Popen[bytes] | None = None
        self._tokens: dict[str, str] = {}

    # Life.

    def prepare_database(self, *statements: str) -> None:
        """Make the embedded database before the first start, and run statements in it. Blocks."""
        with EmbeddedPostgres(self.data) as server:
            migrate.create_database(server.url())
            migrate.upgrade(server.url())
            with psycopg.connect(libpq(server.url()), autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement.encode())

    async def start(self) -> str:
        """Start it and wait for its ``ready`` line."""
        with (self.data / "service.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it forks and returns
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._env,
                start_new_session=True,
            )
        output = self._process.stdout
        assert output is not None
        async with asyncio.timeout(READY_WITHIN):
            line = (await asyncio.to_thread(output.readline)).decode()
        assert line.startswith("ready"), f"it did not start:\n{self.log_tail()}"
        return line.strip()

    async def stop(self) -> None:
        """SIGTERM; nothing of it may be left afterwards, PostgreSQL included."""
        if self._process is None:
            return
        main = psutil.Process(self._process.pid)
        (main.children()[0] if self._wrapped else main).send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self._process.wait, STOPPED_WITHIN)
        self._forget()
        assert code == 0, f"it ended with {code}:\n{self.log_tail()}"
        left = [" ".join(process.cmdline()) for process in self.processes()]
        assert not left, f"left running: {left}"

    async def kill9(self, order: random.Random | None = None) -> None:
        """SIGKILL for all of it at once: doors, workers, PostgreSQL and its backends."""
        await asyncio.to_thread(self.end, order)

    async def restart(self, order: random.Random | None = None) -> str:
        """Kill everything and start again."""
        await self.kill9(order)
        return await self.start()

    def end(self, order: random.Random | None = None) -> None:
        """:meth:`kill9`, blocking: for tearing down."""
        deadline = time.monotonic() + 20
        while found := self.processes():
            assert time.monotonic() < deadline, f"cannot be killed: {found}"
            # The doors first: they would start the others anew.
            found.sort(key=lambda process: self._process is None or process.pid != self._process.pid)
            rest = found[1:]
            (order or random.Random(0)).shuffle(rest)
            for process in [found[0], *rest]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            time.sleep(0.01)
        if self._process is not None:
            self._process.wait(10)
        self._forget()

    def processes(self) -> list[psutil.Process]:
        """Everything alive that belongs to the data directory, also what lost its parent.

        Doors, workers and the postmaster name the folder in their command line; backends rename themselves but work
        within it.
        """
        mine = str(self.data)
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                if any(mine in word for word in process.cmdline()) or process.cwd().startswith(mine):
                    found.append(process)
        return found

    def _forget(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def log_tail(self, lines: int = 40) -> str:
        """The last lines that the service and its PostgreSQL wrote."""
        texts = []
        for path in (self.data / "service.log", self.data / "run" / "postgres.log"):
            if path.exists():
                texts += [f"--- {path.name}", *path.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(texts)

    # Its own commands and its database.

    async def cli(self, *arguments: str, stdin: str = "") -> str:
        """What ``contactcenter …`` prints for this data directory."""
        command = [sys.executable, "-m", "contactcenter", *arguments, "--data", str(self.data)]
        done = await asyncio.to_thread(
            subprocess.run, command, input=stdin, capture_output=True, text=True, timeout=120, env=self._env
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    async def token(self, role: str = "admin") -> str:
        """An API token of that role; made once."""
        if role not in self._tokens:
            self._tokens[role] = (await self.cli("tokens", "create", "--name", f"tests {role}", "--role", role)).strip()
        return self._tokens[role]

    async def add_agent(self, email: str, name: str, role: str = "agent", password: str = "harbour-tests") -> str:
        """Take on an agent; his password."""
        arguments = ("agents", "add", "--email", email, "--name", name, "--role", role, "--password-stdin")
        await self.cli(*arguments, stdin=f"{password}\n")
        return password

    @property
    def conninfo(self) -> str:
        """Its database for libpq."""
        return libpq(self._env.get("CONTACTCENTER_DATABASE__URL") or EmbeddedPostgres(self.data).url())

    def database(self) -> psycopg.Connection[Any]:
        """A connection to its database. Blocks."""
        return psycopg.connect(self.conninfo, autocommit=True)

    async def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows a query gives."""

        def ask() -> list[tuple[Any, ...]]:
            with self.database() as connection:
                return connection.execute(statement.encode(), values).fetchall()

        return await asyncio.to_thread(ask)

    async def count(self, table_and_condition: str, *values: object) -> int:
        """``SELECT count(*) FROM …``."""
        return int((await self.rows(f"SELECT count(*) FROM {table_and_condition}", *values))[0][0])

    # Its web door.

    async def request(self, method: str, path: str, *, role: str | None = None, **options: Any) -> Answer:
        """An HTTP request; ``role`` sends a token of that role along."""
        headers = dict(options.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {await self.token(role)}"
        async with self._client.request(method, self.url + path, headers=headers, **options) as answer:
            text = await answer.text()
            body = await answer.json(content_type=None) if "json" in answer.content_type else None
            return Answer(answer.status, answer.content_type, text, body)

    async def api(self, method: str, path: str, *, role: str = "admin", **options: Any) -> Any:
        """What the API answers, which must be a success."""
        answer = await self.request(method, f"/api/v1{path}", role=role, **options)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.text}"
        return answer.json


@asynccontextmanager
async def running_service(
    *,
    role: str = "all",
    env: Mapping[str, str] | None = None,
    launcher: Sequence[str] = ("-m", "contactcenter"),
    wrapper: Sequence[str] = (),
    prepare: Sequence[str] | None = None,
) -> AsyncIterator[Service]:
    """A service with its own data directory and outside world, started; nothing of it is left at the end.

    ``env`` is added to its environment (settings as ``CONTACTCENTER_…``), ``launcher`` follows the interpreter,
    ``wrapper`` precedes it. With ``prepare`` the database is made before the start and the statements run in it.
    """
    data = Path(tempfile.mkdtemp(prefix="cc-"))
    ports = free_port(), free_port()
    async with _outside(ports[0]) as (post_office, twilio, twilio_url), aiohttp.ClientSession() as client:
        _write_settings(data, ports, post_office.port, twilio_url)
        service = Service(
            data, post_office, twilio, client, ports=ports, role=role, env=env, launcher=launcher, wrapper=wrapper
        )
        try:
            if prepare is not None:
                await asyncio.to_thread(service.prepare_database, *prepare)
            await service.start()
            yield service
            await service.stop()
        except BaseException:
            sys.stderr.write(service.log_tail())
            raise
        finally:
            service.end()
            shutil.rmtree(data, ignore_errors=True)


@asynccontextmanager
async def _outside(http_port: int) -> AsyncIterator[tuple[PostOffice, TwilioSimulator, str]]:
    post_office = PostOffice()
    twilio = TwilioSimulator(ACCOUNT, TWILIO_TOKEN, (NUMBER,), f"http://127.0.0.1:{http_port}")
    try:
        await post_office.start()
        yield post_office, twilio, await twilio.start()
    finally:
        await twilio.stop()
        await post_office.stop()


def _write_settings(data: Path, ports: tuple[int, int], out: int, twilio_url: str) -> None:
    (data / "twilio.token").write_text(TWILIO_TOKEN, encoding="ascii")
    text = _SETTINGS.format(
        http=ports[0],
        smtp=ports[1],
        out=out,
        support=SUPPORT,
        complaints=COMPLAINTS,
        account=ACCOUNT,
        twilio=twilio_url,
        number=NUMBER,
    )
    (data / FILE_NAME).write_text(text, encoding="utf-8")


def _with_checkout() -> str:
    """``PYTHONPATH`` with the checkout in front, so that a subprocess runs the code under test."""
    checkout = str(Path(__file__).parents[1])
    return os.pathsep.join(part for part in (checkout, os.environ.get("PYTHONPATH", "")) if part)
