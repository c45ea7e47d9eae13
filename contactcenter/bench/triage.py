"""``bench triage``: CPU time of an assessment, with the encoder for every message and where words do not decide.

It is the starter model's: as it is shipped (a cascade: words first, vectors where words do not decide), by words alone,
and with both always. Texts of fixed lengths are made by joining messages; the corpus' own test rows are the realistic
ones. Time is CPU time of this process on one thread, the cheapest of some rounds counts. A fresh process tells what
starting and memory cost.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contactcenter.clock import now
from contactcenter.triage import evaluation, places, registry
from contactcenter.triage.assess import CATEGORY, Assessor
from contactcenter.triage.assessment import TriageInput
from contactcenter.triage.calibration import NEVER
from contactcenter.triage.corpus import TEST, read_folder
from contactcenter.triage.encoder import OnnxEncoder
from contactcenter.triage.features import NoEncoder, Read
from contactcenter.triage.linear import ANY_LANGUAGE, LinearModel

LENGTHS = {"short": 32, "usual": 64, "long": 256}
"""Tokens of the made texts."""

TOGETHER = 32
_TEXTS = 192
_STARTS = 3

_FRESH = """
import json, sys, time
began = time.perf_counter()
from pathlib import Path
from contactcenter import clock
from contactcenter.triage import places, registry
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput
model = registry.load(Path(sys.argv[1]))
assessor = Assessor(model, registry.encoder_of(model, Path(sys.argv[1])))
assessor.assess([TriageInput("Something odd happened to me and I do not know whom to ask", "", clock.now())])
took = time.perf_counter() - began
import psutil
print(json.dumps({"seconds": took, "mib": psutil.Process().memory_info().rss / 2**20}))
"""


@dataclass(frozen=True, slots=True)
class TriageCost:
    """Milliseconds of CPU a message, one at a time and many together; the share whose vectors were computed."""

    texts: str
    model: str
    messages: int
    characters: float
    alone_ms: float
    together_ms: float
    encoded: float
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Start:
    """What a fresh process needs to its first assessment, second look included: the median of some starts."""

    model: str
    seconds: float
    mib: float


def run_triage(corpus: Path, rounds: int) -> tuple[list[TriageCost], list[Start]]:
    """Measure the ways, and start."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # here: it comes with scikit-learn

    folder = places.find(places.DEFAULT_MODEL)
    cascade = registry.load(folder)
    encoder = OnnxEncoder(places.find_encoder(places.DEFAULT_ENCODER))
    always = _always_both(cascade)
    models = {"words alone": _words_alone(cascade), "cascade": cascade, "always both": always}
    tests = read_folder(corpus, TEST)
    realistic = [example.text for example in tests.examples]
    counted = _Counting(encoder)
    costs = []
    # Threads that wait for each other would count as work.
    with threadpool_limits(1):
        for name, tokens in LENGTHS.items():
            texts = _of_length([text for text in realistic if text.isascii()], tokens, encoder)
            costs.append(_cost(f"{name}, {tokens} tokens", "always both", always, texts, counted, rounds))
        for name, model in models.items():
            cost = _cost("corpus", name, model, realistic, counted if model.neighbours else NoEncoder(), rounds)
            costs.append(cost)
    for place, model in enumerate(models.values(), len(LENGTHS)):
        reads = encoder if model.neighbours else NoEncoder()
        report = evaluation.evaluate(model, tests, reads)["heads"][CATEGORY]
        costs[place] = replace(costs[place], accuracy=report["accuracy"])
    return costs, [_start("cascade", folder)]


def _words_alone(model: registry.TrainedModel) -> registry.TrainedModel:
    """The same model, which looks at no vectors."""
    linear = model.linear
    heads = [replace(head, second=None) for head in linear.heads]
    return replace(model, linear=LinearModel(heads, linear.buckets, linear.weights[:-1]), neighbours={}, encoder="")


def _always_both(model: registry.TrainedModel) -> registry.TrainedModel:
    """The same model, which looks at the vectors of every message."""
    linear = model.linear
    heads = [
        head if head.second is None else replace(head, second=replace(head.second, lines={ANY_LANGUAGE: NEVER}))
        for head in linear.heads
    ]
    return replace(model, linear=LinearModel(heads, linear.buckets, linear.weights[:-1]))


class _Counting:
    """An encoder that counts what it is asked."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder
        self.width, self.manner, self.prompt = encoder.width, encoder.manner, encoder.prompt
        self.asked = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors."""
        return self.read(texts).meaning

    def read(self, texts: Sequence[str]) -> Read:
        """The vectors, and those of manner."""
        self.asked += len(texts)
        return self._encoder.read(texts)


def _of_length(texts: Sequence[str], tokens: int, encoder: OnnxEncoder) -> list[str]:
    """Messages joined and cut to so many tokens."""
    made: list[str] = []
    words = iter(" ".join(texts).split() * 50)
    while len(made) < _TEXTS:
        text = next(words)
        while encoder.tokens(text) < tokens:
            text = f"{text} {next(words)}"
        made.append(text)
    return made


def _cost(
    what: str,
    name: str,
    model: registry.TrainedModel,
    texts: Sequence[str],
    encoder: _Counting | NoEncoder,
    rounds: int,
) -> TriageCost:
    assessor = Assessor(model, encoder)
    moment = now()
    items = [TriageInput(text, "", moment) for text in texts]
    few = items[:: max(len(items) // _TEXTS, 1)]
    assessor.assess(few[:TOGETHER])  # what is loaded on first use is loaded
    before = _asked(encoder)
    together = min(_timed(assessor, few, TOGETHER) for _ in range(rounds))
    encoded = (_asked(encoder) - before) / len(few) / rounds
    alone = min(_timed(assessor, few, 1) for _ in range(rounds))
    characters = float(np.mean([len(item.text) for item in few]))
    return TriageCost(what, name, len(few), characters, alone, together, encoded, None)


def _asked(encoder: _Counting | NoEncoder) -> int:
    return encoder.asked if isinstance(encoder, _Counting) else 0


def _timed(assessor: Assessor, items: Sequence[TriageInput], together: int) -> float:
    """Milliseconds of CPU a message."""
    began = time.process_time()
    for start in range(0, len(items), together):
        assessor.assess(items[start : start + together])
    return (time.process_time() - began) * 1000 / len(items)


def _start(name: str, folder: Path) -> Start:
    found = []
    for _ in range(_STARTS):
        answer = subprocess.run(  # noqa: S603 # nosec B603 - our own program
            [sys.executable, "-c", _FRESH, str(folder)], capture_output=True, check=True, text=True
        )
        found.append(json.loads(answer.stdout))
    seconds, mib = (float(np.median([one[key] for one in found])) for key in ("seconds", "mib"))
    return Start(name, seconds, mib)
