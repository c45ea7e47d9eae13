"""Wiring of the comparison by meaning: in a thread of this process, or in a child of a process that must stay light."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contactcenter.knowledge.understanding import PATIENCE, Understanding, attach
from contactcenter.store.store import Store

if TYPE_CHECKING:
    from contactcenter.knowledge.meaning import Comparer

GLANCE = 1.0
"""Seconds somebody who looks at a page waits for it: until the child is warm, words have to do."""

ALL_THE_TIME = 600.0
"""Seconds a command waits."""

_here: Comparer | None = None  # in the child: what its parent asks


def in_thread(data: Path | None, patience: float = PATIENCE) -> Understanding:
    """For workers and commands: the encoders are loaded in this process when they are first needed."""
    comparer = _comparer(data)

    def call(name: str, *arguments: object) -> Any:
        return getattr(comparer, name)(*arguments)

    return Understanding(partial(ThreadPoolExecutor, 1, "meaning"), call, patience)


def in_child(data: Path | None) -> Understanding:
    """For the web process: a child that starts with the first search and ends with its parent."""
    context = multiprocessing.get_context("spawn")
    make: Callable[[], Executor] = partial(ProcessPoolExecutor, 1, context, _prepare, (data,))
    return Understanding(make, _call, GLANCE)


@contextmanager
def meaning_attached(store: Store, data: Path | None) -> Iterator[Understanding]:
    """For commands: searches in the store go by meaning too, however long the first one takes."""
    found = in_thread(data, ALL_THE_TIME)
    attach(store, found)
    try:
        yield found
    finally:
        found.close()


def _prepare(data: Path | None) -> None:
    global _here  # the child's only state, set once at its start
    _here = _comparer(data)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A pool's child does not notice that its parent was killed; this thread does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def _call(name: str, *arguments: object) -> Any:
    return getattr(_here, name)(*arguments)


def _comparer(data: Path | None) -> Comparer:
    # Here: the parent of a child must not load numpy.
    from contactcenter.knowledge.meaning import Comparer
    from contactcenter.triage.bilingual import bilingual

    return Comparer(partial(bilingual, data))
