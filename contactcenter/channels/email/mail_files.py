"""Mail in files: single mails (.eml), folders of them, Maildirs and mbox files, one mail in memory at a time."""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contactcenter import clock
from contactcenter.channels.email.headers import parse_date
from contactcenter.channels.email.ingest_key import scan_headers

_LOOK = 64 * 1024  # bytes of a file that tell an mbox from a mail
_UNIX_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_MAILDIR_PARTS = ("cur", "new")


@dataclass(frozen=True, slots=True)
class FiledMail:
    """A mail of a file. ``raw`` is None where the file cannot be read; ``size`` counts its bytes in the file."""

    name: str  # the file's path, in an mbox followed by :1, :2 and so on
    raw: bytes | None
    size: int


def mail_files(paths: Iterable[Path]) -> list[Path]:
    """The files below the paths that may hold mail, sorted; what a Maildir keeps for itself is left out."""
    found: list[Path] = []
    for path in paths:
        found += sorted(file for file in path.rglob("*") if _may_hold_mail(file)) if path.is_dir() else [path]
    return found


def _may_hold_mail(file: Path) -> bool:
    """Whether a file of a folder is to be read: in a Maildir only those of ``cur`` and ``new``."""
    if not file.is_file():
        return False
    folder = file.parent
    if folder.name in _MAILDIR_PARTS:
        return True
    return not (folder / "cur").is_dir() and not (folder.name == "tmp" and (folder.parent / "cur").is_dir())


def filed_mails(files: Iterable[Path]) -> Iterator[FiledMail]:
    """Every mail of the files, in order."""
    for file in files:
        try:
            if _is_mbox(file):
                yield from _from_mbox(file)
                continue
            raw: bytes | None = file.read_bytes()
        except OSError:
            raw = None
        yield FiledMail(str(file), raw, len(raw or b""))


def _is_mbox(file: Path) -> bool:
    """Whether a file holds mails one behind the other: by its name, or by a second "From " line."""
    with file.open("rb") as opened:
        begin = opened.read(_LOOK)
    if file.suffix.lower() == ".eml" or not begin.startswith(b"From "):
        return False
    return file.suffix.lower() in (".mbox", ".mbx", "") or b"\n\nFrom " in begin


def _from_mbox(file: Path) -> Iterator[FiledMail]:
    """The mails of an mbox file; lines that its writer quoted (``>From``) are given back."""
    box = mailbox.mbox(file, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            raw = box.get_bytes(key)
            yield FiledMail(f"{file}:{number}", _QUOTED_FROM.sub(rb"\1", raw) if b">From " in raw else raw, len(raw))
    finally:
        box.close()


def is_mail(raw: bytes) -> bool:
    """Whether bytes look like a mail at all: one of the fields that every mail has (RFC 5322, 3.6)."""
    return bool(scan_headers(raw, (b"from", b"date", b"message-id", b"received"), _LOOK))


def arrival(raw: bytes) -> datetime:
    """When an old mail arrived: by its newest Received field (RFC 5322, 3.6.7), else Date; now for what lies ahead."""
    fields = scan_headers(raw, (b"received", b"date"), _LOOK)
    now = clock.now()
    for text in (fields.get(b"received", b"").rpartition(b";")[2], fields.get(b"date", b"")):
        moment = parse_date(text[:200].decode("ascii", "replace"))
        if moment is not None and _UNIX_EPOCH < moment <= now:
            return moment
    return now
