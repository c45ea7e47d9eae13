"""The console behind a real HTTP server, and people who walk through it."""

import json
import re

from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text

from contactcenter.agent_ui.console import Console
from contactcenter.conversations.inbox import Inbox
from contactcenter.events import EventHub
from contactcenter.settings import Http, Settings
from contactcenter.staff.access import Role
from tests.integration.office import PASSWORD, hire

PUBLIC_URL = "http://desk.example"
_CSRF = re.compile(r'X-CSRF-Token": "([^"]+)"')


class Visitor:
    """A browser with its own cookies."""

    def __init__(self, client, actor=None):
        self.client = client
        self.actor = actor
        self.csrf = ""

    async def get(self, path, **options):
        """Status and body of a page."""
        return await self._read(await self.client.get(path, allow_redirects=False, **options))

    async def post(self, path, fields=None, **options):
        """Send a form, with the proof that it is ours when signed in."""
        form = {**({"csrf": self.csrf} if self.csrf else {}), **(fields or {})}
        return await self._read(await self.client.post(path, data=form, allow_redirects=False, **options))

    async def _read(self, response):
        response.page = await response.text()
        return response


class Building:
    """A console over a store."""

    def __init__(self, store, **settings):
        self.store = store
        self.settings = Settings(http=Http(public_url=PUBLIC_URL), **settings)
        self._clients = []

    async def start(self, trials=None):
        self.hub = EventHub()
        self.console = Console(self.settings, self.store, self.hub, Inbox(self.store), trials)
        application = web.Application()
        application.add_routes(self.console.routes())
        application.on_shutdown.append(self.console.close)
        self.doors = self.console.doors
        self._server = TestServer(application)
        await self._server.start_server()
        return self

    async def stop(self):
        for client in self._clients:
            await client.close()
        await self._server.close()

    async def stranger(self):
        """A browser that nobody has signed in with."""
        client = TestClient(self._server, cookie_jar=CookieJar(unsafe=True))
        self._clients.append(client)
        return Visitor(client)

    async def person(self, name, role=Role.AGENT, queues=()):
        """Somebody who works here, signed in."""
        visitor = await self.stranger()
        visitor.actor = await hire(self.store, name, role, queues, PASSWORD)
        signed = await visitor.post("/", {"email": visitor.actor.email, "password": PASSWORD})
        assert signed.status == 303, signed.page
        visitor.csrf = _CSRF.search((await visitor.get("/board")).page)[1]
        return visitor

    async def mails(self):
        """The notices that are queued, oldest first."""
        async with self.store.read() as uow:
            query = text("SELECT args->>'sealed' FROM procrastinate_jobs WHERE task_name = 'notify' ORDER BY id")
            sealed = list(await uow.session.scalars(query))
        return [json.loads(self.store.secrets.unseal(one, "notice")) for one in sealed]
