"""What Prometheus reads: requests as this process saw them, and the state of the work as the database knows it.

The database's figures are counted by one statement when they are asked for. Counting a large database takes a while,
so a count is good for ten times as long as it took: however often somebody asks, it costs a tenth of one core at most.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally
from collections.abc import Iterable, Sequence

import psutil
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from contactcenter.conversations.records import MessageState
from contactcenter.envelope import Channel, DeliveryState
from contactcenter.errors import Unavailable
from contactcenter.store.store import Store
from contactcenter.tickets.mailboxes import FETCH_STATUS

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram, in seconds."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REST = 10.0
"""A count is used for this many times as long as it took."""

_COUNTS = text(
    """
    SELECT 'message' AS of, channel AS one, state AS other, count(*) AS number
        FROM message WHERE direction = 'in' GROUP BY channel, state
    UNION ALL
    SELECT 'delivery', channel, state, count(*) FROM delivery GROUP BY channel, state
    UNION ALL
    SELECT 'ticket', q.key, t.status, count(*)
        FROM ticket t JOIN queue q ON q.id = t.queue_id WHERE t.merged_into_id IS NULL GROUP BY q.key, t.status
    UNION ALL
    SELECT 'job', queue_name, status::text, count(*) FROM procrastinate_jobs GROUP BY queue_name, status
    UNION ALL
    SELECT 'mailbox', 'imap', box.value->>'state', count(*)
        FROM channel_cursor c, jsonb_each(c.value) box
        WHERE c.key = :fetching AND c.updated_at > now() - interval '3 minutes' GROUP BY 3
    """
)

Counts = Sequence[tuple[str, str, str, int]]


class Metrics:
    """All figures of one process, in a registry of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._registry = CollectorRegistry()
        self._work = _Work()
        self._registry.register(self._work)
        self._lock = asyncio.Lock()
        self._counted_until = 0.0
        self._requests = Counter(
            "contactcenter_http_requests",
            "HTTP requests answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "contactcenter_http_request_seconds",
            "Time to answer an HTTP request; streams and sockets are not timed.",
            ("route", "method"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        memory = Gauge("process_resident_memory_bytes", "Resident memory of this process.", registry=self._registry)
        memory.set_function(lambda: psutil.Process().memory_info().rss)

    def saw(self, route: str, method: str, status: int, seconds: float | None) -> None:
        """Count one request; ``route`` is its pattern, never its path, so that no id or name gets in."""
        known = method if method in METHODS else "other"
        self._requests.labels(route, known, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(route, known).observe(seconds)

    async def scrape(self) -> bytes:
        """Everything in Prometheus' text format. Without the database: what this process knows by itself."""
        async with self._lock:
            if time.monotonic() >= self._counted_until:
                await self._count()
            return generate_latest(self._registry)

    async def _count(self) -> None:
        started = time.monotonic()
        try:
            async with self._store.read() as uow:
                rows = (await uow.session.execute(_COUNTS, {"fetching": FETCH_STATUS})).all()
        except (Unavailable, SQLAlchemyError):
            self._work.counts = None
            return
        self._work.counts = [(row.of, row.one, row.other, row.number) for row in rows]
        now = time.monotonic()
        self._counted_until = now + REST * (now - started)


class _Work(Collector):
    """The database's figures as they were last counted; None: it was away."""

    def __init__(self) -> None:
        self.counts: Counts | None = None

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: the registry need not ask the database to know the names."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The families."""
        up = GaugeMetricFamily("contactcenter_database_up", "Whether the database answered.")
        up.add_metric([], float(self.counts is not None))
        yield up
        if self.counts is None:
            return
        yield from _messages(self.counts)
        channels, states = list(Channel), list(DeliveryState)
        zeros = [(channel.value, state.value) for channel in channels for state in states]
        yield _family(
            "contactcenter_deliveries", "Outbound messages.", ("channel", "state"), self.counts, "delivery", zeros
        )
        yield _family(
            "contactcenter_tickets", "Tickets, merged ones left out.", ("queue", "status"), self.counts, "ticket"
        )
        yield _family(
            "contactcenter_mailboxes",
            "Mailboxes that are fetched, by what they do.",
            ("protocol", "state"),
            self.counts,
            "mailbox",
            [("imap", "backing-off")],
        )
        yield _family("contactcenter_jobs", "Jobs that wait, run or failed.", ("queue", "status"), self.counts, "job")


def _messages(counts: Counts) -> Iterable[Metric]:
    """Inbound messages by channel: accepted in all, and how far they are."""
    kinds = (
        ("accepted", "Messages accepted.", frozenset(MessageState)),
        ("processed", "Messages understood.", frozenset({MessageState.DONE, MessageState.DUPLICATE})),
        ("quarantined", "Messages that failed three times.", frozenset({MessageState.QUARANTINED})),
        ("waiting", "Messages that wait to be understood.", frozenset({MessageState.WAITING})),
    )
    for name, words, states in kinds:
        tally: Tally[str] = Tally()
        for of, channel, state, number in counts:
            if of == "message" and state in states:
                tally[channel] += number
        family = GaugeMetricFamily(f"contactcenter_messages_{name}", words, labels=("channel",))
        for channel in Channel:
            family.add_metric([channel.value], float(tally[channel.value]))
        yield family


def _family(
    name: str, words: str, labels: tuple[str, str], counts: Counts, of: str, zeros: Iterable[tuple[str, str]] = ()
) -> Metric:
    family = GaugeMetricFamily(name, words, labels=labels)
    found = dict.fromkeys(zeros, 0) | {(one, other): number for kind, one, other, number in counts if kind == of}
    for (one, other), number in found.items():
        family.add_metric([one, other], float(number))
    return family
