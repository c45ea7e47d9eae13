"""Retraining: a candidate from the model's own corpus and what people said, compared, and published if it is better.

Nothing is learnt in place. The candidate is trained anew on the corpus the model came from and on the feedback that
counts (:mod:`contactcenter.triage.feedback`); it is compared with the model at work on rows neither was trained on and
on the tickets of the last weeks; and only then, or by a person's order, it takes the other's place in one step. The
model before stays beside it: :func:`roll_back` goes there and back.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from contactcenter.app.replay import Replay, replay
from contactcenter.errors import Conflict, InvalidInput, ModelError
from contactcenter.settings import Settings
from contactcenter.store.store import Store
from contactcenter.tickets.feedback import labelled
from contactcenter.tickets.model_history import Change, note_change
from contactcenter.triage import feedback, gate, places, registry
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import Assessment, TriageInput
from contactcenter.triage.corpus import TEST, TRAIN, Corpus, Example, read_folder
from contactcenter.triage.feedback import Said

CORPUS = "corpus"
"""Folder beside a model that holds what it was trained on."""

Progress = Callable[[str, float], None]


class Order(StrEnum):
    """Who decides on publishing: the gate, or a person who wants it (or only the figures) whatever the gate says."""

    BY_GATE = "by-gate"
    PUBLISH = "publish"
    DRY_RUN = "dry-run"


@dataclass(slots=True)
class Outcome:
    """What a retraining came to. Versions as assessments state them after the ``@``."""

    model: str
    live: str
    candidate: str = ""
    published: bool = False
    reasons: tuple[str, ...] = ()
    objections: tuple[gate.Objection, ...] = ()
    said: int = 0
    learnt: int = 0
    measured: int = 0
    comparisons: list[gate.Compared] = field(default_factory=list)
    replay: Replay | None = None

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain JSON values. ``said``: words that stand; ``learnt``, ``measured``: where they went."""
        return {
            "model": self.model,
            "live": self.live,
            "candidate": self.candidate,
            "published": self.published,
            "reasons": list(self.reasons),
            "objections": [one.to_json() for one in self.objections],
            "said": self.said,
            "learnt": self.learnt,
            "measured": self.measured,
            "comparisons": [one.to_json() for one in self.comparisons],
            "replay": self.replay.to_json() if self.replay else None,
        }


@dataclass(frozen=True, slots=True)
class Base:
    """The corpus a model came from: what it trains on, and the hold-out it never saw."""

    trains: Corpus
    hold_out: Corpus

    @property
    def labels(self) -> set[tuple[str, str]]:
        """Every label (with its head) that the corpus teaches."""
        return {item for example in self.trains.examples for item in example.labels.items()}


def base_of(folder: Path, corpus: Path | None = None) -> Base:
    """The corpus of a model folder, or else of the shipped model of that name. Raises :class:`InvalidInput`."""
    places = [corpus] if corpus else [folder / CORPUS, *_shipped(folder.name, CORPUS)]
    place = next((one for one in places if one.is_dir()), None)
    if place is None:
        raise InvalidInput(
            f"the model {folder.name} came without the corpus it was trained on; give one with --corpus "
            "(its form is described in the README of models/triage-service)"
        )
    return Base(read_folder(place, TRAIN), read_folder(place, TEST))


async def retrain(
    store: Store,
    settings: Settings,
    *,
    order: Order = Order.BY_GATE,
    days: int = 30,
    actor_id: str = "",
    corpus: Path | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Train a candidate, compare it with the model at work, and publish it if the gate or a person says so.

    ``days``: how many are replayed. ``actor_id`` is who ordered it, empty for nobody in particular. Takes some CPU
    minutes, in a thread. Raises :class:`InvalidInput` without scikit-learn or a corpus, :class:`ModelError` without a
    model, :class:`Conflict` while another one publishes.
    """
    folder = places.find(settings.triage.model, settings.data)
    async with store.read() as uow:
        words = await labelled(uow)
    base = await asyncio.to_thread(base_of, folder, corpus)
    live = await asyncio.to_thread(Assessor.load, folder, settings.data)
    counted = feedback.capped(words)
    trains, measures = feedback.parted(counted)
    trains = feedback.learnable(trains, base.labels)
    outcome = Outcome(folder.name, live.version, said=len(words), learnt=len(trains))
    if not trains and order is Order.BY_GATE:
        outcome.reasons = ("nobody has said anything to learn from",)
        return outcome
    own = own_folder(settings, folder)
    with _bench(own) as place:
        candidate = await asyncio.to_thread(_trained, folder, settings, base, trains, place, progress)
        outcome.candidate = candidate.version
        verdict = await _judged(outcome, store, base, measures, live, candidate, days)
        outcome.objections = verdict.objections
        outcome.reasons = tuple(map(str, verdict.objections))
        outcome.published = order is Order.PUBLISH or (order is Order.BY_GATE and verdict.passed)
        if outcome.published:
            await asyncio.to_thread(_publish, place, own, folder)
    if order is not Order.DRY_RUN:
        kind = Change.PUBLISHED if outcome.published else Change.REFUSED
        async with store.transaction() as uow:
            await note_change(
                uow, outcome.model, kind, outcome.candidate, outcome.live, actor_id, figures=outcome.to_json()
            )
    return outcome


async def roll_back(store: Store, settings: Settings, *, actor_id: str = "") -> Outcome:
    """Put the model before back to work, in one step; again, and the other is back. Raises :class:`ModelError`."""
    folder = own_folder(settings, places.find(settings.triage.model, settings.data))
    if not (folder / places.CONFIG).is_file():
        raise ModelError(f"{folder.name} is as it was shipped: there is no earlier model to go back to")
    with _alone(folder):
        was = await asyncio.to_thread(registry.load, folder)
        now = await asyncio.to_thread(registry.roll_back, folder)
    async with store.transaction() as uow:
        await note_change(uow, folder.name, Change.ROLLED_BACK, now.version, was.version, actor_id)
    return Outcome(folder.name, now.version, published=True, reasons=(f"was {was.version}",))


def own_folder(settings: Settings, live: Path) -> Path:
    """Where a model is published: in the data directory, unless its settings name a folder. Never in the package."""
    is_shipped = live.resolve().parent in {place.resolve() for place in places.shipped_places()}
    return settings.data / "models" / live.name if is_shipped else live


def _shipped(name: str, part: str) -> list[Path]:
    return [place / name / part for place in places.shipped_places()]


async def _judged(
    outcome: Outcome,
    store: Store,
    base: Base,
    measures: Sequence[Said],
    live: Assessor,
    candidate: Assessor,
    days: int,
) -> gate.Verdict:
    """Fill in the figures; gives what the gate makes of them."""
    texts = {said.message: said.text for said in measures}
    hold_out = base.hold_out.examples
    asked = [example.text for example in hold_out] + list(texts.values())
    before = await asyncio.to_thread(_assessed, live, asked)
    after = await asyncio.to_thread(_assessed, candidate, asked)
    said_before = dict(zip(texts, before[len(hold_out) :], strict=True))
    said_after = dict(zip(texts, after[len(hold_out) :], strict=True))
    compared = gate.on_hold_out(
        [example.labels for example in hold_out],
        [example.language for example in hold_out],
        before[: len(hold_out)],
        after[: len(hold_out)],
    )
    spoken = gate.on_feedback(measures, said_before, said_after)
    outcome.measured = len(measures)
    outcome.comparisons = [*compared, spoken]
    outcome.replay = await replay(store, candidate, days)
    without_one = gate.without_each_author(measures, said_before, said_after)
    return gate.judge(compared, spoken, without_one, outcome.replay.moved_share)


def _assessed(model: Assessor, texts: Sequence[str]) -> list[Assessment]:
    return model.assess([TriageInput(text) for text in texts])


def _trained(
    folder: Path, settings: Settings, base: Base, words: Sequence[Said], place: Path, progress: Progress | None
) -> Assessor:
    """The candidate, as it would be read from disk."""
    try:
        from contactcenter.triage import calibration, training
    except ImportError as error:
        raise InvalidInput(f"{error}; install what training needs: pip install 'contactcenter[train]'") from error
    live = registry.load(folder)
    more = tuple(Example(said.text, said.language, {said.head: said.label}, said.weight) for said in words)
    corpus = Corpus((*base.trains.examples, *more), base.trains.phrases)
    encoder = registry.encoder_of(live, folder, settings.data)
    pace = str(live.training.get("pace", calibration.THOROUGH))
    model = training.train(corpus, folder.name, base=live, encoder=encoder, pace=pace, progress=progress)
    model.training["feedback"] = len(words)
    registry.publish(model, place)
    return Assessor(registry.load(place), encoder)


def _publish(place: Path, own: Path, live: Path) -> None:
    """Put the candidate into the model's own folder, the model at work into its ``previous``."""
    with _alone(own):
        registry.adopt(own, live)
        registry.put_to_work(place, own)


@contextmanager
def _bench(own: Path) -> Iterator[Path]:
    """A folder for the candidate, beside the models so that encoders are found; it goes with the block."""
    own.parent.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f".candidate-{own.name}-", dir=own.parent))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep everybody else from publishing in a folder. Raises :class:`Conflict` when somebody does."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".publishing", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Conflict(f"another model is being published in {folder.name}") from error
    finally:
        os.close(lock)
