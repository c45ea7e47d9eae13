"""Jobs that failed for good: kept by Procrastinate until somebody looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from contactcenter.errors import InvalidInput
from contactcenter.store.pages import Page, decode_cursor, encode_cursor
from contactcenter.store.unit_of_work import UnitOfWork

_FAILED = text(
    """
    SELECT j.id, j.queue_name, j.task_name, j.args, j.attempts,
        (SELECT max(e.at) FROM procrastinate_events e WHERE e.job_id = j.id AND e.type = 'failed') AS failed_at
    FROM procrastinate_jobs j
    WHERE j.status = 'failed' AND j.id < :before ORDER BY j.id DESC LIMIT :limit
    """
)
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that will not be tried again. ``args`` hold ids only; the reason is in the worker's log."""

    id: int
    queue: str
    task: str
    args: dict[str, Any]
    attempts: int
    failed_at: datetime | None


async def list_failed(uow: UnitOfWork, *, cursor: str = "", limit: int = 50) -> Page[FailedJob]:
    """Failed jobs, newest first. Raises :class:`InvalidInput` for a cursor that is not ours."""
    before = _MOST
    if cursor:
        (last,) = decode_cursor(cursor, 1)
        if not (last.isascii() and last.isdigit() and len(last) < 19):
            raise InvalidInput("the cursor is not one of ours", field="cursor")
        before = int(last)
    rows = (await uow.session.execute(_FAILED, {"before": before, "limit": limit + 1})).all()
    jobs = [
        FailedJob(row.id, row.queue_name, row.task_name, row.args, row.attempts, row.failed_at) for row in rows[:limit]
    ]
    return Page(jobs, encode_cursor(str(jobs[-1].id)) if len(rows) > limit else None)
