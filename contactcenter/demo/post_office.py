"""The demo's post office: the smart host our mail goes to, and the mailboxes of the simulated customers."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses

import aiosmtplib
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that arrived for somebody."""

    to: str
    raw: bytes

    @property
    def message(self) -> Message:
        """The mail, parsed."""
        return message_from_bytes(self.raw)


class PostOffice:
    """Takes all mail and keeps it by recipient."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self._by_recipient: defaultdict[str, list[Letter]] = defaultdict(list)
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="post.example", enable_SMTPUTF8=True, data_size_limit=50 * 2**20), host, port
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Close."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002
        """Keep the mail (the hook's name is aiosmtpd's)."""
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        async with self._arrived:
            for recipient in envelope.rcpt_tos:
                letter = Letter(recipient.lower(), raw)
                self.letters.append(letter)
                self._by_recipient[letter.to].append(letter)
            self._arrived.notify_all()
        return "250 2.0.0 kept"

    def received(self, address: str) -> list[Letter]:
        """Everything that arrived for an address, oldest first."""
        return self._by_recipient[address.lower()]

    async def wait_for(self, address: str, count: int = 1) -> list[Letter]:
        """The letters for an address, as soon as there are ``count``."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.received(address)) >= count)
        return self.received(address)


async def post(raw: Message, *, host: str, port: int) -> None:
    """Hand a mail to an SMTP door, as a customer's mail server would."""
    recipients = [address for _name, address in getaddresses([str(raw["To"])])]
    await aiosmtplib.send(
        raw, hostname=host, port=port, sender=str(raw["From"]), recipients=recipients, start_tls=False
    )
