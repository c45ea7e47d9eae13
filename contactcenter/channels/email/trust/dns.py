"""The port to the DNS: what authentication asks of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Record(StrEnum):
    """What can be asked for."""

    TXT = "TXT"
    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    PTR = "PTR"


class Resolver(Protocol):
    """What authentication needs of the DNS."""

    async def lookup(self, name: str, kind: Record) -> tuple[str, ...]:
        """The records of a name: texts joined, addresses, host names in lower case without a dot (MX by preference).

        Empty when there are none. Raises :class:`contactcenter.errors.Unavailable` when that cannot be said now.
        """
        ...
