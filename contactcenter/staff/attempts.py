"""Limits on tries at a guarded door (sign-in, password reset), counted in the database so that they hold everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, text
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import RateLimited
from contactcenter.staff.records import Attempt
from contactcenter.store.unit_of_work import UnitOfWork

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7))")


async def admit(uow: UnitOfWork, limits: Mapping[str, int], window: timedelta) -> list[str]:
    """Count one try under each key; returns the ids of the counted tries.

    Raises :class:`RateLimited` when a key already has its limit of tries within ``window``; that try is not counted,
    so knocking on does not prolong the wait. Tries under one key wait for each other: fifty at once count as fifty.
    """
    now = clock.now()
    for key in sorted(limits):
        await uow.session.execute(_LOCK, {"key": key})
    found = await uow.session.execute(
        select(col(Attempt.key), func.count(), func.min(col(Attempt.at)))
        .where(col(Attempt.key).in_(limits), col(Attempt.at) > now - window)
        .group_by(col(Attempt.key))
    )
    for key, count, oldest in found:
        if count >= limits[key]:
            wait = max(1, int((oldest + window - now).total_seconds()) + 1)
            raise RateLimited("too many tries; please wait a while", retry_after=wait)
    rows = [{"id": clock.new_id(), "key": key, "at": now} for key in limits]
    await uow.session.execute(insert(Attempt), rows)
    return [str(row["id"]) for row in rows]


async def forgive(uow: UnitOfWork, attempt_ids: Sequence[str], key: str) -> None:
    """Forget these tries and all others under ``key``: the caller has proved who he is."""
    await uow.session.execute(delete(Attempt).where(col(Attempt.id).in_(attempt_ids) | (col(Attempt.key) == key)))


async def sweep(uow: UnitOfWork, older_than: timedelta = timedelta(hours=24)) -> None:
    """Remove tries that no limit counts any more."""
    await uow.session.execute(delete(Attempt).where(col(Attempt.at) < clock.now() - older_than))
