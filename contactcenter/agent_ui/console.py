"""The console: all its doors behind one guard. Wire :meth:`Console.routes` into the web application."""

from __future__ import annotations

from aiohttp import web

from contactcenter.agent_ui import (
    admin,
    admin_agents,
    admin_answers,
    admin_mailboxes,
    admin_queues,
    admin_tokens,
    audits,
    board,
    commands,
    composer,
    customers,
    knowledge,
    machine_model,
    machine_quality,
    new_ticket,
    password,
    preferences,
    quarantine,
    sheets,
    sign_in,
    stream,
    tickets,
    topics,
)
from contactcenter.agent_ui import help as help_pages
from contactcenter.agent_ui.navigation import destinations
from contactcenter.agent_ui.rendering import Renderer
from contactcenter.agent_ui.session import guarded
from contactcenter.agent_ui.static_files import PREFIX, StaticFiles
from contactcenter.agent_ui.visit import Door, Room
from contactcenter.envelope import MessageSink
from contactcenter.events import Event, EventHub, EventKind
from contactcenter.settings import Settings
from contactcenter.store.store import Store
from contactcenter.tickets.mailboxes import MailboxTrials

PAGES = (
    sign_in,
    password,
    preferences,
    new_ticket,
    tickets,
    commands,
    composer,
    customers,
    sheets,
    stream,
    knowledge,
    board,
    machine_model,
    machine_quality,
    audits,
    topics,
    quarantine,
    admin,
    admin_agents,
    admin_queues,
    admin_mailboxes,
    admin_answers,
    admin_tokens,
    help_pages,
)
"""Modules with a function ``doors()``."""


class Console:
    """The agents' web pages."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        hub: EventHub,
        inbox: MessageSink,
        trials: MailboxTrials | None = None,
    ) -> None:
        self._files = StaticFiles()
        self.doors: tuple[Door, ...] = tuple(door for page in PAGES for door in page.doors())
        known = frozenset(door.path for door in self.doors)
        renderer = Renderer(self._files, {"destinations": lambda actor: destinations(actor, known)})
        self.room = Room(settings, store, hub, inbox, renderer, self._files, trials)

    def routes(self) -> list[web.AbstractRouteDef]:
        """All routes of the console. The application's ``client_max_size`` bounds what may be posted."""
        found: list[web.AbstractRouteDef] = [web.get(f"{PREFIX}{{name:.+}}", self._files.serve)]
        found += [web.route(door.method, door.path, guarded(self.room, door)) for door in self.doors]
        return found

    async def close(self, _app: web.Application) -> None:
        """End the open streams, so that the server need not wait for them (an ``on_shutdown`` handler)."""
        self.room.closing.set()
        self.room.hub.publish(Event(EventKind.GAP))  # wakes every stream
