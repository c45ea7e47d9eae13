"""The database goes away and comes back: every door says "later" meanwhile, and all goes on by itself afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import smtplib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from contactcenter.store import migrate
from contactcenter.store.postgres import EmbeddedPostgres
from tests.promises.correspondence import MailServer, correspondence
from tests.service import NUMBER, SUPPORT, Answer, Service, running_service, until

INSIDE = ("Traceback", 'File "', "sqlalchemy", "psycopg", "aiosmtpd", "aiohttp", "Exception", "object at 0x")


@pytest.fixture
async def postgres_of_ours() -> AsyncIterator[EmbeddedPostgres]:
    """A server that the service reaches by ``database.url`` and that the test stops and starts."""
    data = Path(tempfile.mkdtemp(prefix="pg-"))
    server = EmbeddedPostgres(data)
    await asyncio.to_thread(server.start)
    try:
        migrate.create_database(server.url())
        yield server
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(data, ignore_errors=True)


def smtp_reply(service: Service, raw: bytes, sender: str) -> tuple[int, str]:
    """The last answer to a mail: to its recipient when that is put off, else to its final dot."""
    with smtplib.SMTP("127.0.0.1", service.smtp_port, "mail.example", timeout=60) as smtp:
        smtp.ehlo()
        smtp.mail(sender)
        code, reply = smtp.rcpt(SUPPORT)
        if code == 250:
            code, reply = smtp.data(raw)
        return code, reply.decode()


def says_later(answer: Answer) -> bool:
    """Whether an answer is a 503 as a problem that asks to come again, and shows nothing of our inside."""
    return (
        answer.status == 503
        and answer.content_type == "application/problem+json"
        and not any(word in answer.text for word in INSIDE)
    )


async def test_every_door_says_later_while_the_database_is_away_and_all_recovers(
    postgres_of_ours: EmbeddedPostgres,
) -> None:
    mails = correspondence(random.Random(3), 40, 0).offers
    early, waiting, late, *_ = {one.sender: one for one in mails if one.key.partition(".")[2].startswith("0")}.values()
    async with running_service(env={"CONTACTCENTER_DATABASE__URL": postgres_of_ours.url()}) as service:

        async def understood(number: int) -> bool:
            return await service.count("message WHERE direction = 'in' AND state = 'done'") == number

        token = await service.token()
        server = MailServer(service.smtp_port)
        assert await server.deliver(early, cut=False)
        await until(lambda: understood(1), "the worker works")
        assert await server.deliver(waiting, cut=False)
        server.hang_up()
        pids = {process.pid for process in service.processes()}

        await asyncio.to_thread(postgres_of_ours.stop)
        code, reply = await asyncio.to_thread(smtp_reply, service, late.content, late.sender)
        assert code == 451
        assert not any(word in reply for word in INSIDE)
        assert says_later(await service.request("GET", "/api/v1/tickets", headers={"Authorization": f"Bearer {token}"}))
        assert await service.twilio.inject("+12025550111", NUMBER, "hello", sid="SM" + "1" * 32) == 503
        assert (await service.request("GET", "/readyz")).status == 503
        assert (await service.request("GET", "/healthz")).status == 200
        page = await service.request("GET", "/")
        assert page.status in {200, 503}
        assert not any(word in page.text for word in INSIDE)

        await asyncio.to_thread(postgres_of_ours.start)
        assert (await asyncio.to_thread(smtp_reply, service, late.content, late.sender))[0] == 250
        assert await service.twilio.inject("+12025550111", NUMBER, "hello", sid="SM" + "1" * 32) == 200

        await until(lambda: understood(4), "what waited and what came since is understood")
        assert await service.count("ticket") == 4
        assert (await service.request("GET", "/readyz")).status == 200
        assert {process.pid for process in service.processes()} == pids


async def test_an_embedded_postgresql_that_died_is_started_again() -> None:
    mail, *_ = correspondence(random.Random(4), 4, 0).offers
    async with running_service() as service:
        for process in service.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "postgres" in process.name():
                    process.kill()
        server = MailServer(service.smtp_port)
        await until(lambda: server.deliver(mail, cut=False), "mail is taken again")
        server.hang_up()

        async def understood() -> bool:
            return await service.count("message WHERE direction = 'in' AND state = 'done'") == 1

        await until(understood, "mail is understood again")
