"""Reads mail in a child process that may use two CPU seconds, 512 MiB and ten seconds of wall time for each.

Whatever a hostile mail does to the reader, it does it there: the child is killed, another one takes its place, and
the mail counts as failed. The child is a program of its own (never a fork of a threaded process) and ends with its
standard input. What comes back is unpickled from a short list of plain value types, nothing else.
"""

from __future__ import annotations

import contextlib
import io
import pickle  # nosec B403
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO, Any

from contactcenter.channels.email.reader import MailReader, OwnAddresses
from contactcenter.envelope import Content, InboundMessage
from contactcenter.errors import InvalidInput
from contactcenter.settings import Outgoing, Settings, Twilio

CPU_SECONDS = 2
MEMORY = 512 * 2**20  # bytes of address space
WALL_SECONDS = 10.0
_HEADER = struct.Struct("!Q")
_VALUES = {
    ("contactcenter.envelope", name)
    for name in ("BouncedRecipient", "Content", "FileContent", "Identity", "IdentityKind", "MessageKind")
} | {("datetime", "datetime"), ("datetime", "timezone"), ("datetime", "timedelta")}


class ConfinedReader:
    """The :class:`contactcenter.envelope.ContentReader` of mail that nothing can hang or break. Thread-safe."""

    def __init__(self, settings: Settings, made: OwnAddresses = frozenset, command: Sequence[str] = ()) -> None:
        """``command`` runs the child; the default is this module."""
        # The child reads strangers' mail: it gets none of our secrets.
        self._settings = settings.model_copy(update={"twilio": Twilio(), "outgoing": Outgoing()})
        self._made = made
        self._command = list(command) or [sys.executable, "-m", "contactcenter.channels.email.confined"]
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def __call__(self, message: InboundMessage) -> Content:
        """The message understood; raises :class:`InvalidInput` when the child did not survive it."""
        with self._lock:
            try:
                child = self._running()
                _send(child.stdin, pickle.dumps((message, self._made())))
                content = _values(_receive(child.stdout, WALL_SECONDS))
            except (OSError, EOFError, TimeoutError, pickle.UnpicklingError) as error:
                self._kill()
                raise InvalidInput("reading it took too much time or memory") from error
        if not isinstance(content, Content):
            raise InvalidInput(f"the reader failed: {content}")
        return content

    def start(self) -> None:
        """Start the child now, so that the first mail does not wait for it."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(  # noqa: S603 - our own module
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            _send(self._child.stdin, pickle.dumps(self._settings))
        return self._child

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    if stream is not None:
                        stream.close()


class _PlainValues(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) not in _VALUES:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no plain value")
        return super().find_class(module_name, global_name)


def _values(data: bytes) -> Any:
    return _PlainValues(io.BytesIO(data)).load()


def _send(stream: IO[bytes] | None, data: bytes) -> None:
    if stream is None:
        raise EOFError
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes] | None, within: float | None = None) -> bytes:
    """One frame; raises :class:`TimeoutError` and, when the other side is gone, :class:`EOFError`."""
    deadline = None if within is None else time.monotonic() + within
    (size,) = _HEADER.unpack(_exactly(stream, _HEADER.size, deadline))
    return _exactly(stream, size, deadline)


def _exactly(stream: IO[bytes] | None, size: int, deadline: float | None) -> bytes:
    parts, missing = [], size
    while missing and stream is not None:
        if deadline is not None and not select.select([stream], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError
        part = stream.read1(missing)  # type: ignore[attr-defined]  # pipes are buffered readers
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    if missing:
        raise EOFError
    return b"".join(parts)


def _limit_cpu() -> None:
    """Allow this mail its own seconds, on top of what the process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime) + CPU_SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def main() -> None:
    """Read mails from standard input until it ends."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    try:
        settings: Settings = pickle.loads(_receive(source))  # noqa: S301  # nosec B301 - from our own parent
    except EOFError:
        return
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    made: frozenset[str] = frozenset()
    reader = MailReader(settings, lambda: made)
    while True:
        try:
            message, made = pickle.loads(_receive(source))  # noqa: S301  # nosec B301 - from our own parent
        except EOFError:
            return
        _limit_cpu()
        try:
            answer: Content | str = reader(message)
        except Exception as error:  # noqa: BLE001 - said to the parent, which counts it against the mail
            answer = f"{type(error).__name__}: {error}"
        _send(target, pickle.dumps(answer))


if __name__ == "__main__":
    main()
