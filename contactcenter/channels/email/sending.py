"""Sends mail through the smart host of the settings (RFC 5321), over connections that are kept and used again."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from dataclasses import dataclass

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPException, SMTPRecipientRefused, SMTPResponseException

from contactcenter.channels.email.composing import Mail, compose
from contactcenter.envelope import OutboundMessage, SendResult
from contactcenter.errors import DeliveryError, PermanentDelivery, TemporaryDelivery, UncertainDelivery
from contactcenter.settings import Settings

MAX_CONNECTIONS = 8
IDLE_SECONDS = 30.0  # a kept connection older than this is not used again; smart hosts end them after minutes
END_SECONDS = 600.0  # to wait for the answer to the final dot (RFC 5321, 4.5.3.2.6)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(slots=True)
class _Kept:
    """An open connection and when it was last used (monotonic seconds)."""

    client: SMTP
    used: float


class MailSender:
    """The :class:`contactcenter.envelope.Sender` of mail."""

    def __init__(self, settings: Settings, *, max_connections: int = MAX_CONNECTIONS) -> None:
        self._settings = settings.outgoing
        self._hostname = settings.smtp.hostname or socket.gethostname()
        self._free: list[_Kept] = []
        self._turns = asyncio.Semaphore(max_connections)
        self._reaper: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def send(self, message: OutboundMessage) -> SendResult:
        """Hand the mail to the smart host; the external id is the Message-ID it was given beforehand."""
        mail = compose(message, self._settings.envelope_from)
        async with self._turns:
            client = await self._begin(mail)
            try:
                detail = await self._transfer(client, mail)
            except BaseException as error:
                await self._give_up(client, error)
                raise
            self._keep(client)
        return SendResult(external_id=message.external_id, detail=detail)

    async def find(self, message: OutboundMessage) -> SendResult | None:  # noqa: ARG002  # the protocol's argument
        """SMTP cannot tell what became of an interrupted try."""
        return None

    async def close(self) -> None:
        """Say goodbye on the kept connections."""
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        while self._free:
            await _quit(self._free.pop().client)
        if self._closing:
            await asyncio.wait(self._closing)

    async def _begin(self, mail: Mail) -> SMTP:
        """A connection that has taken the sender's path.

        The host may have ended a kept connection in the meantime; nothing was handed over then, so the next one, and
        at last a new one, is tried.
        """
        while self._free:
            kept = self._free.pop()
            if not kept.client.is_connected or time.monotonic() - kept.used > IDLE_SECONDS:
                self._dismiss(kept.client)
                continue
            try:
                await self._path(kept.client, mail)
            except (SMTPException, OSError) as error:
                kept.client.close()
                if isinstance(error, SMTPResponseException) and error.code != 421:
                    raise refusal(error) from error
            else:
                return kept.client
        client = await self._connect()
        try:
            await self._path(client, mail)
        except (SMTPException, OSError) as error:
            client.close()
            raise refusal(error) from error
        return client

    async def _connect(self) -> SMTP:
        """A new connection, encrypted and logged in as the settings say; raises :class:`TemporaryDelivery`."""
        ours = self._settings
        client = SMTP(
            hostname=ours.host,
            port=ours.port,
            local_hostname=self._hostname,
            timeout=ours.timeout,
            use_tls=ours.tls == "tls",
            start_tls=ours.tls == "starttls",
            username=ours.user or None,
            password=ours.password.get_secret_value() if ours.user else None,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            # Also a refused login: the settings are at fault then, not the message.
            raise TemporaryDelivery(f"the smart host {ours.host}:{ours.port}: {_said(error)}") from error
        return client

    async def _path(self, client: SMTP, mail: Mail) -> None:
        """MAIL FROM."""
        options = [f"SIZE={len(mail.content)}"] if client.supports_extension("size") else []
        if mail.utf8:
            if not client.supports_extension("smtputf8"):
                raise SMTPResponseException(553, "5.6.7 the smart host does not take international addresses")
            options.append("SMTPUTF8")
        await client.mail(mail.mail_from, options=options, encoding="utf-8")

    async def _transfer(self, client: SMTP, mail: Mail) -> str:
        """Recipients and data; what the host answered. The first recipient must be taken, others are told of."""
        refused: list[str] = []
        try:
            for address in mail.recipients:
                try:
                    await client.rcpt(address, encoding="utf-8")
                except SMTPRecipientRefused as error:
                    if address == mail.recipients[0] or error.code == 421:
                        raise
                    refused.append(f"{address}: {_said(error)}")
            answer = await client.execute_command(b"DATA")
            if answer.code != 354:
                raise SMTPResponseException(answer.code, answer.message)
        except (SMTPException, OSError) as error:
            raise refusal(error) from error
        said = await self._final(client, mail.content)
        return "; ".join([said, *refused])[:500]

    async def _final(self, client: SMTP, content: bytes) -> str:
        """The data up to its final dot. From here on a broken connection tells nothing."""
        protocol = client.protocol
        if protocol is None:
            raise TemporaryDelivery("the smart host ended the connection")
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        try:
            protocol.write((b"." + stuffed if stuffed.startswith(b".") else stuffed) + b".\r\n")
            answer = await protocol.read_response(timeout=max(self._settings.timeout, END_SECONDS))
        except SMTPResponseException as error:
            raise UncertainDelivery(f"the smart host answered the mail in no known way: {_said(error)}") from error
        except (SMTPException, OSError) as error:
            raise UncertainDelivery(f"the connection broke before the mail was answered: {_said(error)}") from error
        if answer.code != 250:
            raise refusal(SMTPResponseException(answer.code, answer.message))
        return answer.message

    async def _give_up(self, client: SMTP, error: BaseException) -> None:
        """After a refusal the connection is good for another mail; after anything else it is not."""
        if isinstance(error, PermanentDelivery | TemporaryDelivery) and client.is_connected:
            try:
                await client.rset()
            except (SMTPException, OSError):
                client.close()
            else:
                self._keep(client)
        else:
            client.close()

    def _keep(self, client: SMTP) -> None:
        """Put a connection aside for the next mail."""
        self._free.append(_Kept(client, time.monotonic()))
        if self._reaper is None:
            self._reaper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._reap)

    def _reap(self) -> None:
        """End connections that were idle for long."""
        self._reaper = None
        border = time.monotonic() - IDLE_SECONDS
        for kept in [one for one in self._free if one.used <= border]:
            self._free.remove(kept)
            self._dismiss(kept.client)
        if self._free:
            self._reaper = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._reap)

    def _dismiss(self, client: SMTP) -> None:
        """Say goodbye beside the work."""
        task = asyncio.ensure_future(_quit(client))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _quit(client: SMTP) -> None:
    """QUIT, and close whatever the answer."""
    with contextlib.suppress(SMTPException, OSError):
        if client.is_connected:
            await client.quit(timeout=2)
    client.close()


def refusal(error: Exception) -> DeliveryError:
    """What an error before the final dot means: 5xx is for good, all else (4xx, a lost connection) for later."""
    if isinstance(error, SMTPResponseException) and 500 <= error.code < 600:
        return PermanentDelivery(_said(error), code=_code(error))
    return TemporaryDelivery(_said(error), code=_code(error))


def _code(error: Exception) -> str:
    """The enhanced status code (RFC 3463) of an answer, else its plain code."""
    if not isinstance(error, SMTPResponseException):
        return ""
    enhanced = _ENHANCED.match(error.message)
    return enhanced[1] if enhanced else str(error.code)


def _said(error: Exception) -> str:
    """What the other side said, on one line and short."""
    text = str(error) or type(error).__name__
    if isinstance(error, SMTPResponseException):
        text = f"{error.code} {error.message}"
    return "".join(char if char.isprintable() else " " for char in text)[:300]
