"""The only ``now()`` of the product, and ids that carry it (UUIDv7, RFC 9562)."""

from __future__ import annotations

import re
import secrets
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_lock = threading.Lock()
_last = 0


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A fresh UUIDv7 as text: sorts by time of making, strictly within one process (RFC 9562, 6.2 method 3)."""
    global _last
    with _lock:
        # 48 bits of milliseconds and 12 bits below them, so that ids of one millisecond keep their order.
        ticks = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        _last = ticks
    value = (ticks >> 12) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


def id_at(moment: datetime) -> str:
    """A fresh UUIDv7 of another moment, for what happened before it came to us; of one millisecond in any order."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


def is_id(text: str) -> bool:
    """Whether the text has the form of an id: what comes from outside is checked before it meets an ``uuid`` column."""
    return _ID.fullmatch(text) is not None


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with a ``Z``, milliseconds kept."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
