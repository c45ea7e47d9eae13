"""Threads: sequences of small mails through the real pipeline, and which of them belong together at the end.

The cases are data (``tests/data/mail_threads.json``). A step is a mail, an agent's answer, several mails at once, or
something that is done to them. Headers are templates: ``{A}`` is the id of mail A, ``{R_upper}`` that of answer R in
upper case, ``{A_token}`` the signed plus-tag of A's conversation. Every case has a domain, and so people, of its own.
"""

import itertools
import json
import re
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import delete, select, text
from sqlmodel import col

from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.conversations.inbox import lane_of
from contactcenter.conversations.records import Message
from contactcenter.conversations.threads import _BY_REFERENCE, _MEMBERS, Claim, ThreadIndex
from contactcenter.conversations.tokens import ReplyTokens
from contactcenter.customers import identity as identities
from contactcenter.customers import merging
from contactcenter.envelope import Channel, Content, Identity, IdentityKind
from contactcenter.staff import agents
from contactcenter.staff.access import Role
from contactcenter.store.store import Store, libpq
from contactcenter.tickets import desk
from contactcenter.tickets.records import Ticket, TicketEvent
from tests.attacks.house import OURS, PostRoom
from tests.conftest import TEMPLATE
from tests.integration.office import counted, plan

CASES = json.loads((Path(__file__).parents[2] / "data" / "mail_threads.json").read_text(encoding="utf-8"))
_numbers = itertools.count(1)
pytestmark = pytest.mark.asyncio(loop_scope="module")  # one store for all: connections and compiled statements stay


@pytest.fixture(scope="module")
def street(postgres):
    """URL of one database for all the cases."""
    admin = libpq(postgres.url("postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE threads TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    yield postgres.url("threads")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP DATABASE threads WITH (FORCE)")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(street, tmp_path_factory):
    store = Store(street, tmp_path_factory.mktemp("threads"))
    yield await PostRoom(store).open()
    await store.close()


class Correspondence:
    """One case: its people, what they wrote, and what became of it."""

    def __init__(self, room):
        self.room = room
        self.domain = f"c{next(_numbers)}.example"
        self.rows, self.mails, self.names = {}, {}, {"domain": self.domain}
        self.names["thousand"] = " ".join(f"<{n}@far.example>" for n in range(1000))

    def address(self, who):
        """Everybody has an address at the case's own domain; ``ann@home`` is one of Ann's at another."""
        return OURS if who == "support" else f"{who}.{self.domain}" if "@" in who else f"{who}@{self.domain}"

    async def hire(self):
        """The agent of the case."""
        async with self.room.store.transaction() as uow:
            agent = await agents.create_agent(uow, email=self.address("agent"), name="Bob", role=Role.ADMIN)
            self.agent = await agents.actor_of(uow, agent.id)

    async def play(self, steps):
        for step in steps:
            match step:
                case {"answer": name}:
                    await self.answer(name, step)
                case {"together": together}:
                    await self.take(together)
                case {"same": [one, other]}:
                    await self.become_one(one, other)
                case {"forget": name}:
                    await self.execute(delete(Message).where(col(Message.id) == self.rows[name]))
                case {"keep": name}:
                    self.names[f"{name}_kept"] = self.filled(f"{{{name}_token}}")
                case _:
                    await self.take([step])
            await self.learn()

    async def take(self, mails):
        lanes = set()
        for step in mails:
            raw, to = self.written(step), self.filled(step.get("to", OURS))
            saw = {"door": "smtp", "mail_from": "x@y.example", "assumed": step.get("proven", True)}
            message = inbound_mail(raw, recipients=(to,), queue="service", envelope=saw)
            self.rows[step["mail"]] = (await self.room.inbox.accept(message)).message_id
            self.mails[step["mail"]] = raw
            lanes.add(lane_of(message.sender))
        for lane in sorted(lanes):
            await self.room.pipeline.understand(lane)

    def written(self, step):
        """The bytes of a mail: just what the case says, however broken."""
        own = {name: self.filled(value) for name, value in step.get("headers", {}).items()}
        if first := self.mails.get(step.get("same_as")):  # as a relay writes it anew
            return first.replace(b"7bit", b"quoted-printable").replace(b"words", b"w=6Frds")
        head = {
            "From": self.address(step["from"]), "To": self.filled(step.get("to", OURS)),
            "Subject": self.filled(step["subject"]), "Date": "Mon, 02 Nov 2026 10:00:00 +0000",
            "Message-ID": self.filled(step.get("id", f"<{step['mail']}@{self.domain}>")),
            "Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "7bit", **own,
        }  # fmt: skip
        body = self.filled(step.get("text", f"These are the words of {step['mail']}."))
        if "attached" in step:
            head["Content-Type"] = 'multipart/mixed; boundary="b"'
            body = f"--b\n\n{body}\n--b\nContent-Type: message/rfc822\n\n{self.filled(step['attached'])}\n--b--\n"
        fields = [f"{name}: {value}" for name, value in head.items() if value]
        return ("\r\n".join([*fields, "", body])).encode()

    def filled(self, template):
        """A template with the names known so far; a mail yet to come has the id it will have."""
        return re.sub(r"\{(\w+)\}", lambda found: self.names.get(found[1], f"{found[1]}@{self.domain}"), template)

    async def answer(self, name, step):
        async with self.room.store.transaction() as uow:
            row = await uow.session.get(Message, self.rows[step["on"]])
            ticket = await uow.session.scalar(select(Ticket).where(col(Ticket.conversation_id) == row.conversation_id))
            cc = [self.address(who) for who in step.get("cc", ())]
            sent = await desk.reply(uow, self.agent, ticket, text="Yes.", cc=cc, resolve=step.get("resolve", False))
        self.rows[name], self.names[name] = sent.id, sent.external_id
        variants(self.names, name, sent, self.room.tokens)

    async def become_one(self, one, other):
        async with self.room.store.transaction() as uow:
            both = [
                await identities.resolve(uow, Identity(IdentityKind.EMAIL, self.address(who))) for who in (one, other)
            ]
            await merging.merge(uow, "", both[1].id, both[0].id)

    async def learn(self):
        """What later steps may cite: ids, tokens and numbers, as they stand now."""
        async with self.room.store.read() as uow:
            for name, row_id in self.rows.items():
                row = await uow.session.get(Message, row_id)
                if row is None or row.direction == "out" or row.conversation_id is None:
                    continue
                token = self.room.tokens.sign(row.conversation_id)
                number = await uow.session.scalar(
                    select(col(Ticket.number)).where(col(Ticket.conversation_id) == row.conversation_id)
                )
                self.names |= {
                    name: row.external_id, f"{name}_token": token, f"{name}_token_upper": token.upper(),
                    f"{name}_token_forged": token[:-1] + ("a" if token[-2] != "a" else "b") + "a",
                    f"{name}_conversation": row.conversation_id, f"{name}_number": str(number),
                }  # fmt: skip
                receipt = select(col(Message.external_id)).where(
                    col(Message.conversation_id) == row.conversation_id, col(Message.author_type) == "machine"
                )
                self.names.setdefault("receipt", await uow.session.scalar(receipt) or "")

    async def execute(self, statement):
        async with self.room.store.transaction() as uow:
            await uow.session.execute(statement)

    async def outcome(self):
        """Mail → (its conversation, its row), and conversation → its open ticket."""
        async with self.room.store.read() as uow:
            rows = {name: await uow.session.get(Message, row_id) for name, row_id in self.rows.items()}
            rows = {name: row for name, row in rows.items() if row is not None and row.direction == "in"}
            places = [row.conversation_id for row in rows.values() if row.conversation_id]
            found = select(Ticket).where(col(Ticket.conversation_id).in_(places), col(Ticket.merged_into_id).is_(None))
            tickets = {ticket.conversation_id: ticket for ticket in await uow.session.scalars(found)}
            notes = select(Message).where(col(Message.conversation_id).in_(places), col(Message.kind) == "note")
            return rows, tickets, {note.conversation_id: note.text for note in await uow.session.scalars(notes)}


def variants(names, name, sent, tokens):
    """The id of what we sent, as programs break it and forgers guess it."""
    own = sent.external_id
    local, _, domain = own.partition("@")
    foreign = ReplyTokens(b"x" * 32).message_id(sent.conversation_id, sent.id, domain)
    names |= {
        f"{name}_upper": own.upper(), f"{name}_folded": f"{local[:20]}\r\n {local[20:]}@{domain}",
        f"{name}_soft": f"{local[:20]}=\r\n {local[20:]}@{domain}", f"{name}_moved": f"{local}@gateway.example",
        f"{name}_forged": f"{local[:-3]}{'aaa' if local[-3:] != 'aaa' else 'bbb'}@{domain}",
        f"{name}_row": sent.id, f"{name}_foreign": foreign,
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_what_belongs_together_is_one_thread_and_nothing_else(room, case):
    told = Correspondence(room)
    await told.hire()
    await told.play(case["steps"])
    rows, tickets, notes = await told.outcome()
    threads = {name: row.conversation_id for name, row in rows.items() if row.state == "done"}
    assert sorted(sorted(n for n in threads if threads[n] == c) for c in set(threads.values())) == sorted(
        sorted(thread) for thread in case["threads"]
    )
    assert sorted(name for name, row in rows.items() if row.state == "duplicate") == case.get("copies", [])
    assert set(tickets) == set(threads.values())
    by_id = {ticket.id: min(n for n in threads if threads[n] == place) for place, ticket in tickets.items()}
    first = {name: tickets[threads[name]] for name in by_id.values()}
    assert {n: sorted(by_id[i] for i in t.related) for n, t in first.items() if t.related} == case.get("linked", {})
    assert {
        n: sorted(set(t.tags) - {"list", "auto-reply", "bounce"}) for n, t in first.items() if "forged" in t.tags
    } == (case.get("tags", {}))
    for name, who in case.get("writers", {}).items():
        assert rows[name].identity == f"email:{told.address(who)}"
    for name, words in case.get("notes", {}).items():
        assert words in notes[threads[name]]
        assert told.agent.email in notes[threads[name]]


def claims(count):
    """Mails that cite several messages each and carry a token of somebody's."""
    token = ReplyTokens(b"k" * 32).sign("01890000-0000-7000-8000-000000000000")
    for number in range(count):
        sender = Identity(IdentityKind.EMAIL, f"p{number}@many.example")
        refs = tuple(f"{number}.{step}@many.example" for step in range(5))
        yield Claim(Channel.EMAIL, Content(sender, "", "", external_id=f"{number}@many.example", references=refs))
        yield Claim(Channel.EMAIL, Content(sender, "", "", reply_token=token))


@pytest.mark.parametrize("count", [1, 32])
async def test_a_batch_asks_a_fixed_number_of_questions(room, count):
    async with room.store.read() as uow:
        with counted(room.store) as asked:
            await ThreadIndex.load(uow, list(claims(count)), ReplyTokens(b"k" * 32), {})
    assert len(asked) == 2  # mails by their ids, and what was found of them; text and chat lines would be the third


_OTHERS = """
    INSERT INTO message (id, channel, direction, external_id, refs, conversation_id, received_at, created_at)
    SELECT gen_random_uuid(), 'email', 'in', n || '@others.example', ARRAY[n || '@cited.example'],
           (SELECT id FROM conversation LIMIT 1), now(), now()
    FROM generate_series(1, 5000) n
"""


async def test_each_question_is_answered_by_an_index(room):
    await Correspondence(room).play([{"mail": "A", "from": "ann", "subject": "My boat"}])
    async with room.store.read() as uow:
        await uow.session.execute(text(_OTHERS))
        await uow.session.execute(text("ANALYZE message"))
        ids = [f"{number}@many.example" for number in range(20)]
        found = await plan(uow, _BY_REFERENCE.bindparams(ids=ids))
        assert "ix_message_external_id" in found
        assert "ix_message_refs" in found
        members = await plan(uow, _MEMBERS.bindparams(ids=["01890000-0000-7000-8000-000000000000"]))
        assert "Seq Scan" not in found + members


async def test_the_machine_says_on_both_tickets_that_it_merged_them(room):
    told = Correspondence(room)
    await told.play(next(case["steps"] for case in CASES if case["name"].startswith("the parent comes last and shows")))
    rows, tickets, _ = await told.outcome()
    (ticket,) = tickets.values()
    async with room.store.read() as uow:
        younger = await uow.session.scalar(select(Ticket).where(col(Ticket.merged_into_id) == ticket.id))
        query = select(TicketEvent).where(col(TicketEvent.kind) == "merged").order_by(col(TicketEvent.id))
        told_of = [event for event in await uow.session.scalars(query) if event.ticket_id in {ticket.id, younger.id}]
    assert [(event.agent_id, event.ticket_id) for event in told_of] == [("", younger.id), ("", ticket.id)]
    assert told_of[0].data["into"] == ticket.number
    assert rows["C"].id in told_of[0].data["messages"]
