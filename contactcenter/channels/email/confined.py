"""Reads mail in a child process that may use two CPU seconds, 256 MiB and ten seconds of wall time for each.

Whatever a hostile mail does to the reader, it does it there: the child is killed, another one takes its place, and
the mail counts as failed. The child is a program of its own (never a fork of a threaded process) and ends with its
standard input. What comes back is unpickled from a short list of plain value types, nothing else.

Mails that are read together keep each other waiting, so they have a small part of that time; a mail that needs more is
given up (:class:`contactcenter.envelope.TakesLong`) and read by itself later, by a child of low priority that nobody
else waits for.

Questions and answers are one frame each (see :mod:`contactcenter.channels.email.packing`).
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import pickle  # nosec B403
import queue
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

from contactcenter.channels.email import packing
from contactcenter.channels.email.frames import PIPE, Frames
from contactcenter.channels.email.reader import MailReader, Ours, OwnAddresses
from contactcenter.envelope import Content, InboundMessage, TakesLong
from contactcenter.errors import InvalidInput

if TYPE_CHECKING:
    from contactcenter.settings import Settings  # the child knows none, and starts the sooner

CHILDREN = 2
CPU_SECONDS = 2.0
QUICK_CPU_SECONDS = 0.1
QUICK_CPU_SECONDS_BY_BYTE = 0.01 / 2**20
"""What a mail may take that is read together with others. Usual ones take a hundredth of it, and files 3 ms a MiB."""

MEMORY = 256 * 2**20  # bytes of address space; the largest mail of the usual limit takes 160 MiB
_USUAL_LIMIT = 25 * 2**20  # bytes of a mail
WALL_SECONDS = 10.0
_MOST_LITTER = 20_000  # objects that mails may leave behind before they are looked through for what hangs in circles
_TOGETHER = 32  # mails that are asked for at once
_KEPT_BACK = 0.02  # seconds that answers may wait for those after them, to go in one frame
_TICK = 0.01  # seconds of CPU
_POLITE = 10  # added to the niceness of a child that nobody waits for
_TOO_MUCH = "it took too much time or memory"


class ConfinedReader:
    """The :class:`contactcenter.envelope.BatchReader` of mail that nothing can hang or break. Thread-safe.

    There is a quick child for each of the two lanes that a worker reads at the same time, and a patient one for mails
    that take long, started when it is first needed.
    """

    def __init__(self, settings: Settings, made: OwnAddresses = frozenset, command: Sequence[str] = ()) -> None:
        """``command`` runs a child; the default is this module."""
        # A child reads strangers' mail: it gets none of our secrets.
        rules = (Ours.of(settings), MEMORY + 5 * max(0, settings.smtp.max_size - _USUAL_LIMIT))
        command = list(command) or [sys.executable, "-m", "contactcenter.channels.email.confined"]
        self._made = made
        self._children = [Child(rules, command) for _ in range(CHILDREN)]
        # The one started first is warm.
        self._free: queue.PriorityQueue[tuple[float, int, Child]] = queue.PriorityQueue()
        for child in self._children:
            self._put_back(child)
        self._patient = Child(rules, command, patient=True)
        self._patience = threading.Lock()

    def __call__(self, message: InboundMessage) -> Content:
        """The message understood; raises :class:`InvalidInput` when the child did not survive it."""
        with self._patience:
            (answer,) = self._patient.ask([message], self._made()) or [_TOO_MUCH]
        found = _understood(answer)
        if isinstance(found, Exception):
            raise found
        return found

    def read_many(self, messages: Sequence[InboundMessage]) -> list[Content | Exception]:
        """Each message understood, or why it could not be; :class:`TakesLong` where that takes too long for the others.

        Several go to a child at once: waking another process for each costs nearly as much as reading it. When the
        child does not survive them, those that it did not answer are read one by one, and only one is given up.
        """
        found: list[Content | Exception] = []
        made = self._made()
        child = self._take()
        try:
            for group in _groups(messages):
                answers = child.ask(group, made)
                for message in group[len(answers) :]:
                    child = self._living(child)
                    answers += (child.ask([message], made) if len(group) > 1 else []) or [None]
                found += map(_understood, answers)
        finally:
            self._put_back(self._living(child))
        return found

    def _take(self) -> Child:
        """The free child that runs longest."""
        return self._free.get()[-1]

    def _put_back(self, child: Child) -> None:
        self._free.put((child.started, self._children.index(child), child))

    def _living(self, child: Child) -> Child:
        """The child, or another one that need not be started first when it has died; a new one gets ready meanwhile."""
        if child.pid is not None:
            return child
        child.running()
        self._put_back(child)
        return self._take()

    @property
    def pid(self) -> int | None:
        """The first quick child's process id; None while there is none."""
        return self._children[0].pid

    def start(self) -> None:
        """Start the quick children now, so that the first mails do not wait for them."""
        for child in [self._take() for _ in self._children]:
            child.running()
            self._put_back(child)

    def close(self) -> None:
        """End the children, once what they read is read."""
        for child in [self._take() for _ in self._children]:
            child.kill()
            self._put_back(child)
        with self._patience:
            self._patient.kill()


def _understood(answer: Any) -> Content | Exception:
    """What a child's answer means."""
    if answer is None:
        return TakesLong()
    return packing.unpack_content(answer) if isinstance(answer, list) else InvalidInput(f"the reader failed: {answer}")


class Child:
    """One child process, started when it is asked and again when it died. For one thread at a time."""

    def __init__(self, rules: tuple[Ours, int], command: Sequence[str], *, patient: bool = False) -> None:
        """``rules`` are what it must know of us and how many bytes of address space it may take.

        ``patient``: it takes as long as a mail may, at low priority; else it gives mails up that take long.
        """
        self._rules = rules
        self._command = command
        self._patient = patient
        self.started = math.inf  # seconds of the monotonic clock; never yet
        self._process: subprocess.Popen[bytes] | None = None
        self._frames = Frames(None, None)
        self._told: frozenset[str] = frozenset()  # the addresses of ours that it knows of

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        return self._process.pid if self._process is not None else None

    def ask(self, group: Sequence[InboundMessage], made: frozenset[str]) -> list[Any]:
        """The answers: for each mail a list of fields, what went wrong, or None where it was given up.

        They are fewer than the mails when the child did not survive one of those that are left.
        """
        answers: list[Any] = []
        try:
            frames = self.running()
            news = None if made == self._told else made
            frames.send(pickle.dumps(([packing.pack_message(one) for one in group], news), pickle.HIGHEST_PROTOCOL))
            self._told = made
            while len(answers) < len(group):
                answers += packing.plain_values(frames.receive(WALL_SECONDS))
        except (OSError, EOFError, TimeoutError, TypeError, pickle.UnpicklingError):
            self.kill()
        return answers[: len(group)]

    def running(self) -> Frames:
        """The way to it, started where it does not run."""
        if self._process is None or self._process.poll() is not None:
            self.kill()
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
            )
            self.started = time.monotonic()
            self._frames = Frames(self._process.stdout, self._process.stdin)
            self._told = frozenset()
            self._frames.send(pickle.dumps((*self._rules, self._patient)))
        return self._frames

    def kill(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                    if stream is not None:
                        stream.close()


def _groups(messages: Sequence[InboundMessage]) -> Iterator[list[InboundMessage]]:
    """The messages in order, as many together as are small together."""
    group: list[InboundMessage] = []
    size = 0
    for message in messages:
        length = len(message.raw or b"")
        if group and (len(group) == _TOGETHER or size + length > PIPE // 2):
            yield group
            group, size = [], 0
        group.append(message)
        size += length
    if group:
        yield group


class _GivenUp(BaseException):
    """Reading took too long: raised by a signal, and nothing between here and there may take it for its own."""


class _Clock:
    """Counts the CPU time of one mail after another in ticks, for setting a timer anew for each costs too much."""

    def __init__(self) -> None:
        self._left = sys.maxsize  # ticks
        signal.signal(signal.SIGPROF, self._tick)

    def start(self) -> None:
        """Tick from now on. A mail that the reader's own machine code does not come back from ends the process."""
        signal.setitimer(signal.ITIMER_PROF, _TICK, _TICK)
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)

    def stop(self) -> None:
        """Tick no more."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def allow(self, size: int) -> None:
        """Give the next mail, of that many bytes, its time."""
        self._left = int((QUICK_CPU_SECONDS + size * QUICK_CPU_SECONDS_BY_BYTE) / _TICK)

    def rest(self) -> None:
        """Give nobody up between two mails."""
        self._left = sys.maxsize

    def _tick(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        self._left -= 1
        if self._left < 0:
            self._left = 1  # again then: this one may come where exceptions go nowhere
            raise _GivenUp


def main() -> None:
    """Read mails from standard input until it ends."""
    frames = Frames(sys.stdin.buffer, sys.stdout.buffer)
    try:
        ours, memory, patient = pickle.loads(frames.receive())  # noqa: S301  # nosec B301 - from our own parent
    except EOFError:
        return
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    clock = None if patient else _Clock()
    if patient:
        os.nice(_POLITE)
    gc.freeze()  # what is loaded stays: no need to look through it at every collection
    gc.disable()  # while a mail is read nothing is thrown away in circles, and looking for them grows with its size
    made: frozenset[str] = frozenset()
    reader = MailReader(ours, lambda: made)
    while True:
        try:
            asked, news = pickle.loads(frames.receive())  # noqa: S301  # nosec B301 - from our own parent
        except EOFError:
            return
        made = made if news is None else news
        for answers in _answers(reader, asked, clock):
            frames.send(pickle.dumps(answers, pickle.HIGHEST_PROTOCOL))
        if gc.get_count()[0] > _MOST_LITTER:
            gc.collect()


def _answers(reader: MailReader, asked: Sequence[list[Any]], clock: _Clock | None) -> Iterator[list[Any]]:
    """The answers to mails, those together that follow each other soon; without a clock one that takes long is read."""
    answers: list[Any] = []
    began = time.monotonic()
    if clock is not None:
        clock.start()
    for values in asked:
        message = packing.unpack_message(values)
        answers.append(_hasty_answer(reader, message, clock) if clock else _patient_answer(reader, message))
        if time.monotonic() - began > _KEPT_BACK:
            yield answers
            answers, began = [], time.monotonic()
    if clock is not None:
        clock.stop()
    if answers:
        yield answers


def _patient_answer(reader: MailReader, message: InboundMessage) -> list[Any] | str:
    """The fields of what a mail says, or what went wrong. The signal at the end of its time ends the process."""
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        return packing.pack_content(reader(message))
    except Exception as error:  # noqa: BLE001 - said to the parent, which counts it against the mail
        return f"{type(error).__name__}: {error}"


def _hasty_answer(reader: MailReader, message: InboundMessage, clock: _Clock) -> list[Any] | str | None:
    """The same, or None where it takes more time or memory than others can wait for."""
    try:
        try:
            clock.allow(len(message.raw or b""))
            return packing.pack_content(reader(message))
        finally:
            clock.rest()
    except (_GivenUp, MemoryError):
        clock.rest()
        return None
    except Exception as error:  # noqa: BLE001 - said to the parent, which counts it against the mail
        return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
