"""The mail doors: SMTP and LMTP listeners that say 250 only after the sink made the mail durable (RFC 5321, 4.2.5).

It looks at a mail as little as accepting needs: who it is for, who it says it is from, and the key that names it. The
raw bytes are kept as they came; what the door itself saw (peer, path, TLS, whether the peer is trusted) goes into the
envelope, where no sender can forge it.
"""

# ruff: noqa: ARG002, N802  # names and arguments of the hooks are aiosmtpd's

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal, Protocol

import structlog
from aiosmtpd.smtp import Envelope, Session

from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.channels.email.plus_tags import fold
from contactcenter.channels.email.smtp_session import LmtpSession, SmtpSession, peer_address
from contactcenter.envelope import MessageSink
from contactcenter.errors import SettingsError, Unavailable
from contactcenter.settings import MailIn, Settings, split_listen

log = structlog.get_logger(__name__)

MAX_CONNECTIONS = 200
MAX_PER_PEER = 20  # peers in smtp.trusted are not held to it
MAX_REFUSED = 50  # unknown recipients of one connection, then it is closed: nobody lists our addresses here
MAX_IN_MEMORY = 256 * 2**20  # bytes of mail received at the same time
THREAD_ABOVE = 512 * 1024  # bytes of a mail that is hashed beside the loop
_LATER = "451 4.3.0 Try again later"


class RecipientDirectory(Protocol):
    """Which addresses are ours. Addresses arrive folded: lower case, without a plus-tag."""

    async def knows(self, address: str) -> bool:
        """Whether mail to the address is taken."""
        ...

    async def queue_of(self, address: str) -> str:
        """Key of the queue of a known address; empty when it has none of its own."""
        ...


class MailDoor:
    """Listens on ``smtp.listen``, or with ``protocol="lmtp"`` on ``lmtp.listen``; hands every mail to the sink."""

    def __init__(
        self,
        settings: Settings,
        sink: MessageSink,
        recipients: RecipientDirectory,
        *,
        protocol: Literal["smtp", "lmtp"] = "smtp",
        max_connections: int = MAX_CONNECTIONS,
        max_per_peer: int = MAX_PER_PEER,
    ) -> None:
        self._settings = settings
        self._protocol = protocol
        self._ours: MailIn = settings.smtp if protocol == "smtp" else settings.lmtp
        self._sink = sink
        self._recipients = recipients
        self._max_connections = max_connections
        self._max_per_peer = max_per_peer
        self._hostname = settings.smtp.hostname or socket.gethostname()
        self._domains = {box.address.rpartition("@")[2] for box in settings.mailboxes} | {self._hostname.lower()}
        self._in_network = lru_cache(1024)(self._look_up_network)
        self._open: Counter[str] = Counter()
        self._held = 0
        self._sessions: set[SmtpSession] = set()
        self._accepting: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port listened on (the one the system chose where the settings say 0)."""
        if self._server is None:
            raise RuntimeError("the mail door is closed")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Open the door; raises :class:`SettingsError` for a bad certificate or a taken address."""
        # aiosmtpd logs what strangers write, line by line and with their addresses.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        host, port = split_listen(self._ours.listen)
        speak, tls = (SmtpSession, self._tls_context()) if self._protocol == "smtp" else (LmtpSession, None)
        loop = asyncio.get_running_loop()

        def session() -> SmtpSession:
            made = speak(self, self, hostname=self._hostname, max_size=self._ours.max_size, tls=tls, loop=loop)
            self._sessions.add(made)
            return made

        try:
            self._server = await loop.create_server(session, host, port, backlog=256)
        except OSError as error:
            raise SettingsError(f"{self._protocol}.listen: cannot listen on {host}:{port}: {error.strerror}") from error

    async def stop(self) -> None:
        """Close the door: no new mail; what is being made durable is finished, idle peers are hung up on."""
        if self._server is None:
            return
        self._server.close()
        if self._accepting:
            await asyncio.wait(self._accepting, timeout=10)
            await asyncio.sleep(0)  # let the answers go out
        for open_session in list(self._sessions):
            open_session.hang_up()
        await self._server.wait_closed()
        self._server = None

    def _tls_context(self) -> ssl.SSLContext | None:
        """The context for STARTTLS, None without a certificate."""
        smtp = self._settings.smtp
        if not smtp.certificate_file:
            return None
        certificate = self._settings.data / smtp.certificate_file
        key: Path | None = self._settings.data / smtp.key_file if smtp.key_file else None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(certificate, key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"smtp.certificate_file: cannot use {certificate}: {error}") from error
        return context

    # What a session asks its door.

    def admit(self, peer: str) -> str:
        """Empty when the connection is welcome, else the reply that turns it away."""
        if sum(self._open.values()) >= self._max_connections:
            return "421 4.3.2 Too many connections, try again later"
        if self._open[peer] >= self._max_per_peer and not self._in_network(peer)[0]:
            return "421 4.7.0 Too many connections from you, try again later"
        self._open[peer] += 1
        return ""

    def leave(self, session: SmtpSession, peer: str) -> None:
        """A connection has ended; ``peer`` is empty where it was turned away."""
        self._sessions.discard(session)
        if peer:
            self._open[peer] -= 1
            if self._open[peer] <= 0:
                del self._open[peer]

    def reserve(self, size: int) -> bool:
        """Count bytes of mail held in memory; False, and nothing counted, when there are too many already."""
        if size > 0 and self._held + size > MAX_IN_MEMORY:
            return False
        self._held += size
        return True

    def _look_up_network(self, peer: str) -> tuple[bool, bool]:
        """Whether a peer is in ``trusted`` and in ``assume_authenticated``."""
        return _within(peer, self._ours.trusted), _within(peer, self._ours.assume_authenticated)

    # aiosmtpd's hooks; their names and arguments are its.

    async def handle_EHLO(
        self, server: SmtpSession, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Our own list of extensions."""
        session.host_name = hostname
        kept = [line for line in responses if not line[4:].startswith(("AUTH", "HELP"))]
        return [*kept, "250 PIPELINING"]

    async def handle_HELO(self, server: SmtpSession, session: Session, envelope: Envelope, hostname: str) -> str:
        """The old greeting."""
        session.host_name = hostname
        return f"250 {self._hostname}"

    async def handle_MAIL(
        self, server: SmtpSession, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender's path as it is; ``<>`` is the null path."""
        if not address.isascii() and not envelope.smtp_utf8:
            return "553 5.6.7 Ask for SMTPUTF8 to send from this address"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: SmtpSession, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only our own addresses, and not too many of them."""
        if len(envelope.rcpt_tos) >= self._ours.max_recipients:
            return "452 4.5.3 Too many recipients"
        try:
            known = await self._is_ours(fold(address))
        except Exception:  # whatever ails the directory, the sender may come again
            log.exception("recipient lookup failed")
            return _LATER
        if known:
            envelope.rcpt_tos.append(address)
            return "250 2.1.5 OK"
        server.refused += 1
        if server.refused > MAX_REFUSED and not self._in_network(peer_address(session.peer))[0]:
            await server.push("421 4.7.0 Too many unknown recipients")
            server.hang_up()
        return "550 5.1.1 No such recipient here"

    async def _is_ours(self, address: str) -> bool:
        """Postmaster is always at home (RFC 5321, 4.5.1)."""
        local, _, domain = address.rpartition("@")
        if (local or domain) == "postmaster" and (not local or domain in self._domains):
            return True
        return await self._recipients.knows(address)

    async def handle_DATA(self, server: SmtpSession, session: Session, envelope: Envelope) -> str:
        """Hand the mail over; 250 only when it is durable."""
        task = asyncio.ensure_future(self._accept(session, envelope))
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)
        try:
            # A peer that hangs up now must not tear a transaction apart: it will offer the mail again.
            await asyncio.shield(task)
        except Unavailable as error:
            log.warning("mail put off", peer=peer_address(session.peer), error=str(error))
            return _LATER
        except Exception:  # nothing of it may reach the peer, and the mail must not be lost
            log.exception("mail not accepted", peer=peer_address(session.peer))
            return _LATER
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """An error outside the hooks: the peer learns nothing of it."""
        log.warning("SMTP session failed", error=f"{type(error).__name__}: {error}")
        return _LATER

    async def _accept(self, session: Session, envelope: Envelope) -> None:
        """The mail as an inbound message, given to the sink."""
        raw = envelope.original_content or b""
        peer = peer_address(session.peer)
        trusted, assumed = self._in_network(peer)
        recipients = list(dict.fromkeys(envelope.rcpt_tos))
        queue = await self._queue(recipients)
        saw = {
            "door": self._protocol,
            "peer": peer,
            "helo": _readable(session.host_name or ""),
            "mail_from": "" if envelope.mail_from in (None, "<>") else envelope.mail_from,
            "recipients": recipients,
            "tls": session.ssl is not None,
            "trusted": trusted,
            "assumed": assumed,
        }
        made = partial(inbound_mail, raw, recipients=recipients, queue=queue, envelope=saw)
        await self._sink.accept(await asyncio.to_thread(made) if len(raw) > THREAD_ABOVE else made())

    async def _queue(self, recipients: Iterable[str]) -> str:
        """The queue of the first recipient that has one."""
        for address in recipients:
            folded = fold(address)
            if folded.partition("@")[0] != "postmaster" and (queue := await self._recipients.queue_of(folded)):
                return queue
        return ""


def _within(peer: str, networks: Iterable[str]) -> bool:
    """Whether an address lies in one of the networks."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)


def _readable(text: str) -> str:
    """A peer's own name for itself, fit to be stored and shown."""
    return "".join(char for char in text[:255] if char.isprintable() and not "\ud800" <= char <= "\udfff")
