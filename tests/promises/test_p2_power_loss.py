"""P2: what was accepted survives a loss of power: the disk has it before the sender hears yes.

Killing processes cannot show a missing fsync, so strace looks at the order of system calls. Between the arrival of a
message and the yes, the write-ahead log must be written and then synchronised by whatever process of PostgreSQL, and
before it the raw mail's own file. With ``synchronous_commit = off`` the same look must find that missing.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.promises.correspondence import MailServer, correspondence
from tests.promises.syscalls import Call, calls, strace
from tests.service import NUMBER, Service, running_service

MESSAGES = 50
ASYNCHRONOUS = "ALTER DATABASE contactcenter SET synchronous_commit = off"


@pytest.fixture(autouse=True)
def _strace() -> None:
    if shutil.which("strace") is None:
        message = "strace is missing; on Debian and Ubuntu: apt install strace"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


@dataclass(frozen=True, slots=True)
class Answered:
    """One message's way through the trace: the calls from its arrival up to the yes."""

    between: Sequence[Call]
    yes: Call

    def log_is_durable(self) -> bool:
        """Whether the log was written and then synchronised after PostgreSQL heard COMMIT and before the yes."""
        commits = [call for call in self.before_yes if call.name == "recvfrom" and '"Q\\0\\0\\0\\vCOMMIT' in call.text]
        return bool(commits) and any(
            self._synced(call)
            for call in self.before_yes
            if call.is_write and "/pg_wal/" in call.path and call.begun > commits[-1].done
        )

    def raw_mail_is_durable(self) -> bool:
        """Whether the raw mail's file and then its folder were synchronised before the log, whose commit names it."""
        kept = [call for call in self.before_yes if call.is_write and "/blobs/" in call.path]
        log = [call for call in self.before_yes if call.is_sync and "/pg_wal/" in call.path]
        file = [sync for sync in self._synced(kept[-1]) if sync.done < log[-1].begun] if kept and log else []
        folder = kept[-1].path.rpartition("/")[0] if file else ""
        return any(call.is_sync and call.path == folder and file[0].done < call.begun for call in self.before_yes)

    @property
    def before_yes(self) -> list[Call]:
        """What was done when the yes went out."""
        return [call for call in self.between if call.done < self.yes.begun]

    def _synced(self, write: Call) -> list[Call]:
        return [
            call for call in self.before_yes if call.is_sync and call.path == write.path and call.begun > write.done
        ]


def answered(trace: Sequence[Call], keys: Sequence[str], yes: str) -> list[Answered]:
    """For each message, in the order they were sent, the calls between its arrival and its yes."""
    found = []
    for key in keys:
        arrival = next(
            call
            for call in trace
            if call.name in {"recvfrom", "read"} and key in call.text and call.path.startswith("TCP")
        )
        answer = next(
            call
            for call in trace
            if call.begun > arrival.done and call.is_write and call.path.startswith("TCP") and yes in call.text
        )
        found.append(Answered([one for one in trace if arrival.done < one.begun < answer.begun], answer))
    return found


@asynccontextmanager
async def traced_service(role: str, *statements: str) -> AsyncIterator[tuple[Service, Callable[[], list[Call]]]]:
    """A service traced from its start, its PostgreSQL too; the trace is complete once the service has stopped."""
    with tempfile.TemporaryDirectory(prefix="trace-") as folder:
        output = Path(folder) / "trace"
        async with running_service(role=role, wrapper=strace(output), prepare=statements) as service:
            yield service, lambda: calls(output.read_text(errors="replace").splitlines())


async def trace_mails(count: int, *statements: str) -> list[Answered]:
    """Hand in mails one after the other, and look at the order of system calls."""
    mails = list({one.key: one for one in correspondence(random.Random(2), count, 0).offers}.values())
    async with traced_service("mail", *statements) as (service, trace):
        server = MailServer(service.smtp_port)
        for mail in mails:
            assert await server.deliver(mail, cut=False)
        server.hang_up()
        await service.stop()
        return answered(trace(), [f"Message-ID: <{mail.key}>" for mail in mails], "250 2.0.0 OK")


async def trace_texts(count: int, *statements: str) -> list[Answered]:
    """Let Twilio call one time after the other, and look at the order of system calls."""
    texts = list({one.key: one for one in correspondence(random.Random(2), 0, count).offers}.values())
    async with traced_service("web", *statements) as (service, trace):
        for text in texts:
            assert await service.twilio.inject(text.sender, NUMBER, text.text, sid=text.key) == 200
        await service.stop()
        return answered(trace(), [f"MessageSid={text.key}" for text in texts], "HTTP/1.1 200 OK")


async def test_a_mail_is_on_the_disk_before_its_250() -> None:
    mails = await trace_mails(MESSAGES)
    assert len(mails) == MESSAGES
    assert [mail for mail in mails if not mail.log_is_durable()] == []
    assert [mail for mail in mails if not mail.raw_mail_is_durable()] == []


async def test_a_text_is_on_the_disk_before_its_200() -> None:
    texts = await trace_texts(MESSAGES)
    assert len(texts) == MESSAGES
    assert [text for text in texts if not text.log_is_durable()] == []


async def test_the_look_at_mails_finds_a_commit_that_does_not_wait_for_the_disk() -> None:
    mails = await trace_mails(10, ASYNCHRONOUS)
    assert any(not mail.log_is_durable() for mail in mails)


async def test_the_look_at_texts_finds_a_commit_that_does_not_wait_for_the_disk() -> None:
    texts = await trace_texts(10, ASYNCHRONOUS)
    assert any(not text.log_is_durable() for text in texts)
