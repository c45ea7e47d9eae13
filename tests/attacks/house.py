"""The whole house in one process for attackers to walk through: console, API, post room; and what they come with."""

import re
from email.message import EmailMessage

from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select
from sqlmodel import col
from yarl import URL

from contactcenter.agent_ui.console import Console
from contactcenter.agent_ui.session import COOKIE
from contactcenter.api.api import Api
from contactcenter.api.health import Health
from contactcenter.channels.email.composing import compose
from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.channels.email.reader import MailReader, Ours
from contactcenter.channels.email.trust.witness import Witness
from contactcenter.conversations.delivery import Deliverer
from contactcenter.conversations.inbox import Inbox, lane_of
from contactcenter.conversations.records import Message
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.envelope import Channel, SendResult
from contactcenter.events import EventHub
from contactcenter.pipeline.pipeline import Pipeline
from contactcenter.settings import Mailbox, Settings, Smtp
from contactcenter.staff import agents, sessions
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.answering import AnsweringPolicy
from contactcenter.tickets.records import Category, Ticket
from contactcenter.tickets.seeds import seed_defaults
from contactcenter.triage.assessment import Assessment, Complaint, Label
from contactcenter.triage.assessment import Category as Topic
from tests.integration.agent_ui.visitor import Building
from tests.integration.office import hire

OURS = "support@desk.example"
BOXES = (Mailbox(address=OURS, name="Desk", queue="service"),)


class House(Building):
    """Console and API as the product serves them: side by side, behind one limit for bodies."""

    def __init__(self, store, **settings):
        super().__init__(store, mailboxes=BOXES, **settings)
        self.hub = EventHub()

    async def start(self):
        async with self.store.transaction() as uow:
            await seed_defaults(uow, self.settings)
        inbox = Inbox(self.store)
        console = Console(self.settings, self.store, self.hub, inbox)
        application = web.Application(client_max_size=self.settings.http.max_body)
        Api(self.settings, self.store, inbox, Health(self.settings, self.store)).mount(application)
        application.add_routes(console.routes())
        self.doors = console.doors
        self.room = console.room
        self._server = TestServer(application)
        await self._server.start_server()
        return self

    @property
    def port(self):
        return self._server.port

    async def person(self, name, role=Role.AGENT, queues=()):
        """Somebody who works here and has a session; without the work of a password."""
        visitor = await self.stranger()
        visitor.actor = await hire(self.store, name, role, queues)
        async with self.store.transaction() as uow:
            signed = await sessions.open_session(uow, await agents.get_agent(uow, visitor.actor.agent_id))
        visitor.csrf = signed.csrf
        visitor.client.session.cookie_jar.update_cookies({COOKIE: signed.token}, URL(f"http://127.0.0.1:{self.port}"))
        return visitor


class PostOffice:
    """The smart host: keeps what it is handed, as the bytes that would go over the wire."""

    def __init__(self):
        self.mails = []

    async def send(self, message):
        self.mails.append(compose(message, "bounces@desk.example"))
        return SendResult(external_id=message.external_id)

    async def find(self, message):
        return None

    async def close(self):
        """Nothing is kept."""


class Clerk:
    """An assessor that is sure of everything: what it lets through, something else must stop."""

    def __init__(self, category="opening_hours", complaint=None, urgency="normal", language="en"):
        self._verdict = Assessment(
            language=language,
            category=Topic(category, 0.99),
            urgency=Label(urgency, 0.9),
            sentiment=Label("neutral", 0.9),
            complaint=Complaint(0.9 if complaint else 0.01, complaint),
        )
        self.seen = []

    def assess(self, items):
        self.seen += items
        return [self._verdict for _ in items]


class PostRoom:
    """Mail in, understood, answered, out."""

    def __init__(self, store, assessor=None, *, threshold=0.5, resolver=None, **smtp):
        self.store = store
        self.settings = Settings(mailboxes=BOXES, smtp=Smtp(**smtp))
        self.inbox = Inbox(store)
        self.office = PostOffice()
        self.tokens = ReplyTokens(store.secrets.derive("reply-token"))
        policy = AnsweringPolicy(auto_answer=True, acknowledge=True, threshold=threshold)
        # In this process: a child for each test costs too much.
        readers = {Channel.EMAIL: MailReader(Ours.of(self.settings))}
        witness = Witness(self.settings, resolver) if resolver else None
        self.pipeline = Pipeline(store, readers, assessor, self.tokens, policy, witness=witness)

    async def open(self, answerable=""):
        async with self.store.transaction() as uow:
            await seed_defaults(uow, self.settings)
            if answerable:
                category = await uow.session.get(Category, answerable) or Category(key=answerable, name="Topic")
                category.auto_answer = True
                uow.session.add(category)
        return self

    async def take(self, *raws, proven=True, to=(OURS,), **saw):
        """Mails as the door hands them over; ``proven`` stands for a network in ``smtp.assume_authenticated``."""
        lanes = set()
        for raw in raws:
            envelope = {"door": "smtp", "mail_from": "x@y.example", "assumed": proven, **saw}
            message = inbound_mail(raw, recipients=to, queue="service", envelope=envelope)
            await self.inbox.accept(message)
            lanes.add(lane_of(message.sender))
        for lane in sorted(lanes):
            await self.pipeline.understand(lane)

    async def tickets(self):
        async with self.store.read() as uow:
            return list(await uow.session.scalars(select(Ticket).order_by(col(Ticket.number))))

    async def messages(self, direction="in"):
        async with self.store.read() as uow:
            query = select(Message).where(col(Message.direction) == direction).order_by(col(Message.id))
            return list(await uow.session.scalars(query))

    async def written(self):
        """What the machine has written."""
        return [message for message in await self.messages("out") if message.author_type == "machine"]

    async def deliver(self):
        """Hand everything that goes out to the post office; its mails, oldest first."""
        deliverer = Deliverer(self.store, {Channel.EMAIL: self.office}, self, self.tokens)
        for message in await self.messages("out"):
            await deliverer.deliver(message.id)
        return self.office.mails

    def default_sender(self, channel):
        return OURS if channel is Channel.EMAIL else ""

    def sender_name(self, address):
        return "Desk" if address == OURS else ""

    async def ticket(self, number):
        async with self.store.read() as uow:
            return await access_ticket(uow, MACHINE, number)


def mail(sender="ann@customer.example", subject="My boat", body="The mast broke.", *, message_id="1@c", **headers):
    """Bytes of a mail; ``headers`` by their names with underscores."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, OURS, subject
    made["Message-ID"], made["Date"] = f"<{message_id}>", "Mon, 02 Nov 2026 10:00:00 +0000"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made.as_bytes()


def header_names(content):
    """The fields of a mail's header as any reader splits them, lower case."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    return [line.split(b":")[0].lower().decode() for line in re.split(rb"\r\n|\r|\n", head) if line[:1] not in b" \t"]
