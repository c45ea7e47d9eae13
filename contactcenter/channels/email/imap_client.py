"""IMAPClient over a connection that believes nothing: every answer has an end, in bytes and in time.

The library trusts the server: it allocates whatever a literal announces and waits as long as bytes trickle. Here all
bytes pass one buffer of ours. An answer to a command may hold :data:`MAX_TEXT` bytes outside of literals, literals only
up to what was asked for, and must be complete at its deadline; what was sent before TLS began is refused.
"""

from __future__ import annotations

import imaplib
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from contactcenter.channels.email.reach import Reach, connect

CONNECT = 15.0  # seconds until a connection stands
PATIENCE = 60.0  # seconds for an answer, beside what its size takes
SLOWEST = 32_768  # bytes a second below which a server counts as stuck
MAX_TEXT = 1_048_576  # bytes of one answer outside of literals
SLACK = 65_536  # bytes of literals that any answer may hold
_CHUNK = 65_536
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
_NEWS = frozenset({"EXISTS", "RECENT", "EXPUNGE", "BYE"})


class BoundedIMAP4(imaplib.IMAP4):
    """The protocol with bounds; ``context`` None: without TLS (until :meth:`starttls`)."""

    def __init__(
        self, host: str, port: int, context: ssl.SSLContext | None, reach: Reach | None, patience: float
    ) -> None:
        self._context = context
        self._reach = reach
        self._patience = patience
        self._buffer = bytearray()
        self._expected = 0
        self.renew()
        super().__init__(host, port)

    def renew(self) -> None:
        """An answer begins: give it its bounds."""
        self._text_left = MAX_TEXT
        self._literals_left = self._expected + SLACK
        self._deadline = time.monotonic() + self._patience + self._expected / SLOWEST

    @contextmanager
    def expecting(self, size: int) -> Iterator[None]:
        """Within it answers may hold ``size`` bytes of literals."""
        self._expected = size
        try:
            yield
        finally:
            self._expected = 0

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        del timeout
        sock = connect(self.host, self.port, CONNECT, self._reach)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return self._context.wrap_socket(sock, server_hostname=self.host) if self._context else sock

    def _command(self, name: str, *args: Any) -> Any:
        self.renew()
        return super()._command(name, *args)  # type: ignore[misc]

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Begin TLS. What a man in the middle slipped in beforehand must not count as said within it."""
        typ, data = self._simple_command("STARTTLS")
        if typ != "OK":
            raise self.error("the server refuses STARTTLS")
        if self._buffer:
            raise self.abort("the server spoke before TLS was up")
        context = ssl_context or ssl.create_default_context()
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)
        self._tls_established = True
        self._get_capabilities()
        return self._untagged_response(typ, data, "STARTTLS")

    def readline(self) -> bytes:
        """A line with its end; empty at the end of the connection. Raises ``abort`` when it is too long."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > self._text_left:
                raise self.abort("the server's answer is too long")
            if not self._fill():
                return b""
        self._text_left -= end + 1
        if self._text_left < 0:
            raise self.abort("the server's answer is too long")
        return self._cut(end + 1)

    def read(self, size: int) -> bytes:
        """A literal, whole. Raises ``abort`` for one that is larger than what was asked for."""
        self._literals_left -= size
        if self._literals_left < 0:
            raise self.abort(f"the server announces {str(size)[:20]} bytes, more than were asked for")
        while len(self._buffer) < size:
            if not self._fill():
                raise self.abort("the connection ended within a literal")
        return self._cut(size)

    def line_within(self, seconds: float) -> bool:
        """Whether a whole line (or the end of the connection) is there, waiting so long for it."""
        deadline = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self.sock.fileno(), select.POLLIN)
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_TEXT:
                raise self.abort("the server's answer is too long")
            if self._fill_now():
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return False
        return True

    def wait_for_news(self, seconds: float) -> None:
        """IDLE (RFC 2177) until the server tells of a change in the folder, or so many seconds."""
        self.untagged_responses.clear()
        tag = self._command("IDLE")
        while self._get_response() is not None:
            if self.tagged_commands[tag]:
                raise self.error(f"IDLE refused: {self.tagged_commands.pop(tag)}")
        deadline = time.monotonic() + seconds
        while not self.tagged_commands[tag] and not _NEWS & self.untagged_responses.keys():
            if not self.line_within(deadline - time.monotonic()):
                break
            self.renew()
            self._get_response()
        if "BYE" in self.untagged_responses:
            raise self.abort("the server said good-bye")
        self.renew()
        if not self.tagged_commands[tag]:
            self.send(b"DONE\r\n")
        while not self.tagged_commands[tag]:
            self._get_response()
        del self.tagged_commands[tag]

    def interrupt(self) -> None:
        """End a wait of another thread on this connection: it reads an end of file."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # below TLS, which the other thread is using

    def _fill(self) -> bool:
        """Wait for bytes; False at the end of the connection. Raises :class:`TimeoutError` at the deadline."""
        self.sock.settimeout(max(0.001, self._deadline - time.monotonic()))
        try:
            data = self.sock.recv(_CHUNK)
        except TimeoutError as error:
            raise TimeoutError("the server's answer takes too long") from error
        self._buffer += data
        return bool(data)

    def _fill_now(self) -> bool:
        """Take what has arrived; raises ``abort`` at the end of the connection."""
        self.sock.settimeout(0.0)
        try:
            data = self.sock.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            self.sock.settimeout(self._patience)
        if not data:
            raise self.abort("the server closed the connection")
        self._buffer += data
        return True

    def _cut(self, size: int) -> bytes:
        with memoryview(self._buffer) as view:
            found = bytes(view[:size])
        del self._buffer[:size]
        return found


class BoundedClient(IMAPClient):  # type: ignore[misc, unused-ignore]
    """IMAPClient over :class:`BoundedIMAP4`, with waiting (RFC 2177) and XOAUTH2 as servers really do them."""

    def __init__(
        self, host: str, port: int, *, tls: bool, reach: Reach | None = None, patience: float = PATIENCE
    ) -> None:
        self._reach = reach
        self._patience = patience
        timeout = SocketTimeout(connect=CONNECT, read=patience)
        super().__init__(
            host, port, ssl=tls, ssl_context=ssl.create_default_context() if tls else None, timeout=timeout
        )
        self.normalise_times = False
        self._imap.debug = 0  # else every mail is written out for a log that nobody reads

    def _create_IMAP4(self) -> BoundedIMAP4:  # noqa: N802 - the library's name
        return BoundedIMAP4(self.host, self.port, self.ssl_context, self._reach, self._patience)

    def fetch_within(self, uids: list[int], items: list[str], size: int) -> dict[int, dict[bytes, Any]]:
        """FETCH whose literals hold ``size`` bytes at most."""
        with self._imap.expecting(size):
            return dict(self.fetch(uids, items))

    def interrupt(self) -> None:
        """End whatever another thread does with this connection."""
        self._imap.interrupt()

    def bearer_login(self, user: str, token: str) -> None:
        """Sign in by XOAUTH2. Raises :class:`imapclient.exceptions.LoginError` with what the server said."""
        said: list[str] = []

        def answers(challenge: bytes) -> bytes:
            if challenge:  # the reason of a refusal, which wants an empty answer before the NO comes
                said.append(challenge.decode("utf-8", "replace")[:200])
                return b""
            return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()

        try:
            self._imap.authenticate("XOAUTH2", answers)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise LoginError(" ".join([str(error), *said])) from error

    def wait_for_news(self, seconds: float) -> None:
        """IDLE until the server tells of a change in the folder, or so many seconds."""
        self._imap.wait_for_news(seconds)
