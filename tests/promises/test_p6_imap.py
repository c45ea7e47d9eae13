"""P6: mail that is fetched by IMAP is neither lost nor doubled, whatever is killed (RFC 9051, 2.3.1.1).

A post office puts mails into the mailboxes of a real Dovecot while the whole service and the whole Dovecot are killed
with SIGKILL in turn, connections break within FETCH, and one mailbox is numbered anew. A part of the mails lies in two
mailboxes or comes by SMTP as well. Then every mail is accounted for, and every mailbox must be marked as read. The
account must find the fault of a service that marks before it commits, and of one that does not recognise copies.

``P6_MAILBOXES``, ``P6_MAILS`` and ``P6_KILLS`` set the size; a release is tried with 20, 2000 and 20.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from imapclient import IMAPClient

from contactcenter.tickets.mailboxes import FETCH_STATUS
from tests.integration.channels.dovecot import PASSWORD, Dovecot, require
from tests.promises.correspondence import Correspondence, Delivery, Offer, account, correspondence, settle
from tests.promises.test_p1_accepted_is_kept import SABOTAGE
from tests.service import COMPLAINTS, SUPPORT, Service, running_service, until

SEED = 20261106
MAILBOXES = int(os.environ.get("P6_MAILBOXES", "4"))
MAILS = int(os.environ.get("P6_MAILS", "100"))
KILLS = int(os.environ.get("P6_KILLS", "4"))


class BreakingLine:
    """A line to the mail server that breaks every few times within a mail it carries."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._answers = itertools.count(1)
        self._carrying: set[asyncio.Task[None]] = set()
        self.breaking = True
        self.broken = 0

    async def start(self) -> int:
        """Open it; its port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close it."""
        self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            back, forth = await asyncio.open_connection("127.0.0.1", self._port)
            there = asyncio.create_task(self._pump(reader, forth, breaks=False))
            await self._pump(back, writer, breaks=True)
            there.cancel()
        writer.close()
        self._carrying.discard(task)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, breaks: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(65_536):
                if breaks and self.breaking and b" BODY[] {" in piece and next(self._answers) % 4 == 0:
                    target.write(piece[: len(piece) * 2 // 3])
                    self.broken += 1
                    break
                target.write(piece)
                await target.drain()
            target.close()


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the mails; everything but ``broken`` must be nought."""

    lost: int
    doubled: int
    waiting: int
    quarantined: int
    raw_wrong: int
    unseen: int
    broken: int


def in_mailboxes(sent: Correspondence, rng: random.Random, boxes: int) -> list[tuple[str, Offer]]:
    """Which mail lies in whose mailbox: each in one, a tenth in two."""
    placed = []
    for offer in {offer.key: offer for offer in sent.offers}.values():
        where = rng.sample(range(boxes), 2 if rng.random() < 0.1 else 1)
        placed += [(f"box{number}", offer) for number in where]
    return placed


def chunks(placed: Sequence[tuple[str, Offer]], count: int) -> Iterator[Sequence[tuple[str, Offer]]]:
    """The mails in so many parts of nearly the same size."""
    for number in range(count):
        yield placed[len(placed) * number // count : len(placed) * (number + 1) // count]


@asynccontextmanager
async def dovecot() -> AsyncIterator[Dovecot]:
    """A mail server."""
    server = Dovecot(require())
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


def mailboxes(port: int, boxes: int, poll: float = 1) -> dict[str, str]:
    """The settings of a service that fetches from so many mailboxes."""
    found: list[dict[str, object]] = [{"address": SUPPORT}, {"address": COMPLAINTS, "queue": "complaints"}]
    for number in range(boxes):
        imap = {"host": "127.0.0.1", "port": port, "tls": False, "user": f"box{number}", "password": PASSWORD}
        found.append({"address": f"box{number}@desk.example", "imap": {**imap, "poll": poll}})
    return {"CONTACTCENTER_MAILBOXES": json.dumps(found)}


async def kill(kind: int, service: Service, server: Dovecot, rng: random.Random) -> None:
    """Kill the service or the mail server, and start it again; once a mailbox is numbered anew meanwhile."""
    if kind % 2 == 0:
        await service.restart(rng)
        return
    await asyncio.to_thread(server.kill9)
    if kind == 1:
        server.renumber("box0")
    await asyncio.to_thread(server.launch)


async def offer_all(
    service: Service, server: Dovecot, placed: Sequence[tuple[str, Offer]], rng: random.Random, kills: int
) -> None:
    """Put mails into the mailboxes in parts; while each part is being fetched, something is killed."""
    for kind, part in enumerate(chunks(placed, kills + 1)):
        before = await service.count("message")
        for number, (user, offer) in enumerate(part):
            server.put(user, f"{kind}.{number}.desk", offer.content)

        async def fetching(before: int = before) -> bool:
            return await service.count("message") > before

        if kind < kills:
            await until(fetching, f"part {kind} is being fetched", within=120, every=0.02)
            await asyncio.sleep(rng.uniform(0, 0.2))
            await kill(kind, service, server, rng)


def unseen(port: int, boxes: int) -> int:
    """Mails in the mailboxes that are not marked as read."""
    total = 0
    for number in range(boxes):
        with IMAPClient("127.0.0.1", port, ssl=False) as client:
            client.login(f"box{number}", PASSWORD)
            client.select_folder("INBOX", readonly=True)
            total += len(client.search("UNSEEN"))
    return total


async def run(
    *, boxes: int, mails: int, kills: int, launcher: Sequence[str] = ("-m", "contactcenter"), whole: bool = True
) -> Found:
    """Let a service fetch a correspondence while it is disturbed, and account for it. Not ``whole``: some is lost."""
    rng = random.Random(SEED)
    sent = correspondence(rng, mails, 0)
    placed = in_mailboxes(sent, rng, boxes)
    by_smtp = [offer for offer in sent.offers if offer.content.startswith(b"Received:")]
    async with dovecot() as server:
        line = BreakingLine(server.plain)
        async with running_service(env=mailboxes(await line.start(), boxes), launcher=launcher) as service:
            delivery = Delivery(service, by_smtp, rng)
            await asyncio.gather(delivery.run(), offer_all(service, server, placed, rng, kills))
            line.breaking = False

            async def marked() -> bool:
                return await asyncio.to_thread(unseen, server.plain, boxes) == 0

            await until(marked, "all mailboxes are read", within=120 + mails / 5, every=0.5)
            if whole:
                await until(lambda: _all_there(service, mails), "all mails are there", within=60)
            await settle(service)
            found = await account(service, sent)
            left = await asyncio.to_thread(unseen, server.plain, boxes)
        await line.stop()
    return Found(found.lost, found.doubled, found.waiting, found.quarantined, found.raw_wrong, left, broken=line.broken)


async def _all_there(service: Service, mails: int) -> bool:
    return await service.count("message WHERE direction = 'in'") >= mails


@pytest.mark.timeout(1800)
async def test_nothing_fetched_is_lost_or_doubled_whatever_is_killed() -> None:
    found = await run(boxes=MAILBOXES, mails=MAILS, kills=KILLS)
    print(found)
    assert found == Found(0, 0, 0, 0, 0, 0, broken=found.broken), str(found)
    assert found.broken > 0


@pytest.mark.timeout(300)
async def test_the_account_finds_mails_that_were_marked_before_they_were_kept() -> None:
    found = await run(boxes=2, mails=30, kills=1, launcher=(SABOTAGE, "late-commit"), whole=False)
    assert found.lost > 0, str(found)


@pytest.mark.timeout(300)
async def test_the_account_finds_copies_that_are_not_recognised() -> None:
    found = await run(boxes=2, mails=30, kills=0, launcher=(SABOTAGE, "no-unique-key"))
    assert found.doubled > 0, str(found)


@pytest.mark.timeout(300)
async def test_a_new_mail_is_in_its_ticket_within_two_seconds_by_push() -> None:
    taken = []
    async with dovecot() as server, running_service(env=mailboxes(server.plain, 4, poll=3600)) as service:

        async def listening() -> bool:
            states = await service.rows("SELECT value FROM channel_cursor WHERE key = %s", FETCH_STATUS)
            return bool(states) and all(one["state"] == "idle" for one in states[0][0].values())

        await until(listening, "all mailboxes wait for news")
        sent = {offer.key: offer for offer in correspondence(random.Random(SEED), 5, 0).offers}
        for number, offer in enumerate(sent.values()):
            began = time.monotonic()
            server.put(f"box{number % 4}", f"{number}.desk", offer.content)

            async def there(number: int = number) -> bool:
                return await service.count("message WHERE direction = 'in' AND state = 'done'") > number

            await until(there, f"mail {number} is in its ticket", every=0.02)
            taken.append(time.monotonic() - began)
    assert statistics.median(taken) <= 2.0, taken
