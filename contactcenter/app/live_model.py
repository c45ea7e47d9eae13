"""The model that is published now: a worker takes up a new one between two batches, without a restart."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from contactcenter.errors import ModelError
from contactcenter.patterns import NumberPattern
from contactcenter.triage import places
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import Assessment, TriageInput

log = structlog.get_logger(__name__)

Stamp = tuple[str, int, int]
"""Folder, modification time (ns) and inode of a model's configuration: publishing changes it."""


class LiveModel:
    """Assesses with the model of a name as it is on disk; share one between threads.

    Looking costs a few microseconds a batch. A model that cannot be loaded leaves the one before at work.
    """

    def __init__(self, model: str, data: Path, numbers: Sequence[NumberPattern] = ()) -> None:
        self._model = model
        self._data = data
        self._numbers = tuple(numbers)
        self._lock = threading.Lock()
        self._assessor: Assessor | None = None
        self._stamp: Stamp | None = None
        self._look()

    def assess(self, items: Sequence[TriageInput]) -> list[Assessment]:
        """One assessment for each message, in order. Raises :class:`ModelError` while there is no model at all."""
        self._look()
        assessor = self._assessor
        if assessor is None:
            raise ModelError(f"there is no model {self._model}")
        return assessor.assess(items)

    def _look(self) -> None:
        """Load what is published, when it is not what is loaded."""
        with self._lock:
            stamp = self._stamp_now()
            if stamp is None or stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                self._assessor = Assessor.load(Path(stamp[0]), self._data, self._numbers)
            except ModelError as error:
                at_work = self._assessor.name if self._assessor else ""
                log.error("the published triage model cannot be loaded", error=str(error), at_work=at_work)
            else:
                log.info("triage model loaded", model=self._assessor.name)

    def _stamp_now(self) -> Stamp | None:
        try:
            folder = places.find(self._model, self._data)
            state = (folder / places.CONFIG).stat()
        except (ModelError, OSError) as error:
            if self._stamp is None:
                self._stamp = ("", 0, 0)
                log.error("no triage model: every message goes to people", error=str(error))
            return None
        return str(folder), state.st_mtime_ns, state.st_ino
