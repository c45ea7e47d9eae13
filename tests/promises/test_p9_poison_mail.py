"""P9: hostile mail among good mail: the good is not kept waiting, the hostile is kept, and nothing dies of it.

The hostile mails are those of the attacks on the reader, a megabyte each, and three that break it: one never ends, one
takes all memory, one kills the process. No such mail is known, so a fault in the reader plays them: it is put into the
confined child alone, from the outside. ``P9_MAILS`` sets how many good mails and how many hostile ones; a release is
tried with 1000.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import psutil
import pytest

from contactcenter.bench.corpus import make_corpus
from tests.attacks.test_mail_reading import SLOW
from tests.promises.correspondence import MailServer, Offer
from tests.service import SUPPORT, Service, running_service, until

MAILS = int(os.environ.get("P9_MAILS", "40"))
EVERY = 0.5  # seconds from one good mail to the next, and from one hostile mail to the next
SERVERS = 4  # that bring the mail
RELEASE = 1000  # so many are measured against the promise
PATIENCE = 10.0  # seconds that one of fewer may take on a machine that is busy with other tests
MEMORY = 256 * 2**20  # bytes that the child may take for one mail; its CPU seconds end with a signal
READER = "contactcenter.channels.email.confined"
BROKEN_READER = f"""
import sys
if {READER!r} in sys.orig_argv:
    import os
    from contactcenter.channels.email.reader import MailReader
    read = MailReader.__call__
    def broken(self, message):
        head = (message.raw or b"")[:2000]
        while b"X-Breaks: spin" in head:
            pass
        kept = []
        while b"X-Breaks: memory" in head:
            kept.append(bytearray(2**20))
        if b"X-Breaks: process" in head:
            os._exit(9)
        return read(self, message)
    MailReader.__call__ = broken
"""


def good(count: int, seed: int) -> list[Offer]:
    return [Offer(mail.message_id, mail.sender, mail.raw) for mail in make_corpus(count, SUPPORT, seed)]


def hostile(count: int) -> list[Offer]:
    """That many: those that break the reader, and the others in turn."""
    bodies = [f"X-Breaks: {what}\nFrom: x@evil.example\n\nhi".encode() for what in ("spin", "memory", "process")]
    bodies += islice(cycle(SLOW.values()), max(0, count - len(bodies)))
    found = []
    for number, body in enumerate(bodies):
        raw = f"Message-ID: <hostile.{number}@evil.example>\n".encode() + body
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        found.append(Offer(f"hostile.{number}@evil.example", f"sender{number}@evil.example", raw))
    return found


@dataclass
class Run:
    """What was accepted and when, and how long good mails took until they were tickets."""

    accepted: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    @property
    def p99(self) -> float:
        ordered = sorted(self.took.values())
        return ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


async def bring(service: Service, offers: Iterable[Offer], run: Run) -> None:
    """Hand mail over at a steady pace, over a few connections."""
    waiting: asyncio.Queue[Offer | None] = asyncio.Queue()

    async def server() -> None:
        connection = MailServer(service.smtp_port)
        while (offer := await waiting.get()) is not None:
            if await connection.deliver(offer, cut=False):
                run.accepted[offer.key] = time.monotonic()
        connection.hang_up()

    async with asyncio.TaskGroup() as group:
        for _ in range(SERVERS):
            group.create_task(server())
        for offer in offers:
            waiting.put_nowait(offer)
            await asyncio.sleep(EVERY)
        for _ in range(SERVERS):
            waiting.put_nowait(None)


async def watch(service: Service, keys: set[str], run: Run) -> None:
    """Note when good mails are understood."""

    async def all_done() -> bool:
        done = await service.rows("SELECT external_id FROM message WHERE direction = 'in' AND state = 'done'")
        now = time.monotonic()
        for (key,) in done:
            if key in keys and key in run.accepted:
                run.took.setdefault(key, now - run.accepted[key])
        return len(run.took) == len(keys)

    await until(all_done, "good mail understood", within=60 + 2 * EVERY * len(keys), every=0.1)


async def timed(service: Service, offers: list[Offer], poison: list[Offer]) -> Run:
    """Good mail, with the poison brought beside it."""
    run = Run()
    async with asyncio.TaskGroup() as group:
        group.create_task(bring(service, offers, run))
        group.create_task(bring(service, poison, run))
        group.create_task(watch(service, {offer.key for offer in offers}, run))
    return run


def servants(service: Service) -> set[int]:
    """The processes that must outlive everything: all but the confined readers and the database's own."""
    found = set()
    for process in service.processes():
        with contextlib.suppress(psutil.Error):
            if "serve" in process.cmdline() and READER not in process.cmdline():
                found.add(process.pid)
    return found


def memory_of_readers(service: Service) -> int:
    """Resident memory of the largest confined reader now."""
    largest = 0
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):  # it has just ended
            if READER in process.cmdline() and any(parent.pid in servants(service) for parent in process.parents()):
                largest = max(largest, process.memory_info().rss)
    return largest


async def peak_memory(service: Service, stop: asyncio.Event) -> int:
    """The most resident memory a confined reader had."""
    peak = 0
    while not stop.is_set():
        peak = max(peak, await asyncio.to_thread(memory_of_readers, service))
        await asyncio.sleep(0.1)
    return peak


@pytest.mark.timeout(120 + 6 * MAILS)
async def test_poison_neither_delays_good_mail_nor_gets_lost(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(BROKEN_READER, encoding="utf-8")
    path = os.pathsep.join((str(tmp_path), str(Path(__file__).parents[2])))
    async with running_service(env={"PYTHONPATH": path}) as service:
        await timed(service, good(2, 7), [])  # the worker has loaded its model
        before = servants(service)
        baseline = await timed(service, good(MAILS, 1), [])
        stop = asyncio.Event()
        memory = asyncio.create_task(peak_memory(service, stop))
        poison = hostile(MAILS)
        run = await timed(service, good(MAILS, 2), poison)

        async def nothing_waits() -> bool:
            return not await service.count("message WHERE state = 'waiting'")

        await until(nothing_waits, "every hostile mail understood or in quarantine", within=120 + 3 * MAILS, every=0.5)
        stop.set()
        print(f"p99: {baseline.p99:.2f} s alone, {run.p99:.2f} s beside poison; reader {await memory >> 20} MiB")
        assert run.p99 < max(2 * baseline.p99, 0.0 if MAILS >= RELEASE else PATIENCE)
        assert servants(service) == before
        assert 0 < await memory < MEMORY
        assert set(run.accepted) >= {offer.key for offer in poison}
        await account_for(service, {offer.key: offer.content for offer in poison})


async def account_for(service: Service, poison: dict[str, bytes]) -> None:
    """Every hostile mail is there after at most three tries: its raw source, and a ticket or a place in quarantine."""
    rows = await service.rows(
        "SELECT m.raw_blob, m.state, m.attempts, t.id IS NOT NULL FROM message m "
        "LEFT JOIN ticket t ON t.conversation_id = m.conversation_id WHERE m.direction = 'in'"
    )
    found = {}
    for name, state, attempts, has_ticket in rows:
        raw = (service.data / "blobs" / name[:2] / name[2:]).read_bytes()
        key = re.search(rb"hostile\.\d+@evil\.example", raw[:4000])
        if key is not None:
            found[key[0].decode()] = state
            assert poison[key[0].decode()].strip() in raw
            assert attempts <= 3
            assert has_ticket or state == "quarantined", (key[0], state)
    assert set(found) == set(poison)
    broken = [found[f"hostile.{number}@evil.example"] for number in range(3)]
    assert broken == ["quarantined"] * 3
