"""The other side of the chat in memory: a sink, the history it makes, and an agent who answers."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from contactcenter.channels.webchat import ChatLine, Limits, WebChat
from contactcenter.clock import new_id, now
from contactcenter.envelope import Accepted, AuthorType, Direction
from contactcenter.events import Event, EventHub, EventKind
from contactcenter.settings import Chat, Http, Settings

ORIGIN = "https://shop.example"
SECRET = b"a secret of the tests, 32 bytes."


class ChatDesk:
    """Accepts, remembers, lists and receives receipts, all in memory; ``error`` makes its parts fail."""

    def __init__(self, hub: EventHub):
        self.hub = hub
        self.inbound = []
        self.receipts = []
        self.error = None
        self.history_error = None
        self._lines: dict[str, dict[str, ChatLine]] = {}
        self._ids: dict[str, str] = {}

    async def accept(self, message):
        if self.error:
            raise self.error
        if known := self._ids.get(message.ingest_key):
            return Accepted(known, duplicate=True)
        self.inbound.append(message)
        line_id = self._ids[message.ingest_key] = new_id()
        line = ChatLine(
            line_id, Direction.IN, AuthorType.CUSTOMER, message.sender.name, message.text, now(), message.external_id
        )
        self._of(str(message.sender))[line_id] = line
        return Accepted(line_id)

    async def lines(self, visitor, after="", limit=100):
        if self.history_error:
            raise self.history_error
        lines = sorted(self._of(str(visitor)).values(), key=lambda line: line.id)
        return [line for line in lines if line.id > after][:limit] if after else lines[-limit:]

    async def record(self, receipt):
        self.receipts.append(receipt)
        return True

    def answer(self, identity, text, *, machine=False, name="Ada", line_id="", event=EventKind.MESSAGE_ADDED):
        """A reply, stored and told as the outbox would."""
        author = AuthorType.MACHINE if machine else AuthorType.AGENT
        line = ChatLine(line_id or new_id(), Direction.OUT, author, name, text, now())
        self._of(identity)[line.id] = line
        if event is not None:
            self.hub.publish(Event(event, id=line.id, identity=identity if event is not EventKind.GAP else ""))
        return line.id

    def _of(self, identity):
        return self._lines.setdefault(identity, {})


class Visitor:
    """A widget's socket, spoken by hand."""

    def __init__(self, ws):
        self.ws = ws
        self.id = self.token = ""

    @property
    def identity(self):
        return f"chat:{self.id}"

    async def hello(self, **fields):
        await self.ws.send_json(
            {"type": "hello", "page": f"{ORIGIN}/cover", "title": "Cover", "language": "en", **fields}
        )
        frame = await self.next()
        if frame["type"] == "welcome":
            self.id, self.token = frame["visitor"], frame["token"]
        return frame

    async def say(self, text, client_id="client-id-1", **fields):
        await self.ws.send_json({"type": "say", "client_id": client_id, "text": text, **fields})
        return await self.next()

    async def next(self):
        return await self.ws.receive_json(timeout=20)

    async def closed(self):
        """The code the socket is closed with, whatever was sent before."""
        while not self.ws.closed:
            await self.ws.receive(timeout=20)
        return self.ws.close_code


class ChatHouse:
    """A web chat behind a real HTTP server."""

    def __init__(self, limits=None, **http):
        self.hub = EventHub()
        self.desk = ChatDesk(self.hub)
        self.watched = []
        settings = Settings(chat=Chat(origins=(ORIGIN,)), http=Http(**http))
        self.chat = WebChat(
            settings,
            self.desk,
            self.desk,
            self.hub,
            self.desk,
            SECRET,
            on_typing=self.watched.append,
            limits=limits or Limits(),
        )
        self.app = web.Application()
        self.app.add_routes(self.chat.routes())
        self.app.on_shutdown.append(self.chat.close)
        self.client = TestClient(TestServer(self.app))

    async def __aenter__(self):
        await self.client.start_server()
        return self

    async def __aexit__(self, *failure):
        await self.client.close()

    async def connect(self, origin=ORIGIN, **headers):
        given = {"Origin": origin, **headers} if origin is not None else headers
        return Visitor(await self.client.ws_connect("/chat/ws", headers=given, autoping=True))

    async def visitor(self, **fields):
        """A connected visitor who said hello."""
        visitor = await self.connect()
        await visitor.hello(**fields)
        return visitor
