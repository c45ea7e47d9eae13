"""Blobs: raw mail and files, named by the SHA-256 of their content, below the data directory.

A blob is on the disk (``fsync`` of file and folder) before the transaction that names it commits: a crash can leave a
blob nobody names, never a name without its blob.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from pathlib import Path

from contactcenter import clock
from contactcenter.errors import NotFound, Unavailable

_NAME = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """A folder of blobs. All methods that touch the disk run in a thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        """Where the blob of that name lies; raises :class:`NotFound` for what is no blob name."""
        if not _NAME.fullmatch(name):
            raise NotFound("there is no such file")
        return self._root / name[:2] / name[2:]

    async def put(self, content: bytes) -> str:
        """Keep the content durably; returns its name. Raises :class:`Unavailable` when the disk does not take it."""
        return await asyncio.to_thread(self.put_now, content)

    def put_now(self, content: bytes) -> str:
        """:meth:`put` for code that already runs in a thread."""
        name = hashlib.sha256(content).hexdigest()
        path = self.path(name)
        if path.exists():
            return name
        temporary = path.with_name(f"{path.name}.{clock.new_id()}")
        try:
            if not path.parent.exists():
                path.parent.mkdir(exist_ok=True)
                _sync_folder(self._root)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(path)
            _sync_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise Unavailable("the disk did not take the message") from error
        return name

    async def read(self, name: str) -> bytes:
        """The content of a blob; raises :class:`NotFound`."""
        return await asyncio.to_thread(self.read_now, name)

    def read_now(self, name: str) -> bytes:
        """:meth:`read` for code that already runs in a thread."""
        try:
            return self.path(name).read_bytes()
        except FileNotFoundError as error:
            raise NotFound("there is no such file") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
