"""The API behind a real socket, over a seeded database, with four people's tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from contactcenter import clock
from contactcenter.api.api import Api
from contactcenter.api.health import Health
from contactcenter.conversations.inbox import Inbox
from contactcenter.conversations.records import Conversation, Message
from contactcenter.customers import identity as identities
from contactcenter.envelope import Identity
from contactcenter.settings import Http, Mailbox, Settings
from contactcenter.staff import agents, tokens
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets import desk
from contactcenter.tickets.automation.records import AnswerDecision
from contactcenter.tickets.model_history import Change, note_change
from contactcenter.tickets.queues import get_queue
from contactcenter.tickets.records import Topic
from contactcenter.tickets.seeds import seed_defaults

MAX_BODY = 200_000
PEOPLE = {
    "agent": (Role.AGENT, ["service"]),
    "outsider": (Role.AGENT, ["billing"]),
    "supervisor": (Role.SUPERVISOR, []),
    "admin": (Role.ADMIN, []),
}


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Any
    content_type: str
    json: Any = field(init=False)

    def __post_init__(self):
        self.json = json.loads(self.text) if self.content_type.endswith("json") and self.text else None


class World:
    """Asks as somebody; puts things into the database behind the API's back."""

    def __init__(self, store):
        self.store = store
        self.settings = Settings(
            data=store.blobs._root.parent,
            http=Http(max_body=MAX_BODY, public_url="https://desk.example"),
            mailboxes=(Mailbox(address="support@desk.example", queue="service"),),
        )
        self.tokens: dict[str, str] = {}
        self.ids: dict[str, str] = {}

    async def start(self, inbox=None):
        async with self.store.transaction() as uow:
            await seed_defaults(uow, self.settings)
            for name, (role, queues) in PEOPLE.items():
                person = await agents.create_agent(uow, email=f"{name}@desk.example", name=name.title(), role=role)
                ids = [(await get_queue(uow, key)).id for key in queues]
                await agents.set_queues(uow, MACHINE, person.id, ids)
                self.ids[name] = person.id
                self.tokens[name] = await tokens.create_token(uow, person.id, "test")
        return await self.open(inbox)

    async def open(self, inbox=None):
        """Serve, whatever is in the database."""
        application = web.Application()
        Api(self.settings, self.store, inbox or Inbox(self.store), Health(self.settings, self.store)).mount(application)
        self.client = TestClient(TestServer(application))
        await self.client.start_server()
        return self

    async def stop(self):
        await self.client.close()

    async def ask(self, method, path, body=None, *, by="admin", data=None, headers=None) -> Answer:
        """A request in somebody's name; ``by=None`` sends no token."""
        sent = dict(headers or {})
        if by is not None:
            sent["Authorization"] = f"Bearer {self.tokens[by]}"
        path = path if path.startswith("/") else f"/api/v1/{path}"
        options = {"json": body} if body is not None else {"data": data}
        async with self.client.request(method, path, headers=sent, **options) as answer:
            return Answer(answer.status, await answer.text(), answer.headers, answer.content_type)

    async def customer(self, written="email:ann@example.com", name="Ann"):
        """Id of a customer."""
        async with self.store.transaction() as uow:
            return (await identities.resolve(uow, Identity.parse(written, name))).id

    async def ticket(self, queue="service", *, who="email:ann@example.com", text="Where is my parcel?", **more) -> int:
        """Number of a ticket that a mail opened."""
        async with self.store.transaction() as uow:
            customer = await identities.resolve(uow, Identity.parse(who, "Ann"))
            conversation = Conversation(customer_id=customer.id, subject="Parcel")
            uow.session.add(conversation)
            await uow.session.flush()
            ticket = await desk.open_ticket(
                uow,
                conversation=conversation,
                customer_id=customer.id,
                subject="Parcel",
                preview=text,
                queue_id=(await get_queue(uow, queue)).id,
                channel="email",
                **more,
            )
            uow.session.add(_message(conversation.id, customer.id, who, text))
            return ticket.number

    async def message(self, number: int) -> str:
        """Id of a ticket's first message."""
        return (await self.ask("GET", f"tickets/{number}/messages")).json["items"][0]["id"]

    async def audit(self, number: int, **fields) -> str:
        """Id of a ticket's first message, whose automatic answer was drawn for an audit."""
        message_id = await self.message(number)
        async with self.store.transaction() as uow:
            row = await uow.session.get(Message, message_id)
            values = {"category": "refund", "language": "en", "action": "answered", "score": 0.97, "threshold": 0.9}
            values |= {"answer": "Within 14 days.", "model": "m", "drawn": True, **fields}
            uow.session.add(AnswerDecision(message_id=message_id, conversation_id=row.conversation_id, **values))
        return message_id

    async def topic(self) -> str:
        """Id of a topic that was found, in an office where a model was published."""
        async with self.store.transaction() as uow:
            await note_change(uow, "triage-service", Change.PUBLISHED, "b", "a", "")
            topic = Topic(name="drone, roof", terms=["drone", f"roof {clock.new_id()[-6:]}"], language="en")
            uow.session.add(topic)
            return topic.id

    async def quarantined(self) -> str:
        """Id of a message in quarantine."""
        async with self.store.transaction() as uow:
            message = _message(None, None, "email:bad@example.com", "?")
            message.state, message.failure, message.attempts = "quarantined", "read: boom", 3
            message.envelope = {"queue": "service"}
            uow.session.add(message)
            return message.id


def _message(conversation_id, customer_id, who, text):
    return Message(
        channel="email",
        direction="in",
        conversation_id=conversation_id,
        customer_id=customer_id,
        author_type="customer",
        author_name="Ann",
        identity=who,
        subject="Parcel",
        text=text,
        visible_text=text,
        external_id=f"{clock.new_id()}@example.com",
        addresses={"recipients": ["support@desk.example"]},
        assessment={"category": {"label": "order_status", "probability": 0.9}},
        trace={"reasons": ["no article answers it surely enough"]},
    )
