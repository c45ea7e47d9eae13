"""What stands behind the port to the DNS: dnspython's asynchronous resolver with a bounded cache before it.

An answer without records and a name that does not exist are the same here: an empty tuple. Everything that may be
different in a minute (no answer in time, a server that fails, no network) is :class:`contactcenter.errors.Unavailable`.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from contactcenter.channels.email.trust.dns import Record
from contactcenter.errors import Unavailable
from contactcenter.settings import name_server

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver as DnspythonResolver

MAX_ENTRIES = 10_000  # answers kept
MIN_TTL, MAX_TTL = 30.0, 3600.0  # seconds an answer is kept, whatever its records say
EMPTY_TTL = 120.0  # seconds that "there is nothing" is kept
MAX_AT_ONCE = 64  # questions on their way
SILENT_AFTER = 20  # questions in a row without an answer: the DNS is away …
SILENT_FOR = 10.0  # … and for so many seconds nobody waits for it
MAX_VALUES = 100  # records of one answer that are read
MAX_TXT = 8192  # characters of one text record


@dataclass(frozen=True, slots=True)
class Answer:
    """Records, and how many seconds they may be kept."""

    values: tuple[str, ...]
    ttl: float


class Source(Protocol):
    """Where a :class:`CachedResolver` asks."""

    async def ask(self, name: str, kind: Record) -> Answer:
        """One question over the wire; raises :class:`Unavailable`."""
        ...


class CachedResolver:
    """The :class:`contactcenter.channels.email.trust.dns.Resolver` that remembers.

    A question that is on its way already is not sent again.
    """

    def __init__(
        self, source: Source, *, max_entries: int = MAX_ENTRIES, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._max_entries = max_entries
        self._seconds = seconds
        self._kept: OrderedDict[tuple[str, Record], tuple[float, tuple[str, ...]]] = OrderedDict()
        self._asked: dict[tuple[str, Record], asyncio.Task[tuple[str, ...]]] = {}
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._unanswered = 0
        self._silent_until = 0.0

    async def lookup(self, name: str, kind: Record) -> tuple[str, ...]:
        """See :class:`Resolver`."""
        key = (name.lower().rstrip("."), kind)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._seconds():
            return kept[1]
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.create_task(self._ask(key))
            task.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(task)  # who gives up waiting does not take the answer from others

    async def _ask(self, key: tuple[str, Record]) -> tuple[str, ...]:
        async with self._turns:
            if self._silent_until > self._seconds():
                raise Unavailable("the DNS does not answer")
            try:
                answer = await self._source.ask(*key)
            except Unavailable:
                self._unanswered += 1
                if self._unanswered >= SILENT_AFTER:
                    self._silent_until, self._unanswered = self._seconds() + SILENT_FOR, 0
                raise
        self._unanswered = 0
        ttl = min(max(answer.ttl, MIN_TTL), MAX_TTL) if answer.values else EMPTY_TTL
        self._kept.pop(key, None)
        self._kept[key] = (self._seconds() + ttl, answer.values)
        while len(self._kept) > self._max_entries:
            self._kept.popitem(last=False)
        return answer.values

    def _answered(self, key: tuple[str, Record], done: asyncio.Task[tuple[str, ...]]) -> None:
        """Forget the question; look at its error, which perhaps nobody waits for any more."""
        self._asked.pop(key, None)
        if not done.cancelled():
            done.exception()


class DnsSource:
    """Asks name servers by dnspython, which is loaded at the first question."""

    def __init__(self, nameservers: Sequence[str], timeout: float) -> None:
        """``nameservers`` as address or address:port, empty for the system's; ``timeout`` in seconds a question."""
        self._nameservers = tuple(nameservers)
        self._timeout = timeout
        self._made: DnspythonResolver | None = None

    async def ask(self, name: str, kind: Record) -> Answer:
        """See :class:`Source`."""
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            asked = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError):
            return Answer((), EMPTY_TTL)  # what cannot be a name does not exist
        try:
            found = await self._resolver().resolve(
                asked, str(kind), raise_on_no_answer=False, lifetime=self._timeout, search=False
            )
        except dns.resolver.NXDOMAIN:
            return Answer((), EMPTY_TTL)
        except (dns.exception.DNSException, OSError) as error:
            raise Unavailable(f"DNS: {name}: {type(error).__name__}") from error
        if found.rrset is None:
            return Answer((), EMPTY_TTL)
        return Answer(_values(kind, found.rrset), float(found.rrset.ttl))

    def _resolver(self) -> DnspythonResolver:
        """Made at the first question: reading the system's configuration may fail, and may work a minute later."""
        from dns.asyncresolver import Resolver as Made
        from dns.nameserver import Do53Nameserver

        if self._made is None:
            made = Made(configure=not self._nameservers)
            if self._nameservers:
                made.nameservers = [Do53Nameserver(*name_server(text)) for text in self._nameservers]
            made.timeout = min(1.0, self._timeout)  # of one try; ``lifetime`` bounds them all
            self._made = made
        return self._made


def _values(kind: Record, rrset: Any) -> tuple[str, ...]:
    """The records as text."""
    records = list(rrset)[:MAX_VALUES]
    match kind:
        case Record.TXT:
            return tuple(b"".join(one.strings).decode("latin-1")[:MAX_TXT] for one in records)
        case Record.MX:
            ordered = sorted(records, key=lambda one: int(one.preference))
            return tuple(_host(one.exchange) for one in ordered)
        case Record.PTR:
            return tuple(_host(one.target) for one in records)
        case _:
            return tuple(str(one.address) for one in records)


def _host(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()
