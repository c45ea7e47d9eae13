"""Simulated customers: they write real mails, texts and chats through the real doors, at a human pace."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from email.message import EmailMessage, Message
from email.utils import format_datetime, formataddr, make_msgid

import aiohttp
import structlog

from contactcenter import clock
from contactcenter.demo.people import PEOPLE, SCRIPTS, Person, Script
from contactcenter.demo.post_office import Letter, PostOffice, post
from contactcenter.demo.twilio_simulator import TwilioSimulator
from contactcenter.i18n import LOCALES, translations

log = structlog.get_logger(__name__)

FIRST_WAVE = 14
"""Scripts that run quickly, so that there is something to see at once."""
QUICK, SLOW = (0.3, 1.2), (6.0, 16.0)  # seconds between two customers
ANSWER_AFTER = (4.0, 12.0)  # seconds until a customer reacts to an answer
PATIENCE = 900.0  # seconds a customer waits for an answer


_RECEIPTS = [
    translations(locale).gettext("This receipt was written automatically. You can simply reply to it to add something.")
    for locale in LOCALES
]


class Traffic:
    """The customers. ``run`` goes on until cancelled."""

    def __init__(
        self,
        *,
        smtp: tuple[str, int],
        http: str,
        support: str,
        number: str,
        post_office: PostOffice,
        twilio: TwilioSimulator,
    ) -> None:
        self._smtp = smtp
        self._http = http
        self._support = support
        self._number = number
        self._post_office = post_office
        self._twilio = twilio
        self._random = random.Random(7)  # noqa: S311 - the same play every time
        self._seen: dict[str, int] = {}

    async def run(self) -> None:
        """Send one customer after the other through the doors."""
        async with asyncio.TaskGroup() as customers:
            for count, (person, script) in enumerate(self._plays()):
                customers.create_task(self._act(person, script))
                await asyncio.sleep(self._random.uniform(*(QUICK if count < FIRST_WAVE else SLOW)))

    def _plays(self) -> Iterator[tuple[Person, Script]]:
        while True:
            for index, script in enumerate(SCRIPTS):
                cast = [person for person in PEOPLE if person.language == script.language]
                yield cast[(index + self._random.randrange(2)) % len(cast)], script

    async def _act(self, person: Person, script: Script) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                match script.channel:
                    case "email":
                        await self._mail(person, script)
                    case "sms":
                        await self._text(person, script)
                    case _:
                        await self._chat(person, script)
        except TimeoutError:
            return  # nobody answered; he gives up
        except (OSError, aiohttp.ClientError) as error:
            log.warning("a simulated customer could not get through", customer=person.name, error=str(error))

    async def _mail(self, person: Person, script: Script) -> None:
        mail = self._letter(person, script.subject, script.text.format(name=person.name))
        await post(mail, host=self._smtp[0], port=self._smtp[1])
        if not script.then:
            return
        answer = await self._answer_to(person.email, str(mail["Message-ID"]))
        await asyncio.sleep(self._random.uniform(*ANSWER_AFTER))
        received = answer.message
        follow_up = self._letter(person, f"Re: {script.subject}", _quoting(script.then, person, received))
        follow_up["In-Reply-To"] = str(received["Message-ID"])
        follow_up["References"] = f"{received.get('References', '')} {received['Message-ID']}".strip()
        await post(follow_up, host=self._smtp[0], port=self._smtp[1])

    async def _answer_to(self, address: str, message_id: str) -> Letter:
        """The first mail that answers ours and is no mere receipt."""
        seen = 0
        while True:
            letters = await self._post_office.wait_for(address, seen + 1)
            for letter in letters[seen:]:
                cites = message_id in str(letter.message.get("References", ""))
                if cites and not any(notice in _plain(letter.message) for notice in _RECEIPTS):
                    return letter
            seen = len(letters)

    def _letter(self, person: Person, subject: str, body: str) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = formataddr((person.name, person.email))
        mail["To"] = self._support
        mail["Subject"] = subject
        mail["Date"] = format_datetime(clock.now())
        mail["Message-ID"] = make_msgid(domain=person.email.rpartition("@")[2])
        mail.set_content(body)
        return mail

    async def _text(self, person: Person, script: Script) -> None:
        before = len(self._twilio.sent_to(person.phone))
        await self._twilio.inject(person.phone, self._number, script.text)
        if script.then:
            await self._twilio.wait_for(person.phone, before + 1)
            await asyncio.sleep(self._random.uniform(*ANSWER_AFTER))
            await self._twilio.inject(person.phone, self._number, script.then)

    async def _chat(self, person: Person, script: Script) -> None:
        """A visitor who stays until he is answered, thanks, and leaves."""
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{self._http}/chat/ws", headers={"Origin": self._http}) as socket,
        ):
            hello = {
                "type": "hello",
                "name": person.name,
                "page": f"{self._http}/demo/shop",
                "language": person.language,
            }
            await socket.send_json(hello)
            await asyncio.sleep(self._random.uniform(1.0, 3.0))
            await socket.send_json({"type": "say", "client_id": clock.new_id(), "text": script.text})
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    break
                data = frame.json()
                if data["type"] == "line":
                    await socket.send_json({"type": "ack", "id": data["id"]})
                    if data["direction"] == "out":
                        break
            await asyncio.sleep(self._random.uniform(*ANSWER_AFTER))
            thanks = "谢谢！" if person.language == "zh" else "thank you!"
            await socket.send_json({"type": "say", "client_id": clock.new_id(), "text": thanks})
            await socket.receive(timeout=10)


def _plain(mail: Message) -> str:
    """The plain text of a mail."""
    part = next((part for part in mail.walk() if part.get_content_type() == "text/plain"), None)
    payload = part.get_payload(decode=True) if part is not None else b""
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _quoting(text: str, person: Person, received: Message) -> str:
    """The reply over a quotation of what it answers, as mail programs write it."""
    quoted = "\n".join(f"> {line}" for line in _plain(received).splitlines()[:12])
    intro = (
        "在 2026年11月21日，海港互助 写道："
        if person.language == "zh"
        else "On Sat, 21 Nov 2026, Harbour Mutual wrote:"
    )
    return f"{text}\n\n{person.name}\n\n{intro}\n{quoted}\n"
