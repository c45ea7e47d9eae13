"""``bench intake``: mail through the SMTP door of a real service, until every ticket and receipt is there."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
import psutil
import psycopg

from contactcenter.bench.corpus import CorpusMail
from contactcenter.bench.machine import Usage, usage
from contactcenter.demo.post_office import PostOffice
from contactcenter.demo.run import free_port
from contactcenter.errors import Unavailable
from contactcenter.settings import FILE_NAME
from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import libpq

_SETTINGS = """\
[http]
listen = "127.0.0.1:{http}"
public_url = "http://127.0.0.1:{http}"
[smtp]
listen = "127.0.0.1:{smtp}"
assume_authenticated = ["127.0.0.0/8"]
trusted = ["127.0.0.0/8"]
[outgoing]
host = "127.0.0.1"
port = {out}
[[mailboxes]]
address = "{recipient}"
queue = "service"
"""
_UNFINISHED = """
    SELECT (SELECT count(*) FROM message WHERE state = 'waiting'),
           (SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')),
           (SELECT count(*) FROM delivery WHERE state = 'sent'),
           (SELECT count(*) FROM ticket),
           (SELECT count(*) FROM message WHERE direction = 'in' AND state = 'done')
"""
_THREADS = "SELECT external_id, conversation_id::text FROM message WHERE direction = 'in' AND channel = 'email'"


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """Figures of one run. ``threaded`` of ``replies``: replies found on the ticket of the mail they answer."""

    connections: int
    mails: int
    accepted_per_second: float
    finished_per_second: float
    cpu_ms_per_mail: float
    memory_mib: float
    tickets: int
    receipts: int
    threaded: int
    replies: int
    mixed: int  # tickets that hold mails of two threads


async def run_intake(mails: Sequence[CorpusMail], recipient: str, connections: int) -> IntakeResult:
    """Start a fresh service, send the corpus over that many kept connections, and wait until all work is done."""
    data = Path(tempfile.mkdtemp(prefix="contactcenter-bench-"))
    office = PostOffice()
    try:
        out = await office.start()
        smtp = free_port(0)
        data.chmod(0o700)
        text = _SETTINGS.format(http=free_port(0), smtp=smtp, out=out, recipient=recipient)
        (data / FILE_NAME).write_text(text, encoding="utf-8")
        process = await _start(data)
        try:
            return await _measure(process, data, mails, recipient, smtp, connections, office)
        finally:
            process.terminate()
            await process.wait()
    finally:
        await office.stop()
        shutil.rmtree(data, ignore_errors=True)


async def _start(data: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "contactcenter",
        "serve",
        "--data",
        str(data),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    line = await process.stdout.readline() if process.stdout else b""
    if not line.startswith(b"ready"):
        raise Unavailable("the service did not start")
    return process


async def _measure(
    process: asyncio.subprocess.Process,
    data: Path,
    mails: Sequence[CorpusMail],
    recipient: str,
    port: int,
    connections: int,
    office: PostOffice,
) -> IntakeResult:
    with psycopg.connect(libpq(EmbeddedPostgres(data).url()), autocommit=True) as database:
        await _worker_is_up(database)
        roots = [psutil.Process(process.pid), *_postgres(data)]
        before, began = usage(roots), time.monotonic()
        await _send(mails, recipient, port, connections)
        accepted = time.monotonic() - began
        receipts, tickets = await _finished(database, office, len({mail.raw for mail in mails}))
        finished = time.monotonic() - began
        after: Usage = usage(roots)
        threads: dict[object, object] = {row[0]: row[1] for row in database.execute(_THREADS).fetchall()}
    threaded, replies, mixed = _threading(mails, threads)
    return IntakeResult(
        connections=connections,
        mails=len(mails),
        accepted_per_second=len(mails) / accepted,
        finished_per_second=len(mails) / finished,
        cpu_ms_per_mail=1000 * after.since(before) / len(mails),
        memory_mib=after.memory / 2**20,
        tickets=tickets,
        receipts=receipts,
        threaded=threaded,
        replies=replies,
        mixed=mixed,
    )


async def _worker_is_up(database: psycopg.Connection[tuple[object, ...]]) -> None:
    """Wait until a worker has said that it lives."""
    async with asyncio.timeout(60):
        while not database.execute("SELECT 1 FROM procrastinate_workers LIMIT 1").fetchone():
            await asyncio.sleep(0.2)
    await asyncio.sleep(1.0)


def _postgres(data: Path) -> list[psutil.Process]:
    """The embedded server, whoever started it."""
    pid = int((data / "postgres" / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
    return [psutil.Process(pid)]


async def _send(mails: Sequence[CorpusMail], recipient: str, port: int, connections: int) -> None:
    waiting = iter(mails)

    async def one_connection() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, timeout=120) as smtp:
            for mail in waiting:
                await smtp.sendmail(mail.sender or "customer@home.example", [recipient], mail.raw)

    await asyncio.gather(*(one_connection() for _ in range(connections)))


async def _finished(
    database: psycopg.Connection[tuple[object, ...]], office: PostOffice, expected: int
) -> tuple[int, int]:
    """Wait until nothing waits and every receipt that is due lies at the sink; receipts and tickets."""
    async with asyncio.timeout(600):
        while True:
            row = database.execute(_UNFINISHED).fetchone()
            waiting, unsent, sent, tickets, done = (int(str(value)) for value in row) if row else (1, 1, 0, 0, 0)
            if not waiting and not unsent and len(office.letters) >= sent and done >= expected:
                return sent, tickets
            await asyncio.sleep(0.1)


def _threading(mails: Sequence[CorpusMail], conversations: dict[object, object]) -> tuple[int, int, int]:
    """Replies found in the conversation of their thread's first mail, of how many; tickets with two threads."""
    first: dict[int, object] = {}
    threads_of: defaultdict[object, set[int]] = defaultdict(set)
    right = replies = 0
    for mail in mails:
        if mail.thread < 0:
            continue
        conversation = conversations.get(mail.message_id)
        threads_of[conversation].add(mail.thread)
        if mail.thread in first:
            replies += 1
            right += conversation is not None and conversation == first[mail.thread]
        else:
            first[mail.thread] = conversation
    return right, replies, sum(len(found) > 1 for found in threads_of.values())
