"""Jobs: those that failed for good."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from contactcenter.api.operations import Call, Operation, operation
from contactcenter.api.shapes import Collection, Moment, Output, PageQuery
from contactcenter.staff.access import Role
from contactcenter.store.failed_jobs import list_failed
from contactcenter.store.unit_of_work import UnitOfWork


class FailedJobJson(Output):
    """A job that will not be tried again."""

    id: int
    queue: str
    task: str
    args: dict[str, Any] = Field(description="Ids of what it was about.")
    attempts: int
    failed_at: Moment | None


class FailedJobs(Collection[FailedJobJson]):
    """A page of failed jobs."""


@operation("GET", "/jobs/failed", role=Role.SUPERVISOR, summary="Jobs that failed for good")
async def list_failed_jobs(call: Call, uow: UnitOfWork, query: PageQuery) -> FailedJobs:  # noqa: ARG001
    """Newest first. The reason is in the worker's log."""
    page = await list_failed(uow, cursor=query.cursor, limit=query.size)
    items = [
        FailedJobJson(
            id=job.id, queue=job.queue, task=job.task, args=job.args, attempts=job.attempts, failed_at=job.failed_at
        )
        for job in page.items
    ]
    return FailedJobs(items=items, next_cursor=page.next_cursor)


OPERATIONS: tuple[Operation, ...] = (list_failed_jobs,)
