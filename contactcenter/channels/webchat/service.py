"""The web chat channel: its routes, who may open a socket, and how it is closed.

Wiring, in the composition root::

    chat = WebChat(settings, sink, history, hub, receipts, secret)
    application.add_routes(chat.routes())
    application.on_shutdown.append(chat.close)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import WSCloseCode, web

from contactcenter.channels.webchat.assets import Assets
from contactcenter.channels.webchat.audience import Audience
from contactcenter.channels.webchat.history import ChatHistory
from contactcenter.channels.webchat.limits import Limits
from contactcenter.channels.webchat.peer import Peers, rate_key
from contactcenter.channels.webchat.socket import Shared, VisitorSocket
from contactcenter.channels.webchat.tokens import VisitorTokens
from contactcenter.clock import now
from contactcenter.envelope import Identity, MessageSink, ReceiptSink
from contactcenter.events import EventHub
from contactcenter.rates import Rate
from contactcenter.settings import Settings

_log = structlog.get_logger(__name__)


def _nobody(visitor: Identity) -> None:
    """Nobody watches visitors write."""
    del visitor


class WebChat:
    """The channel as one object. ``secret`` signs visitor tokens: at least 16 bytes, the same in every process.

    ``on_typing`` is called, often, while a visitor writes; :meth:`show_typing` is the other direction.
    """

    def __init__(
        self,
        settings: Settings,
        sink: MessageSink,
        history: ChatHistory,
        hub: EventHub,
        receipts: ReceiptSink,
        secret: bytes,
        *,
        on_typing: Callable[[Identity], None] = _nobody,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self._limits = limits
        self._origins = frozenset(origin.rstrip("/").lower() for origin in settings.chat.origins)
        self._peers = Peers(settings.http.trusted_proxies)
        self._connections = Rate(limits.connections_per_minute, 60.0)
        self._audience = Audience(hub)
        self._open: set[VisitorSocket] = set()
        self._shared = Shared(
            sink=sink,
            history=history,
            receipts=receipts,
            tokens=VisitorTokens(secret),
            audience=self._audience,
            limits=limits,
            on_typing=on_typing,
            messages=Rate(limits.messages_per_minute, 60.0),
            sessions=Rate(limits.sessions_per_minute, 60.0),
        )
        self.assets = Assets()

    def routes(self) -> list[web.AbstractRouteDef]:
        """The widget's files and ``/chat/ws``."""
        return [*self.assets.routes(), web.get("/chat/ws", self.connect, allow_head=False)]

    @property
    def connected(self) -> int:
        """Visitors' sockets open in this process."""
        return len(self._open)

    def show_typing(self, visitor: Identity | str) -> None:
        """Show a visitor, where he is connected to this process, that an agent writes to him."""
        for visit in self._audience.of(str(visitor)):
            visit.show_typing()

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """``GET /chat/ws``: 403 for a page that may not carry the widget, 429 for a peer that connects too often."""
        # A browser always says which page opened a socket; who does not is no widget (RFC 6455, 10.2).
        if request.headers.get("Origin", "").lower() not in self._origins:
            _log.info("chat refused", origin=request.headers.get("Origin", "")[:200])
            return web.Response(status=403, text="This page may not use the chat: see chat.origins in the settings.\n")
        peer = self._peers.of(request)
        wait = self._connections.take(rate_key(peer), now().timestamp())
        if wait:
            return web.Response(status=429, text="Too many connections.\n", headers={"Retry-After": str(int(wait) + 1)})
        return await self._serve(request, peer)

    async def _serve(self, request: web.Request, peer: str) -> web.StreamResponse:
        # Text this short gains nothing from compression, and a compressed bomb cannot even be offered.
        ws = web.WebSocketResponse(
            max_msg_size=self._limits.frame_bytes,
            compress=False,
            autoping=False,
            heartbeat=self._limits.heartbeat_seconds,
            timeout=2.0,
        )
        await ws.prepare(request)

        def abort() -> None:
            if request.transport is not None:
                request.transport.abort()

        user_agent = request.headers.get("User-Agent", "")
        socket = VisitorSocket(self._shared, ws, peer=peer, user_agent=user_agent, abort=abort)
        self._open.add(socket)
        try:
            await socket.run()
        finally:
            self._open.discard(socket)
        return ws

    async def close(self, application: web.Application | None = None) -> None:
        """Say goodbye to every visitor; the widgets come back by themselves."""
        del application
        await asyncio.gather(*(socket.close(WSCloseCode.GOING_AWAY, "restart") for socket in list(self._open)))
