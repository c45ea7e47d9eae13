"""What is learnt while others sleep, or when a supervisor orders it: jobs of the worker."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from types import MappingProxyType

import structlog

from contactcenter.errors import ContactCenterError
from contactcenter.settings import Settings
from contactcenter.store.jobs import Task
from contactcenter.store.store import Store
from contactcenter.tickets.model_history import RETRAIN, ROLL_BACK

log = structlog.get_logger(__name__)

TOPICS = "new-topics"
RETRAIN_NIGHTLY = "retrain-nightly"
HOURS: Mapping[str, str] = MappingProxyType({TOPICS: "17 2 * * *", RETRAIN_NIGHTLY: "47 2 * * *"})
"""When (cron, UTC): the small hours of Europe, the morning of China; both jobs leave the service its CPU."""

LONGEST = 3_600.0
"""Seconds after which a retraining is ended."""


class LearningJobs:
    """The jobs over one store."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    def tasks(self) -> dict[str, Task]:
        """What people order, by name."""
        return {RETRAIN: self.retrain, ROLL_BACK: self.roll_back}

    def nightly(self) -> dict[str, tuple[str, Task]]:
        """What comes by itself: name → when and what. Retraining only where the settings want it."""
        jobs: dict[str, tuple[str, Task]] = {TOPICS: (HOURS[TOPICS], self.look_for_topics)}
        if self._settings.triage.retrain_nightly:
            jobs[RETRAIN_NIGHTLY] = (HOURS[RETRAIN_NIGHTLY], self.retrain_nightly)
        return jobs

    async def look_for_topics(self, timestamp: int) -> None:
        """Put the messages nobody had a name for together."""
        del timestamp
        from contactcenter.app.new_topics import look_for_topics

        opened = await look_for_topics(self._store, self._settings)
        log.info("looked for new topics", open=opened)

    async def retrain_nightly(self, timestamp: int) -> None:
        """Train a candidate; the gate decides."""
        del timestamp
        await self.retrain(publish=False, agent_id="")

    async def retrain(self, publish: bool, agent_id: str) -> None:
        """Train a candidate in a process of its own: its memory goes when it ends, and it takes what CPU is left."""
        command = [sys.executable, "-m", "contactcenter", "triage", "retrain", "--data", str(self._settings.data)]
        command += ["--json", *(["--publish"] if publish else []), *(["--by-id", agent_id] if agent_id else [])]
        if nice := shutil.which("nice"):
            command = [nice, "-n", "10", *command]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            _, said = await asyncio.wait_for(process.communicate(), LONGEST)
        except BaseException:
            process.kill()
            raise
        if process.returncode:
            log.error("retraining failed", error=said.decode(errors="replace")[-2_000:])

    async def roll_back(self, agent_id: str) -> None:
        """Put the model before back to work."""
        from contactcenter.app.retraining import roll_back

        try:
            outcome = await roll_back(self._store, self._settings, actor_id=agent_id)
        except ContactCenterError as error:
            log.error("nothing was rolled back", error=str(error))
        else:
            log.info("rolled back", model=outcome.model, version=outcome.live)
