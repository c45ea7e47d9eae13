"""``contactcenter demo``: everything in one place, started in order, stopped by Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from contactcenter.app.database import open_store
from contactcenter.app.serve import running, stop_on_signals
from contactcenter.demo.colleague import ask_for_audits, judge_for_ever
from contactcenter.demo.people import AGENTS, PASSWORD
from contactcenter.demo.post_office import PostOffice
from contactcenter.demo.seed import seed
from contactcenter.demo.shop import shop_routes
from contactcenter.demo.traffic import Traffic
from contactcenter.demo.twilio_simulator import TwilioSimulator
from contactcenter.errors import SettingsError
from contactcenter.settings import FILE_NAME, Settings, load
from contactcenter.store.store import Store
from contactcenter.tickets.seeds import seed_defaults

ACCOUNT = "AC" + "0" * 32
NUMBER = "+12025550100"
SUPPORT = "support@desk.example"
_TOKEN_FILE = "twilio.token"  # noqa: S105 - the name of a file  # nosec B105
_SETTINGS = """\
[http]
listen = "127.0.0.1:{http}"
public_url = "http://127.0.0.1:{http}"
[chat]
origins = ["http://127.0.0.1:{http}", "http://localhost:{http}"]
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
[twilio]
account_sid = "{account}"
auth_token_file = "{token_file}"
api_url = "{twilio}"
numbers = [{{ number = "{number}", queue = "service" }}]
"""
TOUR = """
  contactcenter demo is running.

  Console    {http}/            {supervisor}  /  {password}
             agents: {agents} (same password)
  Chat       {http}/demo/shop   a web page with the chat widget; write something
  E-mail     smtp://127.0.0.1:{smtp}   to {support}
  Help       {http}/help/   what is published, for everybody
  API        {http}/api/docs

  A tour of five minutes
  1. Sign in as {supervisor}. Simulated customers are writing: watch the inbox fill.
  2. Open "Complaint: nobody calls me back". It waits in the complaints queue; the machine did not answer it.
     See why in the strip above the composer ("Why?"), answer it; half a minute later the customer writes back.
  3. Choose the view "Answered by machine": somebody asked how to reset a password and had the answer at once.
  4. Open the chat page in a second window, ask something, and answer it from the console. Both sides are live.
  5. Search for 投诉 (two characters suffice), and switch the console to 中文 in the menu at the lower left.
  6. Look at Board: what waits in each queue, and how long, live.
  7. Look at Machine quality: what it answers, how often it is wrong, and answers that wait for your verdict (Audits).
  8. Open {http}/help/ as a customer would, search for "lost card", say whether the article helped;
     Knowledge counts it.

  Ctrl-C stops everything.
"""


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """The outside world of the demo and the settings that point to it."""

    settings: Settings
    post_office: PostOffice
    twilio: TwilioSimulator


def free_port(preferred: int) -> int:
    """The port, or any free one when it is taken."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SettingsError("this machine has no free port")


@asynccontextmanager
async def demo_world(data: Path, http_port: int, smtp_port: int) -> AsyncIterator[DemoWorld]:
    """Post office and SMS simulator, and settings in the data directory that use them."""
    post_office = PostOffice()
    token = os.urandom(16).hex()
    twilio = TwilioSimulator(ACCOUNT, token, (NUMBER,), f"http://127.0.0.1:{http_port}")
    twilio.step_delay = 1.0
    out = await post_office.start()
    try:
        url = await twilio.start()
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data / _TOKEN_FILE).write_text(token, encoding="ascii")
        text = _SETTINGS.format(
            http=http_port,
            smtp=smtp_port,
            out=out,
            support=SUPPORT,
            account=ACCOUNT,
            token_file=_TOKEN_FILE,
            twilio=url,
            number=NUMBER,
        )
        (data / FILE_NAME).write_text(text, encoding="utf-8")
        yield DemoWorld(load(data), post_office, twilio)
    finally:
        await twilio.stop()
        await post_office.stop()


async def run_demo(*, port: int, data: Path | None, traffic: bool, say: Callable[[str], None]) -> None:
    """Run until Ctrl-C. Without ``data`` everything lives in a temporary folder and is gone afterwards."""
    stop = stop_on_signals()
    folder = data or Path(tempfile.mkdtemp(prefix="contactcenter-demo-"))
    try:
        async with demo_world(folder, port, free_port(2525)) as world:
            say("starting …")
            async with open_store(world.settings) as (store, _server):
                async with store.transaction() as uow:
                    await seed_defaults(uow, world.settings)
                await seed(store)
                await ask_for_audits(store)
                async with running(world.settings, extra_routes=shop_routes()):
                    say(_tour(world.settings))
                    await _play(world, store, stop, traffic=traffic)
            say("stopped")
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _play(world: DemoWorld, store: Store, stop: asyncio.Event, *, traffic: bool) -> None:
    host, _, port = world.settings.smtp.listen.rpartition(":")
    customers = Traffic(
        smtp=(host, int(port)),
        http=world.settings.http.public_url,
        support=SUPPORT,
        number=NUMBER,
        post_office=world.post_office,
        twilio=world.twilio,
    )
    tasks = [asyncio.create_task(one()) for one in (customers.run, partial(judge_for_ever, store)) if traffic]
    await stop.wait()
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended


def _tour(settings: Settings) -> str:
    supervisor = next(agent.email for agent in AGENTS if agent.role == "supervisor")
    return TOUR.format(
        http=settings.http.public_url,
        smtp=settings.smtp.listen.rpartition(":")[2],
        support=SUPPORT,
        supervisor=supervisor,
        password=PASSWORD,
        agents=", ".join(agent.email for agent in AGENTS if agent.role != "supervisor"),
    )
