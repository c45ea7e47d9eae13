"""``bench parse``: what reading a mail costs, beside the standard library; and how the cost grows with the input.

Mails go in batches, as a worker reads them under load: those of like cost together, so that a mail's share of its
batch is its cost. Every batch is read by each way, round after round, and the cheapest round counts: other work on the
machine can only make a round dearer, and the ways take turns in each. Time is CPU time, of the child process too where
there is one.
"""

from __future__ import annotations

import contextlib
import email
import email.policy
import gc
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from functools import partial
from itertools import pairwise
from pathlib import Path

import nh3

from contactcenter.bench.machine import CpuClock
from contactcenter.channels.email.confined import ConfinedReader
from contactcenter.channels.email.first_look import inbound_mail
from contactcenter.channels.email.mime import read_mail
from contactcenter.channels.email.reader import MailReader, Ours
from contactcenter.envelope import InboundMessage
from contactcenter.errors import InvalidInput
from contactcenter.settings import Mailbox, Settings

OUR_ADDRESS = "support@desk.example"
BASELINE = "policy.default"
TOGETHER = 32  # mails of one batch; the worker takes up to 64 that wait in one lane
_GROWTH_SIZES = (64_000, 128_000, 256_000, 512_000)  # bytes of one pattern
_GROWTH_SPENT = 800_000_000  # nanoseconds spent on each pattern at least
_TEXT_PATTERNS = (
    "> ", "> x\n", "On 5 May 2024 x <a@b> wrote:\n", "On ", " ", "From: a\n", "-\n", "---\n", "a:\n", "(", "=?",
    "Thanks,\n", "发件人: a\n", "在 2024年5月5日，x 写道：\n", "begin 644 a\n", "a@b.example ", "http://", "550 5.1.1 ",
    "mailbox user host ", "\t",
)  # fmt: skip
_HTML_PATTERNS = ("<a ", '<a "', "<div>", "<b>", "<p><b>", "&", "&amp;", "<!--", "<blockquote>", "<table><tr><td>", "<")
_FIELD_PATTERNS = ("(", '"\\', "@", "a@b.example, ", "=?utf-8?q?a?= ", "=?utf-8?q?", "<a@b> ", "<", ":;", "\t")


@dataclass(frozen=True, slots=True)
class ParseResult:
    """One way of reading: milliseconds of CPU a mail, and how many times baseline's mails a CPU second (``ratio``)."""

    way: str
    median_ms: float
    p95_ms: float
    mails_per_cpu_second: float  # on the median mail
    ratio: float
    failed: int  # mails it raised on


@dataclass(frozen=True, slots=True)
class Growth:
    """How the cost of a pattern grows: CPU milliseconds at each size, and the worst factor of one doubling."""

    pattern: str
    kilobytes: int  # of the largest
    milliseconds: float  # of the largest
    worst_doubling: float


def read_folders(paths: Iterable[Path]) -> list[bytes]:
    """The raw mails of ``.eml`` files and of folders of them, however deep; raises :class:`InvalidInput` for none."""
    files = [file for path in paths for file in (sorted(path.rglob("*.eml")) if path.is_dir() else [path])]
    try:
        mails = [file.read_bytes() for file in files]
    except OSError as error:
        raise InvalidInput(f"cannot be read: {error}") from error
    if not mails:
        raise InvalidInput("no .eml files there")
    return mails


@dataclass(slots=True)
class _Way:
    """One way of reading, and what each mail of its batches took in the cheapest round so far."""

    name: str
    read: Callable[[Sequence[InboundMessage]], int]  # a batch; on how many mails it raised
    batches: Sequence[Sequence[InboundMessage]]
    child: CpuClock | None = None
    costs: list[int] = field(default_factory=list)  # nanoseconds of CPU a mail, by batch
    failed: int = 0

    def round(self) -> None:
        """Read every batch once."""
        costs, self.failed = [], 0
        # What the child does between two batches counts for the second one: nothing of it falls between.
        theirs = self.child.nanoseconds() if self.child else 0
        for batch in self.batches:
            began = time.process_time_ns()
            self.failed += self.read(batch)
            cost = time.process_time_ns() - began
            before, theirs = theirs, self.child.nanoseconds() if self.child else 0
            costs.append((cost + theirs - before) // len(batch))
        self.costs = [min(pair) for pair in zip(self.costs, costs, strict=True)] if self.costs else costs

    def by_mail(self) -> list[int]:
        """Nanoseconds of CPU of every mail: its share of its batch."""
        return [cost for cost, batch in zip(self.costs, self.batches, strict=True) for _ in batch]


def run_parse(mails: Sequence[bytes], rounds: int) -> list[ParseResult]:
    """Read the mails by every way, that many rounds; in turns, so that other work on the machine hits them alike."""
    messages = [inbound_mail(raw, recipients=(OUR_ADDRESS,), queue="", envelope={}) for raw in mails]
    settings = Settings(mailboxes=(Mailbox(address=OUR_ADDRESS),))
    in_process: tuple[tuple[str, Callable[[InboundMessage], object]], ...] = (
        (BASELINE, lambda message: _by_policy_default(message.raw or b"")),
        ("compat32, decode, nh3", lambda message: _by_compat32(message.raw or b"")),
        ("ours in process", MailReader(Ours.of(settings))),
    )
    ways = []
    for name, read in in_process:
        ordered = _by_cost(read, messages)
        ways.append(_Way(name, partial(_each, read), _batches(ordered, TOGETHER)))
    reader = ConfinedReader(settings)
    try:
        reader.read_many(messages[:1])  # the child is there and warm
        clock = CpuClock(reader.pid or 0)
        for name, together in (("one by one", 1), (f"{TOGETHER} at once", TOGETHER)):
            ways.append(_Way(f"ours confined, {name}", partial(_confined, reader), _batches(ordered, together), clock))
        for _ in range(rounds):
            for way in ways:
                way.round()
    finally:
        reader.close()
    baseline = statistics.median(ways[0].by_mail())
    return [_result(way, baseline) for way in ways]


def _each(read: Callable[[InboundMessage], object], batch: Sequence[InboundMessage]) -> int:
    """Read the mails of a batch; on how many reading raised: that others raise on some mails is a result."""
    failed = 0
    for message in batch:
        try:
            read(message)
        except Exception:  # noqa: BLE001 - counted
            failed += 1
    return failed


def _confined(reader: ConfinedReader, batch: Sequence[InboundMessage]) -> int:
    return sum(isinstance(answer, Exception) for answer in reader.read_many(batch))


def _by_cost(read: Callable[[InboundMessage], object], messages: Sequence[InboundMessage]) -> list[InboundMessage]:
    """The mails, the cheapest to read first."""
    costs = []
    for message in messages:
        _each(read, [message])  # what is loaded on the way is loaded now
        began = time.process_time_ns()
        _each(read, [message])
        costs.append(time.process_time_ns() - began)
    return [messages[index] for index in sorted(range(len(messages)), key=costs.__getitem__)]


def _batches(messages: Sequence[InboundMessage], together: int) -> list[Sequence[InboundMessage]]:
    return [messages[start : start + together] for start in range(0, len(messages), together)]


def _result(way: _Way, baseline: float) -> ParseResult:
    ordered = sorted(way.by_mail())
    median = statistics.median(ordered)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return ParseResult(way.name, median / 1e6, p95 / 1e6, 1e9 / median, baseline / median, way.failed)


def _by_policy_default(raw: bytes) -> list[object]:
    """The standard library's modern interface: parsed, every text part decoded."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]


def _by_compat32(raw: bytes) -> list[str]:
    """The least that could be done: the old interface, text parts decoded, HTML cleaned."""
    texts = []
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_maintype() == "text":
            text = _decoded(part)
            texts.append(nh3.clean(text) if part.get_content_subtype() == "html" else text)
    return texts


def _decoded(part: Message) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    with contextlib.suppress(LookupError):
        return data.decode(part.get_content_charset() or "utf-8", "replace")
    return data.decode("utf-8", "replace")


def run_growth(rounds: int) -> list[Growth]:
    """Read patterns made to hurt at doubling sizes, as the child does it; linear work doubles with them."""
    gc.disable()
    try:
        return [_growth(name, make, rounds) for name, make in _patterns()]
    finally:
        gc.enable()


def _patterns() -> list[tuple[str, Callable[[int], bytes]]]:
    def repeated(head: str, unit: str) -> Callable[[int], bytes]:
        data = unit.encode()
        return lambda size: head.encode() + data * (size // len(data)) + b"\r\n\r\nhi\r\n"

    text = "From: a@b.example\r\nSubject: x\r\nContent-Type: text/{}; charset=utf-8\r\n\r\nhi\n"
    bounce = "From: MAILER-DAEMON@x.example\r\nSubject: Undelivered mail\r\n\r\ncould not be delivered\n"
    found = [(f"text {unit!r}", repeated(text.format("plain"), unit)) for unit in _TEXT_PATTERNS]
    found += [(f"bounce {unit!r}", repeated(bounce, unit)) for unit in _TEXT_PATTERNS]
    found += [(f"html {unit!r}", repeated(text.format("html"), unit)) for unit in _HTML_PATTERNS]
    found += [(f"to {unit!r}", repeated("From: a@b.example\r\nTo: ", unit)) for unit in _FIELD_PATTERNS]
    found += [(f"subject {unit!r}", repeated("From: a@b.example\r\nSubject: ", unit)) for unit in _FIELD_PATTERNS]
    return found


def _growth(name: str, make: Callable[[int], bytes], rounds: int) -> Growth:
    inputs = [make(size) for size in _GROWTH_SIZES]
    best = [math.inf] * len(inputs)
    spent = done = 0
    # The sizes take turns, so that other work on the machine hits them alike. A few milliseconds say nothing alone: the
    # shorter it takes the more often it is read.
    while done < rounds or spent < _GROWTH_SPENT:
        for place, raw in enumerate(inputs):
            began = time.process_time_ns()
            read_mail(raw)
            cost = max(1, time.process_time_ns() - began)
            best[place], spent = min(best[place], cost), spent + cost
        done += 1
    worst = max(after / before for before, after in pairwise(best))
    return Growth(name, _GROWTH_SIZES[-1] // 1000, best[-1] / 1e6, worst)
