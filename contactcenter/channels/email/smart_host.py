"""One smart host: mail handed over by SMTP (RFC 5321), over connections that are kept and used again."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPAuthenticationError, SMTPException, SMTPRecipientRefused, SMTPResponseException

from contactcenter.channels.email.bounce_reasons import Phase, is_hard, reason_of
from contactcenter.channels.email.composing import Mail
from contactcenter.envelope import RefusedRecipient
from contactcenter.errors import (
    ContactCenterError,
    DeliveryError,
    NotOffered,
    PermanentDelivery,
    TemporaryDelivery,
    UncertainDelivery,
)
from contactcenter.settings import Outgoing

MAX_CONNECTIONS = 8
IDLE_SECONDS = 30.0  # a kept connection older than this is not used again; smart hosts end them after minutes
END_SECONDS = 600.0  # to wait for the answer to the final dot (RFC 5321, 4.5.3.2.6)
CLOSING = 421
"""Service not available, closing transmission channel (RFC 5321, 3.8)."""
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")

Token = Callable[[bool], Awaitable[str]]
"""Gives an OAuth2 access token (XOAUTH2): the one in hand while it is good, or, on ``True``, a new one."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What the host answered to a mail, and the recipients it did not take."""

    detail: str
    refused: tuple[RefusedRecipient, ...] = ()


@dataclass(slots=True)
class _Kept:
    """An open connection and when it was last used (monotonic seconds)."""

    client: SMTP
    used: float


class SmartHost:
    """The connections to one host, at most ``max_connections``. ``hostname`` is our own, for EHLO."""

    def __init__(
        self, settings: Outgoing, hostname: str, *, token: Token | None = None, max_connections: int = MAX_CONNECTIONS
    ) -> None:
        self._settings = settings
        self._hostname = hostname
        self._token = token
        self._stale = False  # the last token was refused
        self._free: list[_Kept] = []
        self._turns = asyncio.Semaphore(max_connections)
        self._reaper: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def envelope_from(self) -> str:
        """The return path of mail through this host; empty: the sender's own address."""
        return self._settings.envelope_from

    async def hand_over(self, mail: Mail) -> Handed:
        """Hand one mail over; raises the :class:`DeliveryError` that says whether to try again."""
        async with self._turns:
            client = await self._begin(mail)
            try:
                handed = await self._transfer(client, mail)
            except BaseException as error:
                await self._give_up(client, error)
                raise
            self._keep(client)
        return handed

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
                if isinstance(error, SMTPResponseException) and error.code != CLOSING:
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
        """A new connection, encrypted and logged in as the settings say; raises :class:`NotOffered`."""
        ours = self._settings
        client = SMTP(
            hostname=ours.host,
            port=ours.port,
            local_hostname=self._hostname,
            timeout=ours.timeout,
            use_tls=ours.tls == "tls",
            start_tls=ours.tls == "starttls",
            username=ours.user or None,
            password=ours.password.get_secret_value() if ours.user and self._token is None else None,
            oauth_token_generator=self._access_token if self._token is not None else None,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
        except (SMTPException, OSError, ValueError, ContactCenterError) as error:
            client.close()
            self._stale = isinstance(error, SMTPAuthenticationError)
            # Also a refused login: the settings are at fault then, not the message.
            raise NotOffered(f"the smart host {ours.host}:{ours.port}: {_said(error)}", code=_code(error)) from error
        self._stale = False
        return client

    async def _access_token(self) -> str:
        return await self._token(self._stale) if self._token is not None else ""

    async def _path(self, client: SMTP, mail: Mail) -> None:
        """MAIL FROM."""
        options = [f"SIZE={len(mail.content)}"] if client.supports_extension("size") else []
        if mail.utf8:
            if not client.supports_extension("smtputf8"):
                raise SMTPResponseException(553, "5.6.7 the smart host does not take international addresses")
            options.append("SMTPUTF8")
        await client.mail(mail.mail_from, options=options, encoding="utf-8")

    async def _transfer(self, client: SMTP, mail: Mail) -> Handed:
        """Recipients and data; what the host answered. The first recipient must be taken, others are told of."""
        refused: list[RefusedRecipient] = []
        try:
            for address in mail.recipients:
                try:
                    await client.rcpt(address, encoding="utf-8")
                except SMTPRecipientRefused as error:
                    if address == mail.recipients[0] or error.code == CLOSING:
                        raise
                    final = 500 <= error.code < 600
                    refused.append(RefusedRecipient(address, _code(error), _said(error), final))
            answer = await client.execute_command(b"DATA")
            if answer.code != 354:
                raise SMTPResponseException(answer.code, answer.message)
        except (SMTPException, OSError) as error:
            raise refusal(error) from error
        return Handed((await self._final(client, mail.content))[:500], tuple(refused))

    async def _final(self, client: SMTP, content: bytes) -> str:
        """The data up to its final dot. From here on a broken connection tells nothing."""
        protocol = client.protocol
        if protocol is None:
            raise NotOffered("the smart host ended the connection")
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
    """What an error before the final dot means.

    5xx is for good and 4xx for later; 421 and a lost connection say that the host is away, nothing of the mail.
    """
    if not isinstance(error, SMTPResponseException) or error.code == CLOSING:
        return NotOffered(_said(error), code=_code(error))
    if 500 <= error.code < 600:
        code = _code(error)
        enhanced = code if "." in code else ""
        gone = isinstance(error, SMTPRecipientRefused) and is_hard(
            reason_of(error.message, enhanced, Phase.RCPT), enhanced
        )
        return PermanentDelivery(_said(error), code=code, dead=gone)
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
