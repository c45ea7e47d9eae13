"""Frames over pipes: how the service and the process that reads its mail speak with each other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import sys
import time
from typing import IO

PIPE = 2**20  # bytes a pipe holds where the system lets it: most mails pass in one go
_READ = 2**16  # bytes read at once; the system gives more memory anew for each read
_HEADER = struct.Struct("!Q")


class Frames:
    """Frames, each with its length in front, over a pair of unbuffered streams."""

    def __init__(self, source: IO[bytes] | None, target: IO[bytes] | None) -> None:
        self._source = source.fileno() if source else -1
        self._target = target.fileno() if target else -1
        self._ahead = b""  # read, and belongs to the next frame
        self._poll = select.poll()
        for end in (self._source, self._target):
            if end >= 0:
                _widen(end)
        if self._source >= 0:
            self._poll.register(self._source, select.POLLIN)

    def send(self, data: bytes) -> None:
        """Write one frame."""
        waiting = memoryview(_HEADER.pack(len(data)) + data)
        while waiting:
            waiting = waiting[os.write(self._target, waiting) :]

    def receive(self, within: float | None = None) -> bytes:
        """One frame; raises :class:`TimeoutError` and, when the other side is gone, :class:`EOFError`."""
        deadline = None if within is None else time.monotonic() + within
        found, self._ahead = self._ahead, b""
        while len(found) < _HEADER.size:
            found += self._read(deadline)
        (size,) = _HEADER.unpack_from(found)
        parts, missing = [found[_HEADER.size :]], _HEADER.size + size - len(found)
        while missing > 0:
            parts.append(self._read(deadline))
            missing -= len(parts[-1])
        whole = b"".join(parts)
        if missing:
            whole, self._ahead = whole[:size], whole[size:]
        return whole

    def _read(self, deadline: float | None) -> bytes:
        if deadline is not None and not self._poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        data = os.read(self._source, _READ)
        if not data:
            raise EOFError
        return data


def _widen(pipe: int) -> None:
    """Let a pipe hold a whole mail, so that writer and reader need not take turns over it."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the user's share of such pipes is used up: slower, that is all
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
