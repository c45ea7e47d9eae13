"""P13: two machines that answer each other stop at once (RFC 3834).

Two services whose mail servers hand each other what they write, also through a relay that takes every sign of a machine
away; ten autoresponders as people and companies really use them; and a robot that says nothing of itself and cites
nothing. Automatic mail without guards must be found going round.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path

import aiosmtplib
import pytest

from tests.promises.correspondence import settle
from tests.service import SUPPORT, Service, running_service

ROUNDS = int(os.environ.get("P13_ROUNDS", "6"))
"""How often the post goes to and fro before the account is made: 50 for a release."""

SABOTAGE = str(Path(__file__).with_name("sabotage.py"))
OTHER = "service@other.example"
SIGNS = ("Auto-Submitted", "Precedence", "X-Auto-Response-Suppress", "List-Id", "In-Reply-To", "References")

ROBOTS: dict[str, dict[str, str]] = {
    "exchange": {"Subject": "Automatic reply: {0}", "X-Auto-Response-Suppress": "All"},
    "gmail": {"Subject": "Re: {0}", "Auto-Submitted": "auto-replied", "Precedence": "bulk", "X-Autoreply": "yes"},
    "sieve": {"Subject": "Auto: {0}", "Auto-Submitted": "auto-replied (vacation)"},
    "qq": {"Subject": "自动回复:{0}"},
    "163": {"Subject": "自动回复：{0}"},
    "outlook in Chinese": {"Subject": "自动答复: {0}"},
    "cpanel": {"Subject": "Re: {0}", "X-Autorespond": "{0}", "Precedence": "auto_reply"},
    "help desk": {"Subject": "[Request received] {0}", "Auto-Submitted": "auto-generated", "X-Loop": "desk"},
    "mailing list": {"Subject": "Re: {0}", "List-Id": "<owner.list.example>", "Precedence": "list"},
    "vacation of old": {"Subject": "Out of Office: {0}", "Precedence": "junk"},
}


@dataclass
class Relay:
    """The mail servers of the world: they hand on what services write, and let robots answer."""

    ways: dict[str, Service]  # address → the service that takes its mail
    strip: bool = False  # whether it takes the signs of a machine away
    robots: dict[str, Callable[[Message, int], Message]] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)

    async def go_round(self, services: Sequence[Service]) -> None:
        """Let everything that was written arrive, and be understood."""
        for name, service in enumerate(services):
            letters = service.post_office.letters
            start, self._seen[str(name)] = self._seen.get(str(name), 0), len(letters)
            for position, letter in enumerate(letters[start:], start):
                if letter.to in self.ways:
                    await self._hand_on(letter.raw, letter.to)
                elif letter.to in self.robots:
                    answer = self.robots[letter.to](letter.message, position)
                    await _post(service, answer, letter.to, SUPPORT)
        for service in services:
            await settle(service)

    async def _hand_on(self, raw: bytes, to: str) -> None:
        mail = message_from_bytes(raw)
        for sign in SIGNS if self.strip else ():
            del mail[sign]
        sender = str(mail["From"]) if self.strip else ""
        await _post(self.ways[to], mail, sender, to)


async def _post(service: Service, mail: Message, sender: str, to: str) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=service.smtp_port, start_tls=False) as client:
        await client.sendmail(sender, [to], mail.as_bytes())


def letter(sender: str, to: str, subject: str, message_id: str) -> EmailMessage:
    """A first mail."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"], made["Message-ID"] = sender, to, subject, f"<{message_id}>"
    made.set_content(f"{subject}, please.")
    return made


def robot(address: str, headers: dict[str, str]) -> Callable[[Message, int], Message]:
    """An autoresponder: it answers whatever comes."""

    def answer(mail: Message, number: int) -> Message:
        made = letter(address, SUPPORT, "x", f"{number}.{address}")
        del made["Subject"]
        for name, value in headers.items():
            made[name] = value.format(str(mail["Subject"] or number))
        if mail["Message-ID"]:
            made["In-Reply-To"] = str(mail["Message-ID"])
        return made

    return answer


def nameless(address: str) -> Callable[[Message, int], Message]:
    """A robot that says nothing of itself: each answer begins a matter of its own."""
    return lambda mail, number: letter(address, SUPPORT, f"Matter {number}", f"{number}.{address}")


async def automatic(service: Service) -> int:
    """How many mails the machine wrote."""
    return await service.count("automatic_mail")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("strip", [False, True])
async def test_two_services_that_answer_each_other_stop_after_two_mails(strip: bool) -> None:
    other = {"CONTACTCENTER_MAILBOXES": f'[{{"address": "{OTHER}", "queue": "service"}}]'}
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(running_service())
        second = await stack.enter_async_context(running_service(env=other))
        relay = Relay({OTHER: second, SUPPORT: first}, strip)
        await _post(first, letter(OTHER, SUPPORT, "Where is my parcel?", "1@other.example"), OTHER, SUPPORT)
        await settle(first)
        for _ in range(ROUNDS):
            await relay.go_round((first, second))
        assert 1 <= await automatic(first) + await automatic(second) <= 2


async def correspond(launcher: Sequence[str]) -> tuple[dict[str, int], int]:
    """Automatic mails by robot, and the most in one conversation, after some rounds."""
    addresses = {name: f"robot{number}@r{number}.example" for number, name in enumerate([*ROBOTS, "nameless"])}
    async with running_service(launcher=launcher) as service:
        relay = Relay({})
        for name, address in addresses.items():
            relay.robots[address] = robot(address, ROBOTS[name]) if name in ROBOTS else nameless(address)
            await _post(service, letter(address, SUPPORT, "Where is my parcel?", f"1.{address}"), address, SUPPORT)
        await settle(service)
        for _ in range(ROUNDS):
            await relay.go_round((service,))
        rows = await service.rows("SELECT identity, count(*) FROM automatic_mail GROUP BY identity")
        most = await service.rows(
            "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM automatic_mail GROUP BY conversation_id) x"
        )
        found = {identity.partition(":")[2]: number for identity, number in rows}
        return {name: found.get(address, 0) for name, address in addresses.items()}, most[0][0]


@pytest.mark.timeout(300)
async def test_ten_autoresponders_get_one_mail_each_and_a_nameless_robot_three() -> None:
    found, most = await correspond(("-m", "contactcenter"))
    assert (found.pop("nameless"), most) == (min(3, ROUNDS + 1), 1)
    assert set(found.values()) == {1}


@pytest.mark.timeout(300)
async def test_without_guards_the_mail_goes_round() -> None:
    found, _ = await correspond((SABOTAGE, "no-guards"))
    assert found["nameless"] > 3
    assert sum(found.values()) > len(found) + 3
