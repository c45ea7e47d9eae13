"""Ids carry their time and keep their order."""

from datetime import UTC, datetime
from uuid import UUID

from contactcenter import clock


def test_ids_are_uuid_version_7() -> None:
    identity = UUID(clock.new_id())
    assert identity.version == 7
    assert identity.variant == "specified in RFC 4122"


def test_ids_made_one_after_the_other_sort_in_that_order() -> None:
    made = [clock.new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_id_carries_its_milliseconds() -> None:
    before = int(clock.now().timestamp() * 1000)
    stamp = int(clock.new_id().replace("-", "")[:12], 16)
    assert before - 1 <= stamp <= int(clock.now().timestamp() * 1000) + 1


def test_times_are_written_with_a_z() -> None:
    assert clock.iso(datetime(2026, 11, 2, 10, 0, tzinfo=UTC)) == "2026-11-02T10:00:00.000Z"
