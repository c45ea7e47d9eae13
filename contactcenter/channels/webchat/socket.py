"""One visitor's socket, from hello to goodbye.

Two tasks share it: one reads what the visitor sends and carries it out frame by frame, so that a visitor who sends
faster than we store is slowed by TCP; the other waits to be told that something changed and sends the new lines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from contactcenter.channels.webchat import protocol
from contactcenter.channels.webchat.audience import Audience
from contactcenter.channels.webchat.history import ChatHistory, ChatLine, shortly_before
from contactcenter.channels.webchat.limits import Limits
from contactcenter.channels.webchat.peer import rate_key
from contactcenter.channels.webchat.protocol import Ack, ClientFrame, Hello, Problem, ProblemCode, Say, Typing
from contactcenter.channels.webchat.tokens import VisitorTokens
from contactcenter.clock import new_id, now
from contactcenter.envelope import (
    Channel,
    DeliveryState,
    Direction,
    Identity,
    IdentityKind,
    InboundMessage,
    MessageSink,
    Receipt,
    ReceiptSink,
)
from contactcenter.errors import ContactCenterError
from contactcenter.rates import Rate

PAGE = 100
"""Lines of one reading of the history."""

_REMEMBERED = 1_000
_RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Shared:
    """What all sockets of a process have in common."""

    sink: MessageSink
    history: ChatHistory
    receipts: ReceiptSink
    tokens: VisitorTokens
    audience: Audience
    limits: Limits
    on_typing: Callable[[Identity], None]
    messages: Rate
    sessions: Rate
    readings: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(16))
    """After a gap every visitor looks again at once; the database need not notice."""


class VisitorSocket:
    """Serves one open WebSocket; :meth:`run` returns when it is closed."""

    def __init__(
        self, shared: Shared, ws: web.WebSocketResponse, *, peer: str, user_agent: str, abort: Callable[[], None]
    ) -> None:
        self._shared = shared
        self._ws = ws
        self._peer = peer
        self._user_agent = protocol.clean_name(user_agent, 300)
        self._abort = abort
        self._visitor = Identity(IdentityKind.CHAT, "")
        self._hello = Hello()
        self._known = False  # came back with a token
        self._frames = Rate(shared.limits.frames_per_second * 10, 10.0)
        self._strikes = 0
        self._sent: dict[str, Direction] = {}  # lines the visitor has, oldest first
        self._acknowledged: set[str] = set()
        self._last = ""
        self._changed = asyncio.Event()
        self._look = False
        self._typing = False

    def look_again(self) -> None:
        """There may be new lines."""
        self._look = True
        self._changed.set()

    def show_typing(self) -> None:
        """An agent is writing."""
        self._typing = True
        self._changed.set()

    async def run(self) -> None:
        """Hello, welcome, then both ways until one side leaves."""
        hello = await self._first_hello()
        if hello is None:
            return
        visitor = await self._recognise(hello)
        if visitor is None:
            return
        self._hello = hello
        self._visitor = Identity(IdentityKind.CHAT, visitor, hello.name)
        if len(self._shared.audience.of(str(self._visitor))) >= self._shared.limits.sockets_per_visitor:
            await self._turn_away(Problem(ProblemCode.BUSY, "too many connections of this chat", retry_after=60))
            return
        with self._shared.audience.present(str(self._visitor), self):
            if await self._welcome():
                await self._both_ways()

    # ---- the beginning -------------------------------------------------------------------------------------------

    async def _first_hello(self) -> Hello | None:
        try:
            async with asyncio.timeout(self._shared.limits.hello_seconds):
                while (frame := await self._next_frame()) is not None:
                    if isinstance(frame, Hello):
                        return frame
                    if not await self._refuse(Problem(ProblemCode.HELLO_FIRST, "say hello first")):
                        return None
        except TimeoutError:
            await self.close(WSCloseCode.POLICY_VIOLATION, "no hello")
        return None

    async def _recognise(self, hello: Hello) -> str | None:
        """The visitor the token proves, else a new one, else None: too many new ones."""
        visitor = self._shared.tokens.visitor(hello.token)
        if visitor is not None:
            self._known, self._last = True, hello.after
            return visitor
        wait = self._shared.sessions.take(rate_key(self._peer), now().timestamp())
        if wait:
            await self._turn_away(Problem(ProblemCode.BUSY, "too many new chats", retry_after=int(wait) + 1))
            return None
        return new_id()

    async def _welcome(self) -> bool:
        try:
            lines = await self._unsent_lines() if self._known else []
        except ContactCenterError as error:
            _log.warning("chat history cannot be read", error=str(error))
            await self._turn_away(Problem(ProblemCode.LATER, "the chat cannot be opened now", retry_after=5))
            return False
        visitor = self._visitor.value
        # Nothing was said to a visitor before he was made: his own id is as good a mark as a line's.
        self._last = self._last or visitor
        await self._send(protocol.welcome(self._shared.tokens.issue(visitor), visitor, lines))
        return True

    async def _both_ways(self) -> None:
        tasks = {asyncio.create_task(self._hear()), asyncio.create_task(self._follow())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    # ---- what the visitor sends ----------------------------------------------------------------------------------

    async def _hear(self) -> None:
        while (frame := await self._next_frame()) is not None:
            match frame:
                case Say():
                    await self._say(frame)
                case Ack():
                    await self._acknowledge(frame.id)
                case Typing():
                    self._shared.on_typing(self._visitor)
                case Hello():
                    self._hello = frame
                    self._visitor = Identity(IdentityKind.CHAT, self._visitor.value, frame.name)

    async def _next_frame(self) -> ClientFrame | None:
        """The next frame that makes sense; None when the socket is closed, by whomever."""
        while True:
            message = await self._ws.receive()
            if self._frames.take("", now().timestamp()):
                await self.close(WSCloseCode.POLICY_VIOLATION, "too many frames")
                return None
            match message.type:
                case WSMsgType.TEXT:
                    frame = protocol.read_frame(message.data)
                case WSMsgType.BINARY:
                    frame = Problem(ProblemCode.MALFORMED, "text frames only")
                case WSMsgType.PING:
                    # Answered here and not by aiohttp, so that pings count as frames.
                    with suppress(ConnectionError):
                        await self._ws.pong(message.data)
                    continue
                case WSMsgType.PONG:
                    continue
                case _:
                    return None
            if not isinstance(frame, Problem):
                return frame
            if not await self._refuse(frame):
                return None

    async def _refuse(self, problem: Problem) -> bool:
        """Tell what is wrong; False when that was once too often."""
        await self._send(protocol.problem(problem))
        self._strikes += problem.code.strike
        if self._strikes < self._shared.limits.strikes:
            return True
        await self.close(WSCloseCode.POLICY_VIOLATION, "not our protocol")
        return False

    async def _say(self, say: Say) -> None:
        wait = self._shared.messages.take(self._visitor.value, now().timestamp())
        if wait:
            problem = Problem(ProblemCode.SLOW, "too many messages", say.client_id, retry_after=int(wait) + 1)
            await self._send(protocol.problem(problem))
            return
        try:
            accepted = await self._shared.sink.accept(self._inbound(say))
        except ContactCenterError as error:
            _log.warning("chat message not accepted", error=str(error), retry=error.retry)
            code = ProblemCode.LATER if error.retry else ProblemCode.REFUSED
            await self._send(protocol.problem(Problem(code, error.title, say.client_id)))
            return
        self._remember(accepted.message_id, Direction.IN)
        await self._send(protocol.accepted(say.client_id, accepted.message_id))
        self._shared.audience.tell(str(self._visitor), but=self)

    def _inbound(self, say: Say) -> InboundMessage:
        return InboundMessage(
            channel=Channel.CHAT,
            ingest_key=f"{self._visitor.value}:{say.client_id}",
            sender=self._visitor,
            text=say.text,
            external_id=say.client_id,
            received_at=now(),
            authenticated=False,
            envelope={
                "page": say.page or self._hello.page,
                "title": say.title or self._hello.title,
                "language": self._hello.language,
                "email": self._hello.email,
                "user_agent": self._user_agent,
                "peer": self._peer,
            },
        )

    async def _acknowledge(self, line_id: str) -> None:
        """Only what this socket was sent can arrive there; another chat's ids mean nothing here."""
        if self._sent.get(line_id) is not Direction.OUT or line_id in self._acknowledged:
            return
        try:
            await self._shared.receipts.record(Receipt(Channel.CHAT, line_id, DeliveryState.DELIVERED, at=now()))
        except ContactCenterError as error:
            _log.warning("chat receipt not recorded", error=str(error))
            return
        self._acknowledged.add(line_id)

    # ---- what the visitor gets -----------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Send what is new whenever told that something may be; keep trying while the history cannot be read."""
        failures = 0
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._typing:
                self._typing = False
                await self._send(protocol.typing())
            if not self._look:
                continue
            self._look = False
            try:
                lines = await self._unsent_lines()
            except ContactCenterError as error:
                _log.warning("chat history cannot be read", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS[min(failures, len(_RETRY_SECONDS) - 1)])
                failures += 1
                self.look_again()
                continue
            failures = 0
            for line in lines:
                await self._send(protocol.line(line))

    async def _unsent_lines(self) -> list[ChatLine]:
        """The lines this socket has not sent, now counted as sent."""
        after = shortly_before(self._last) if self._last else ""
        unsent: list[ChatLine] = []
        while True:
            async with self._shared.readings:
                lines = await self._shared.history.lines(self._visitor, after, PAGE)
            unsent += [line for line in lines if line.id not in self._sent]
            if len(lines) < PAGE or not after:
                break
            after = lines[-1].id
        for line in unsent:
            self._remember(line.id, line.direction)
        return unsent

    def _remember(self, line_id: str, direction: Direction) -> None:
        self._sent.setdefault(line_id, direction)
        self._last = max(self._last, line_id)
        if len(self._sent) > _REMEMBERED:
            oldest = min(self._sent)
            del self._sent[oldest]
            self._acknowledged.discard(oldest)

    async def _send(self, frame: str) -> None:
        """Send, or let a visitor go who does not read."""
        try:
            # A visitor who has left is noticed where his frames are read.
            with suppress(ConnectionError):
                async with asyncio.timeout(self._shared.limits.send_seconds):
                    await self._ws.send_str(frame)
        except TimeoutError:
            _log.info("chat visitor does not read", peer=self._peer)
            self._abort()

    async def _turn_away(self, problem: Problem) -> None:
        await self._send(protocol.problem(problem))
        await self.close(WSCloseCode.TRY_AGAIN_LATER, problem.message)

    async def close(self, code: WSCloseCode, reason: str) -> None:
        """Say goodbye; who does not take even that is cut off."""
        try:
            async with asyncio.timeout(self._shared.limits.goodbye_seconds):
                await self._ws.close(code=code, message=reason.encode())
        except TimeoutError:
            self._abort()
