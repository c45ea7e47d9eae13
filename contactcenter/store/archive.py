"""Backup and restore: one tar of a database dump, the blobs and the instance key.

The dump is taken first and the blobs after it: a blob is on the disk before any row names it, so every name in the
dump finds its file. PostgreSQL's own ``pg_dump`` reads one consistent snapshot while the service runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

import psycopg

from contactcenter.errors import Conflict, InvalidInput, Unavailable
from contactcenter.store.blobs import Blobs
from contactcenter.store.postgres import EmbeddedPostgres
from contactcenter.store.store import libpq

_DUMP = "database.dump"
_KEY = "instance.key"
_BLOBS = "blobs"


def backup(url: str, data: Path, file: Path, server: EmbeddedPostgres | None) -> int:
    """Write the archive, whole or not at all; returns the number of blobs in it."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with tempfile.TemporaryDirectory() as work, tarfile.open(temporary, "w") as archive:
            dump = Path(work) / _DUMP
            with dump.open("wb") as output:
                _run([*_tool(server, "pg_dump"), "--format=custom", "--no-owner", libpq(url)], stdout=output)
            archive.add(dump, _DUMP)
            archive.add(data / _KEY, _KEY)
            blobs = [path for path in sorted((data / _BLOBS).glob("??/*")) if len(path.name) == 62]
            for path in blobs:
                archive.add(path, f"{_BLOBS}/{path.parent.name}/{path.name}")
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.rename(file)
    finally:
        temporary.unlink(missing_ok=True)
    return len(blobs)


def restore(url: str, data: Path, file: Path, server: EmbeddedPostgres | None) -> int:
    """Fill the database, blobs and key from an archive; returns the number of blobs.

    Raises :class:`Conflict` when the database already holds messages and :class:`InvalidInput` for a file that is no
    archive of ours.
    """
    with psycopg.connect(libpq(url)) as connection:
        exists = connection.execute("SELECT to_regclass('message') IS NOT NULL").fetchone()
        if exists and exists[0] and connection.execute("SELECT 1 FROM message LIMIT 1").fetchone():
            raise Conflict("this database already holds messages: restore into a fresh data directory")
    try:
        with tarfile.open(file, "r") as archive:
            return _unpack(archive, url, data, server)
    except (tarfile.TarError, KeyError) as error:
        raise InvalidInput(f"{file} is no archive of `contactcenter backup`") from error


def _unpack(archive: tarfile.TarFile, url: str, data: Path, server: EmbeddedPostgres | None) -> int:
    blobs, count = Blobs(data / _BLOBS), 0
    dump = archive.extractfile(archive.getmember(_DUMP))
    key = archive.extractfile(archive.getmember(_KEY))
    if dump is None or key is None:
        raise KeyError(_DUMP)
    _run(
        [
            *_tool(server, "pg_restore"),
            "--clean",
            "--if-exists",
            "--no-owner",
            "--single-transaction",
            "-d",
            libpq(url),
        ],
        stdin=dump,
    )
    for member in archive:
        parts = PurePosixPath(member.name).parts
        if len(parts) == 3 and parts[0] == _BLOBS and member.isfile():
            content = archive.extractfile(member)
            # Written under the name its content has, whatever the archive claims.
            if content is not None and blobs.put_now(content.read()) == parts[1] + parts[2]:
                count += 1
    path = data / _KEY
    path.write_bytes(key.read())
    path.chmod(0o600)
    return count


def _tool(server: EmbeddedPostgres | None, name: str) -> list[str]:
    if server is not None:
        return server.command(name)
    found = shutil.which(name)
    if found is None:
        raise Unavailable(f"{name} is not installed: it comes with PostgreSQL's client programs")
    return [found]


def _run(command: list[str], *, stdin: object = None, stdout: object = None) -> None:
    feed = stdin.read() if hasattr(stdin, "read") else None
    result = subprocess.run(command, check=False, input=feed, stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE)  # type: ignore[call-overload]
    if result.returncode != 0:
        raise Unavailable(f"{Path(command[-1]).name}: {result.stderr.decode(errors='replace').strip()[-500:]}")
