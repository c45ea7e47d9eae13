"""The doors: the web application (console, API, chat, webhooks) and the mail listener, over one store."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Literal

import structlog
from aiohttp import web
from sqlalchemy import select
from sqlmodel import col

from contactcenter.agent_ui.console import Console
from contactcenter.api.api import Api
from contactcenter.api.health import Health
from contactcenter.app.mailboxes import Trials, fleet
from contactcenter.app.meaning import in_child
from contactcenter.channels.email.receiving import MailDoor
from contactcenter.channels.sms.webhook import TwilioWebhooks
from contactcenter.channels.webchat.history import ChatLine
from contactcenter.channels.webchat.service import WebChat
from contactcenter.conversations.delivery import Deliverer
from contactcenter.conversations.inbox import Inbox
from contactcenter.conversations.records import Message
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import AuthorType, Channel, Direction, Identity
from contactcenter.errors import SettingsError
from contactcenter.events import EventHub
from contactcenter.knowledge.understanding import attach
from contactcenter.settings import Settings, split_listen
from contactcenter.store.listener import Listener
from contactcenter.store.store import Store
from contactcenter.tickets.directory import Directory

log = structlog.get_logger(__name__)

LINE = 32 * 1024  # bytes of a request's first line: who pastes a whole letter into a search field gets a page
IDLE = 75.0  # seconds a connection may say nothing: without a bound, silent ones would use up the process's files


class StoredChatHistory:
    """The chat's lines, read from the messages."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def lines(self, visitor: Identity, after: str = "", limit: int = 100) -> Sequence[ChatLine]:
        """See :class:`contactcenter.channels.webchat.history.ChatHistory`."""
        query = select(Message).where(
            col(Message.identity) == str(visitor),
            col(Message.channel) == Channel.CHAT,
            col(Message.kind) == "message",
        )
        if after:
            query = query.where(col(Message.id) > after).order_by(col(Message.id)).limit(limit)
        else:
            query = query.order_by(col(Message.id).desc()).limit(limit)
        async with self._store.read() as uow:
            rows = list(await uow.session.scalars(query))
        return [_line(row) for row in (rows if after else reversed(rows))]


def _line(row: Message) -> ChatLine:
    return ChatLine(
        id=row.id,
        direction=Direction(row.direction),
        author_type=AuthorType(row.author_type),
        author_name=row.author_name,
        text=row.text,
        created_at=row.created_at,
        client_id=row.external_id if row.direction == Direction.IN else "",
    )


class Doors:
    """Everything that listens. ``extra_routes`` is for the demo's own pages."""

    def __init__(self, settings: Settings, store: Store, extra_routes: Sequence[web.AbstractRouteDef] = ()) -> None:
        self._settings = settings
        self._store = store
        self._extra = extra_routes
        self._stack = AsyncExitStack()
        self.hub = EventHub()
        self.inbox = Inbox(store)
        self.directory = Directory(settings, store)
        # Receipts come in here; sending is the worker's, so this side needs no senders.
        self.receipts = Deliverer(store, {}, self.directory, ReplyTokens.of(store.secrets))
        self.http_port = 0
        self.smtp_port = 0
        self.lmtp_port = 0

    async def open(self, *, web_door: bool = True, mail_door: bool = True) -> None:
        """Open the doors asked for; raises :class:`SettingsError` when a port is taken."""
        try:
            if web_door:
                await self._open_web()
            if mail_door:
                await self._open_mail()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close them in the opposite order; what was accepted is already durable."""
        await self._stack.aclose()

    async def _open_web(self) -> None:
        listener = Listener(self._store.conninfo, self.hub)
        await listener.start()
        self._stack.push_async_callback(listener.stop)
        meaning = in_child(self._settings.data)
        attach(self._store, meaning)
        self._stack.callback(meaning.close)
        runner = web.AppRunner(
            self.application(), access_log=None, shutdown_timeout=5.0, keepalive_timeout=IDLE, max_line_size=LINE
        )
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        host, port = split_listen(self._settings.http.listen)
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise _taken("http.listen", self._settings.http.listen, error) from error
        self.http_port = runner.addresses[0][1]

    def application(self) -> web.Application:
        """The web application with all its routes."""
        settings, store = self._settings, self._store
        application = web.Application(client_max_size=settings.http.max_body)
        application.on_response_prepare.append(_say_no_versions)
        chat = WebChat(
            settings,
            self.inbox,
            StoredChatHistory(store),
            self.hub,
            self.receipts,
            store.secrets.derive("chat-visitor"),
        )
        application.on_shutdown.append(chat.close)
        application.add_routes(chat.routes())
        application.add_routes(TwilioWebhooks(settings, self.inbox, self.receipts).routes())
        Api(settings, store, self.inbox, Health(settings, store)).mount(application)
        console = Console(settings, store, self.hub, self.inbox, Trials(settings, store))
        application.on_shutdown.append(console.close)
        application.add_routes(console.routes())
        application.add_routes(self._extra)
        return application

    async def _open_door(self, protocol: Literal["smtp", "lmtp"]) -> int:
        """Open one mail door; the port it listens on."""
        door = MailDoor(self._settings, self.inbox, self.directory, protocol=protocol)
        await door.start()
        self._stack.push_async_callback(door.stop)
        return door.port

    async def _open_mail(self) -> None:
        self.smtp_port = await self._open_door("smtp")
        if self._settings.lmtp.listen:
            self.lmtp_port = await self._open_door("lmtp")
        mailboxes = fleet(self._settings, self._store, self.inbox)
        await mailboxes.start()
        self._stack.push_async_callback(mailboxes.stop)


async def _say_no_versions(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "contactcenter"


def _taken(setting: str, address: str, error: OSError) -> SettingsError:
    return SettingsError(
        f"cannot listen on {address}: {error.strerror or error}. Another program may use that port; "
        f"choose another one by {setting} in contactcenter.toml."
    )
