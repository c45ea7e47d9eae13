"""One SMTP or LMTP conversation: aiosmtpd's protocol with our own reading of addresses and of DATA (RFC 5321, 2033).

What differs from aiosmtpd 1.4.6, and why:

* Addresses are read by one linear pattern. The e-mail package's parser costs a third of a millisecond an address and
  recurses on nested brackets.
* DATA is read in blocks up to ``CRLF . CRLF`` instead of line by line: a mail of 25 MB costs milliseconds instead of
  seconds, long lines are accepted, and nothing but that exact ending ends the data, so that no mail can be smuggled
  behind another one.
* AUTH is not offered, EHLO says PIPELINING, and no answer names software or shows an error's text.
"""

# ruff: noqa: ARG002, N802  # aiosmtpd finds commands by their names

from __future__ import annotations

import asyncio
import re
import ssl
from collections import defaultdict
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, syntax

BLOCK = 64 * 1024
"""Bytes that are buffered of a connection before its sender has to wait."""

IDLE_SECONDS = 300.0  # RFC 5321, 4.5.3.2.7
DATA_SECONDS = 600.0  # RFC 5321, 4.5.3.2.6: for one whole mail
COMMAND_LENGTH = 2048

_END = b"\r\n.\r\n"
_TOO_LARGE = "552 5.3.4 Error: message size exceeds the limit"
_TOO_BUSY = "452 4.3.1 Too much mail at once, try again later"
_WORD = r"[^\s<>@\"\\()\[\],;:\x00-\x1f\x7f]"
_LOCAL = rf"(?:{_WORD}{{1,128}}|\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~]){{1,128}}\")"
_DOMAIN = rf"(?:{_WORD}{{1,255}}|\[[0-9A-Za-z:.]{{2,80}}\])"
_PATH = re.compile(rf"\s*<(?:@[^\s<>]{{1,500}}:)?(?:({_LOCAL}(?:@{_DOMAIN})?))?>(?:\s+(.*))?\s*")
_BARE = re.compile(rf"({_LOCAL}@{_DOMAIN})(?:\s+(.*))?\s*")


class Gate(Protocol):
    """What a session asks its door."""

    def admit(self, peer: str) -> str:
        """Empty when the connection is welcome, else the reply that turns it away."""
        ...

    def leave(self, session: SmtpSession, peer: str) -> None:
        """A connection has ended; ``peer`` is empty where it was turned away."""
        ...

    def reserve(self, size: int) -> bool:
        """Count bytes of mail held in memory (negative: given back); False when there are too many already."""
        ...


class SmtpSession(SMTP):
    """An aiosmtpd protocol for one connection. ``handler`` has the ``handle_…`` hooks, ``gate`` counts connections."""

    ident_word = "ESMTP"
    line_length_limit = BLOCK
    command_size_limit = COMMAND_LENGTH

    def __init__(
        self,
        handler: object,
        gate: Gate,
        *,
        hostname: str,
        max_size: int,
        tls: ssl.SSLContext | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        # aiosmtpd keeps these in one dictionary of the class and adds to it at each EHLO.
        self.command_size_limits = defaultdict(lambda: COMMAND_LENGTH)
        super().__init__(
            handler,
            data_size_limit=max_size,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident=self.ident_word,
            tls_context=tls,
            timeout=IDLE_SECONDS,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=loop,
        )
        self._gate = gate
        self._max_size = max_size
        self._admitted: str | None = None
        self._turned_away = False
        self.refused = 0  # unknown recipients so far

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, or turn it away; called again after STARTTLS."""
        if self._admitted is None:
            peer = peer_address(transport.get_extra_info("peername"))
            if refusal := self._gate.admit(peer):
                self._turned_away = True
                if isinstance(transport, asyncio.WriteTransport):
                    transport.write(refusal.encode() + b"\r\n")
                transport.close()
                return
            self._admitted = peer
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Give the connection's place back."""
        if self._admitted != "" or self._turned_away:
            self._gate.leave(self, self._admitted or "")
            self._admitted = ""
        if self.transport is not None:  # neither turned away nor ended already by a failed TLS handshake
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Bytes of a connection that was turned away are dropped."""
        if not self._turned_away:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """The peer says no more; nothing to end where the connection was turned away."""
        if self._turned_away or self.transport is None:
            return False
        result: bool | None = super().eof_received()
        return result

    def hang_up(self) -> None:
        """End the connection after what was written so far."""
        if self.transport is not None:
            self.transport.close()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Address and what follows it; ``<>`` for the null path, ``(None, None)`` when malformed."""
        if not arg:
            return "", ""
        match = _PATH.fullmatch(arg) or _BARE.fullmatch(arg)
        if not match or not arg.isprintable():  # undecodable bytes arrive as lone surrogates
            return None, None
        return match[1] or "<>", match[2] or ""

    async def smtp_AUTH(self, arg: str) -> None:
        """There is nobody to log in here."""
        await self.push("502 5.5.1 AUTH is not offered")

    async def smtp_VRFY(self, arg: str) -> None:
        """RFC 5321, 7.3: do not tell who exists."""
        await self.push("252 2.5.2 Send some mail, and see")

    async def smtp_HELP(self, arg: str) -> None:
        """A pointer to the standard."""
        await self.push("214 2.0.0 See RFC 5321")

    async def smtp_EXPN(self, arg: str) -> None:
        """No lists to expand."""
        await self.push("502 5.5.1 EXPN is not offered")

    async def smtp_DATA(self, arg: str) -> None:
        """Read a mail and hand it to the handler's ``handle_DATA``."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self._reset_timeout(DATA_SECONDS)
        held = 0
        try:
            content, held, refusal = await self._read_data()
            if content is None:
                status = refusal
            else:
                envelope.content = envelope.original_content = content
                del content
                status = await self._call_handler_hook("DATA")
        finally:
            self._gate.reserve(-held)
            self.envelope = self._create_envelope()
        await self._answer_data(str(status), len(envelope.rcpt_tos))

    async def _answer_data(self, status: str, recipients: int) -> None:
        """One reply for the mail, whoever it is for."""
        await self.push(status)

    async def _read_data(self) -> tuple[bytes | None, int, str]:
        """The mail without dot-stuffing, the bytes reserved for it, and the reply when it is not taken.

        The end is ``CRLF . CRLF`` only (RFC 5321, 4.1.1.4); a CRLF is put in front, so that the empty mail, whose
        dot follows the DATA command at once, ends by the same rule.
        """
        reader: Any = self._reader
        reader._buffer[:0] = b"\r\n"  # noqa: SLF001  # StreamReader has no public way to push back
        data, dots, held, refusal, ended = bytearray(), 0, 0, "", False
        try:
            while not ended:
                try:
                    block = await reader.readuntil(_END)
                    ended = True
                except asyncio.LimitOverrunError as overrun:
                    block = await reader.readexactly(overrun.consumed)
                if refusal:
                    continue
                refusal = "" if self._gate.reserve(len(block)) else _TOO_BUSY
                held += 0 if refusal else len(block)
                data += block
                dots += block.count(b"\r\n.")
                if len(data) - dots > self._max_size + BLOCK:
                    refusal = _TOO_LARGE
                if refusal:  # the rest is read and dropped: the sender only listens after its final dot
                    self._gate.reserve(-held)
                    data, held = bytearray(), 0
        except BaseException:
            self._gate.reserve(-held)
            raise
        content = b"" if refusal else bytes(data[: 2 - len(_END)].replace(b"\r\n.", b"\r\n")[2:])
        if not refusal and len(content) <= self._max_size:
            return content, held, ""
        self._gate.reserve(-held)
        return None, 0, refusal or _TOO_LARGE


class LmtpSession(SmtpSession):
    """The same for LMTP (RFC 2033): greeted by LHLO, and a reply for each recipient after the data."""

    ident_word = "LMTP"

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        """The greeting, in place of EHLO."""
        await super().smtp_EHLO(arg)

    async def smtp_EHLO(self, arg: str) -> None:
        """RFC 2033, 4.1: EHLO must not be answered with success."""
        await self.push("500 5.5.1 This is LMTP, say LHLO")

    async def smtp_HELO(self, arg: str) -> None:
        """RFC 2033, 4.1: nor may HELO."""
        await self.push("500 5.5.1 This is LMTP, say LHLO")

    async def _answer_data(self, status: str, recipients: int) -> None:
        """The mail is one message of ours, so all its recipients share its fate."""
        for _ in range(recipients):
            await self.push(status)


def peer_address(peername: Any) -> str:
    """The IP address of a socket's peer, an IPv4 address within IPv6 taken out; empty for other sockets."""
    host = str(peername[0]) if isinstance(peername, tuple) and peername else ""
    return host.removeprefix("::ffff:") if "." in host else host.partition("%")[0]
