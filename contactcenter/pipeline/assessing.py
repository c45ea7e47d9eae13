"""Triage with a deadline: a batch of messages gets what triage says of it in time, and people get the rest.

Triage is our own code over texts of strangers. Whatever it does to them (it is away, it fails, it takes for ever), the
messages go on to people at the latest when the budget is spent, each with the reason why triage said nothing of it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import structlog

from contactcenter.errors import ModelError
from contactcenter.triage.assessment import Assessment, TriageInput

log = structlog.get_logger(__name__)

CHUNK = 8
"""Messages assessed at once: so many at most wait in vain with one that takes long."""
GIVEN_UP = 2
"""Threads that may still be at work on what was given up; with so many nothing more is begun."""
TELL_EVERY = 60.0  # seconds between two warnings

_SHARE = 0.5
"""Of the time that is left, what one chunk may take while others wait behind it."""


class Assess(Protocol):
    """What the pipeline needs of triage."""

    def assess(self, items: Sequence[TriageInput]) -> list[Assessment]:
        """One assessment for each item, in order."""
        ...


class Unassessed(StrEnum):
    """Why triage says nothing of a message that a person wrote."""

    NO_MODEL = "no-model"
    OVER_TIME = "over-time"
    FAILED = "failed"


Answer = Assessment | Unassessed


class Assessing:
    """Asks the assessor, and gives up in time. Thread-safe."""

    def __init__(self, assessor: Assess | None, budget: float) -> None:
        """``budget``: seconds that a batch of messages may wait for triage."""
        self._assessor = assessor
        self._budget = budget
        self._given_up: list[_Run] = []
        self._told = -TELL_EVERY
        self._error = ""  # the last one

    def assess(self, items: Sequence[TriageInput]) -> list[Answer]:
        """What triage says of each message, in order, or why nothing; never raises."""
        found = self._ask(items)
        silent = Counter(answer.value for answer in found if isinstance(answer, Unassessed))
        if silent and time.monotonic() - self._told >= TELL_EVERY:
            self._told = time.monotonic()
            log.warning("triage said nothing: people get the messages", of=len(items), error=self._error, **silent)
        return found

    def _ask(self, items: Sequence[TriageInput]) -> list[Answer]:
        if self._assessor is None:
            return [Unassessed.NO_MODEL] * len(items)
        deadline = time.monotonic() + self._budget
        chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
        found: list[Answer] = []
        run: _Run | None = None
        while chunks:
            left = deadline - time.monotonic()
            if left <= 0 or self._is_stuck():
                break
            run = run or _Run(self._assessor, chunks)
            try:
                answers, self._error = run.answers.get(timeout=left if len(chunks) == 1 else left * _SHARE)
                found += answers
            except queue.Empty:
                found += [Unassessed.OVER_TIME] * len(chunks[0])
                self._give_up(run)
                run = None
            chunks = chunks[1:]
        if run is not None and chunks:
            self._give_up(run)
        return found + [Unassessed.OVER_TIME] * (len(items) - len(found))

    def _give_up(self, run: _Run) -> None:
        run.given_up.set()
        self._given_up.append(run)

    def _is_stuck(self) -> bool:
        """Whether so much is still at work in vain that more would only make it worse."""
        self._given_up = [run for run in self._given_up if run.is_alive()]
        return len(self._given_up) >= GIVEN_UP


class _Run(threading.Thread):
    """Assesses chunks one after the other until it has done all, or the one who asked has given up.

    A daemon: what hangs in it does not keep the service from ending.
    """

    def __init__(self, assessor: Assess, chunks: Sequence[Sequence[TriageInput]]) -> None:
        super().__init__(name="triage", daemon=True)
        self._assessor = assessor
        self._chunks = chunks
        self._error = ""
        self.answers: queue.SimpleQueue[tuple[list[Answer], str]] = queue.SimpleQueue()
        self.given_up = threading.Event()
        self.start()

    def run(self) -> None:
        """Put the answers to each chunk into ``answers``, with what went wrong last."""
        for chunk in self._chunks:
            if self.given_up.is_set():
                return
            self.answers.put((self._answers(chunk), self._error))

    def _answers(self, chunk: Sequence[TriageInput]) -> list[Answer]:
        """The assessments of a chunk; where that fails, of each message alone."""
        try:
            found = self._assessor.assess(chunk)
            if len(found) == len(chunk):
                return list(found)
        except ModelError as error:
            self._error = str(error)
            return [Unassessed.NO_MODEL] * len(chunk)
        except Exception as error:  # noqa: BLE001 - whatever it is, only the message at fault stays without
            self._error = f"{type(error).__name__}: {error}"[:200]
        if len(chunk) == 1:
            return [Unassessed.FAILED]
        return [answer for item in chunk for answer in self._answers([item])]
