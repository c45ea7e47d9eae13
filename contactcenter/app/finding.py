"""What ``doctor`` says of one thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing ``doctor`` looked at. ``state`` is fine, note or broken; ``mend`` says what to do.

    ``record`` is a line for the zone of a domain, as name servers read it (RFC 1035, 5).
    """

    check: str
    state: str
    detail: str
    mend: str = ""
    record: str = ""
