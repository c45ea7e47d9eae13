"""What customers send in a promise's test, the mail servers that deliver it, and the exact account afterwards."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

from contactcenter.demo.people import SCRIPTS
from tests.service import NUMBER, SUPPORT, Service, until

MAIL_SERVERS, TWILIO_EDGES = 8, 3  # that deliver at the same time
WORKER_SENDS = 8  # mails that one worker hands over at the same time


@dataclass(frozen=True, slots=True)
class Offer:
    """One try to hand a message over. ``cut``: the sender hangs up before it hears the answer, and comes again."""

    key: str  # Message-ID or MessageSid: the message it is
    sender: str
    content: bytes = b""  # a mail
    text: str = ""  # an SMS
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Correspondence:
    """Offers in the order in which customers make them, and the thread that each unique message belongs to."""

    offers: list[Offer]
    thread_of: dict[str, str]

    @property
    def threads(self) -> set[frozenset[str]]:
        """The messages of each thread."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for key, thread in self.thread_of.items():
            found[thread].add(key)
        return {frozenset(keys) for keys in found.values()}


def correspondence(rng: random.Random, mails: int, texts: int) -> Correspondence:
    """Mails in threads of up to four and text messages, a fifth of them sent a second time by another way."""
    thread_of: dict[str, str] = {}
    timed: list[tuple[float, Offer]] = []
    people = max(2, mails // 4)
    while len(thread_of) < mails:
        root = len(thread_of)
        at, refs = rng.random(), []
        sender = f"customer{rng.randrange(people)}@post{root % 7}.example"
        for position in range(min(rng.choice((1, 1, 2, 3, 4)), mails - root)):
            key = f"{root}.{position}@{sender.partition('@')[2]}"
            timed.append((at, Offer(key, sender, _mail(rng, key, sender, refs, root), cut=rng.random() < 0.05)))
            thread_of[key] = f"mail {root}"
            refs.append(key)
            at += rng.uniform(-0.005, 0.2)  # now and then a reply overtakes its parent
    for number in range(texts):
        sender = f"+1202556{rng.randrange(1000, 1000 + max(1, texts // 3)):04d}"
        key = f"SM{rng.getrandbits(128):032x}"
        timed.append((rng.random(), Offer(key, sender, text=f"where is my parcel? order A-{number:05d}")))
        thread_of[key] = f"sms {sender}"
    for at, offer in rng.sample(timed, len(timed) // 5):
        again = b"Received: from relay.example by mx.example; Mon, 2 Nov 2026 10:00:00 +0000\r\n" + offer.content
        timed.append(
            (at + rng.uniform(0, 0.3), Offer(offer.key, offer.sender, again if offer.content else b"", offer.text))
        )
    timed.sort(key=lambda pair: pair[0])
    return Correspondence([offer for _at, offer in timed], thread_of)


def _mail(rng: random.Random, key: str, sender: str, refs: list[str], number: int) -> bytes:
    script = rng.choice([one for one in SCRIPTS if one.channel == "email"])
    mail = EmailMessage()
    mail["Message-ID"] = f"<{key}>"
    mail["From"], mail["To"] = sender, SUPPORT
    mail["Date"] = format_datetime(datetime(2026, 11, 2, 10, tzinfo=UTC) + timedelta(seconds=number))
    mail["Subject"] = f"{'Re: ' if refs else ''}{script.subject} ({number})"
    if refs:
        mail["In-Reply-To"] = f"<{refs[-1]}>"
        mail["References"] = " ".join(f"<{ref}>" for ref in refs)
    mail.set_content((script.then if refs else script.text.format(name=sender.partition("@")[0])) + f"\n\n{key}\n")
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class MailServer:
    """A customer's mail server: one connection, kept while it works."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def deliver(self, offer: Offer, *, cut: bool) -> bool:
        """Whether the mail was taken: only a 250 after the final dot says so."""
        try:
            async with asyncio.timeout(60):
                return await self._deliver(offer, cut)
        except (OSError, EOFError, TimeoutError):
            self.hang_up()
            return False

    async def _deliver(self, offer: Offer, cut: bool) -> bool:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            if await self._reply() != "220":
                raise EOFError
            self._writer.write(b"EHLO post.example\r\n")
            await self._reply()
        self._writer.write(f"MAIL FROM:<{offer.sender}>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n".encode())
        if [await self._reply() for _ in range(3)] != ["250", "250", "354"]:
            raise EOFError
        self._writer.write(offer.content.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
        await self._writer.drain()
        if cut:
            self.hang_up()
            return False
        return await self._reply() == "250"

    async def _reply(self) -> str:
        assert self._reader is not None
        while line := await self._reader.readline():
            if line[3:4] == b" ":
                return line[:3].decode()
        raise EOFError

    def hang_up(self) -> None:
        """End the connection without a word."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


class Delivery:
    """All the mail servers and Twilio at work: every offer is repeated until it was taken."""

    def __init__(self, service: Service, offers: Iterable[Offer], rng: random.Random) -> None:
        self._service = service
        self._mails = [offer for offer in offers if offer.content]
        self._texts = [offer for offer in offers if not offer.content]
        self._cut: set[Offer] = set()
        self._rng = rng
        self.taken = 0

    async def run(self) -> None:
        """Deliver everything."""
        async with asyncio.TaskGroup() as group:
            for _ in range(MAIL_SERVERS):
                group.create_task(self._mail_server())
            for _ in range(TWILIO_EDGES):
                group.create_task(self._twilio_edge())

    async def _mail_server(self) -> None:
        server = MailServer(self._service.smtp_port)
        while self._mails:
            offer = self._mails.pop(0)
            cut = offer.cut and offer not in self._cut
            if cut:
                self._cut.add(offer)
            await self._done(offer, self._mails, await server.deliver(offer, cut=cut))
        server.hang_up()

    async def _twilio_edge(self) -> None:
        while self._texts:
            offer = self._texts.pop(0)
            status = await self._service.twilio.inject(offer.sender, NUMBER, offer.text, sid=offer.key)
            await self._done(offer, self._texts, status == 200)

    async def _done(self, offer: Offer, waiting: list[Offer], taken: bool) -> None:
        if taken:
            self.taken += 1
        else:  # it waits among the others for its next turn
            waiting.insert(self._rng.randrange(len(waiting) + 1), offer)
            await asyncio.sleep(0.2)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a correspondence. Everything but ``uncertain`` must be nought."""

    lost: int  # accepted and nowhere
    doubled: int  # rows beyond one for each unique message
    misthreaded: int  # conversations that are not exactly a thread, and the reverse
    tickets_wrong: int  # tickets more or fewer than threads
    waiting: int
    quarantined: int
    failed_jobs: int
    raw_wrong: int  # mails whose raw source is not kept as it was
    answers_doubled: int  # automatic letters and texts beyond one for each message they answer, or sent twice
    answers_missing: int  # said to be sent, but not at the post office
    uncertain: int = field(compare=False)  # automatic letters that a kill interrupted

    def __str__(self) -> str:
        return ", ".join(f"{one.name} {getattr(self, one.name)}" for one in fields(self))


PERFECT = Account(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, uncertain=0)


async def settle(service: Service) -> None:
    """Wait until nothing is under way any more. Leases of interrupted deliveries are made to run out at once."""
    under_way = "message WHERE state = 'waiting'", "procrastinate_jobs WHERE task_name = 'deliver' AND status = 'todo'"

    async def quiet() -> bool:
        return not any([await service.count(one) for one in under_way])

    async def delivered() -> bool:
        return not await service.count("delivery WHERE state IN ('queued', 'sending')")

    await until(quiet, "all messages understood and handed over", within=90)
    await service.rows(
        "UPDATE delivery SET leased_until = leased_until - interval '2 minutes', "
        "updated_at = updated_at - interval '2 minutes', due_at = due_at - interval '2 minutes' "
        "WHERE state IN ('queued', 'sending') RETURNING 1"
    )
    await until(delivered, "interrupted deliveries settled", within=60)


async def account(service: Service, sent: Correspondence) -> Account:
    """Compare what was sent with what is there."""
    kept = await service.rows("SELECT external_id, conversation_id::text FROM message WHERE direction = 'in'")
    conversations: defaultdict[str, set[str]] = defaultdict(set)
    for key, conversation in kept:
        conversations[conversation].add(key)
    letters = [letter.message for letter in service.post_office.letters]
    arrived = Counter(str(letter["Message-ID"]) for letter in letters)
    answered = Counter((str(letter["In-Reply-To"]), str(letter["To"])) for letter in letters)
    texted = Counter(one.to for one in service.twilio.messages if one.direction == "outbound-api")
    said_sent = await service.rows("SELECT external_id FROM delivery WHERE channel = 'email' AND state = 'sent'")
    return Account(
        lost=len(sent.thread_of.keys() - {key for key, _conversation in kept}),
        doubled=len(kept) - len({key for key, _conversation in kept}),
        misthreaded=len(sent.threads ^ {frozenset(keys) for keys in conversations.values()}),
        tickets_wrong=abs(await service.count("ticket") - len(sent.threads)),
        waiting=await service.count("message WHERE state = 'waiting'"),
        quarantined=await service.count("message WHERE state = 'quarantined'"),
        failed_jobs=await service.count("procrastinate_jobs WHERE status = 'failed'"),
        raw_wrong=await _raw_wrong(service),
        answers_doubled=max(_beyond_one(arrived), _beyond_one(answered)) + _beyond_one(texted),
        answers_missing=sum(1 for (key,) in said_sent if f"<{key}>" not in arrived),
        uncertain=await service.count("delivery WHERE state = 'uncertain'"),
    )


async def _raw_wrong(service: Service) -> int:
    names = await service.rows("SELECT raw_blob FROM message WHERE direction = 'in' AND channel = 'email'")
    files = [(name, service.data / "blobs" / name[:2] / name[2:]) for (name,) in names]
    return sum(1 for name, file in files if not file.exists() or sha256(file.read_bytes()).hexdigest() != name)


def _beyond_one(counts: Counter[Any]) -> int:
    return sum(counts.values()) - len(counts)
