"""What the journeys share: one running office for all of them, its customers' side, and Chromium."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.utils import format_datetime, formataddr, make_msgid
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, expect

from contactcenter import clock
from contactcenter.demo.people import PASSWORD
from contactcenter.demo.post_office import Letter, post
from contactcenter.demo.seed import seed
from contactcenter.store.store import Store
from tests.browser import DESKTOP, HOW_TO_INSTALL, chromium, chromium_path, sign_in
from tests.service import SUPPORT, Service, free_port, running_service, until

ANNA, BO, SOFIA, ADMIN = (f"{name}@harbour.example" for name in ("anna", "bo", "sofia", "admin"))
"""An agent, one who works in Chinese, their supervisor, and the administrator."""
PATIENCE = 30_000
"""Milliseconds the browser waits for what must come; on a busy machine too."""

_SHOP = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{url}/widget.js" async data-lang="en" data-title="Harbour Mutual"></script></head>
<body><main><h1>A shop elsewhere</h1></main></body></html>"""

Visit = Callable[..., Awaitable[Page]]


@dataclass(frozen=True, slots=True)
class Office:
    """The running service, filled with the demo's people and articles, and a web shop elsewhere with its chat."""

    service: Service
    shop: str

    async def write(self, sender: str, subject: str, text: str, *, name: str = "", answers: Any = None) -> EmailMessage:
        """A customer's mail through the SMTP door; ``answers`` is the mail of ours that he replies to."""
        mail = EmailMessage()
        mail["From"] = formataddr((name, sender))
        mail["To"] = SUPPORT
        mail["Subject"] = subject
        mail["Date"] = format_datetime(clock.now())
        mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        if answers is not None:
            mail["In-Reply-To"] = answers["Message-ID"]
            mail["References"] = f"{answers.get('References', '')} {answers['Message-ID']}".strip()
        mail.set_content(text)
        await post(mail, host="127.0.0.1", port=self.service.smtp_port)
        return mail

    async def tickets_of(self, identity: str) -> list[dict[str, Any]]:
        """The tickets of the customer with an identity (``email:a@b.c``), as the API tells them."""
        found = await self.service.api("GET", "/customers", params={"identity": identity})
        if not found["items"]:
            return []
        query = {"q": f"customer:{found['items'][0]['id']}"}
        items: list[dict[str, Any]] = (await self.service.api("GET", "/tickets", params=query))["items"]
        return items

    async def ticket_of(self, identity: str) -> dict[str, Any]:
        """His one ticket, as soon as there is one."""
        tickets = await until(lambda: self.tickets_of(identity), f"a ticket of {identity}")
        assert len(tickets) == 1, tickets
        return dict(tickets[0])

    async def letters_to(self, address: str, count: int) -> list[Letter]:
        """The first mails of ours that he got, as soon as there are so many."""
        async with asyncio.timeout(PATIENCE / 1000):
            return (await self.service.post_office.wait_for(address, count))[:count]

    @staticmethod
    def text_of(mail: Message) -> str:
        """What is to be read in a mail."""
        part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        return payload.decode(part.get_content_charset("utf-8"))

    async def said_on(self, number: int) -> list[dict[str, Any]]:
        """The messages of a ticket, oldest first."""
        messages = await self.service.api("GET", f"/tickets/{number}/messages")
        return sorted(messages["items"], key=lambda message: str(message["id"]))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office() -> AsyncIterator[Office]:
    """One office for all journeys; each brings customers of its own."""
    port = free_port()
    shop = f"http://127.0.0.1:{port}"
    async with running_service(env={"CONTACTCENTER_CHAT__ORIGINS": f'["{shop}"]'}) as service:
        store = Store(service.conninfo, service.data)
        try:
            await seed(store)
        finally:
            await store.close()
        runner = await _serve_shop(port, service.url)
        try:
            yield Office(service, f"{shop}/shop")
        finally:
            await runner.cleanup()


async def _serve_shop(port: int, url: str) -> web.AppRunner:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=_SHOP.format(url=url), content_type="text/html")

    app = web.Application()
    app.router.add_get("/shop", page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium for all journeys."""
    if chromium_path() is None:
        pytest.fail(HOW_TO_INSTALL) if os.environ.get("CI") == "true" else pytest.skip(HOW_TO_INSTALL)
    expect.set_options(timeout=PATIENCE)
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Somebody's own browser: ``await visit(color_scheme=…)`` is an empty page with its own cookies.

    A script that fails on any of its pages fails the test.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    async def open_page(**options: Any) -> Page:
        context = await browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert errors == []


@pytest_asyncio.fixture(loop_scope="session")
async def console(office: Office, visit: Visit) -> Visit:
    """An agent at his console: ``await console(ANNA)`` is the inbox, signed in."""

    async def signed_in(email: str, **options: Any) -> Page:
        page = await visit(**options)
        await sign_in(page, office.service.url, email, PASSWORD)
        return page

    return signed_in
