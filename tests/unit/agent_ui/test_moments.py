"""When a snooze ends."""

from datetime import timedelta

import pytest

from contactcenter import clock
from contactcenter.agent_ui.commands import moment_of
from contactcenter.errors import InvalidInput


def test_nothing_written_wakes():
    assert moment_of("", "UTC") is None


def test_tomorrow_and_next_week_are_mornings_where_the_agent_is():
    tomorrow, monday = moment_of("tomorrow", "Asia/Shanghai"), moment_of("week", "Asia/Shanghai")
    assert tomorrow.hour == monday.hour == 9
    assert tomorrow.utcoffset() == timedelta(hours=8)
    assert monday.weekday() == 0
    assert monday > clock.now()


def test_a_time_of_ones_own_is_local():
    assert moment_of("2031-05-04T10:30", "Asia/Shanghai").isoformat() == "2031-05-04T10:30:00+08:00"


@pytest.mark.parametrize("written", ["soon", "2031-13-01", "'; DROP TABLE ticket"])
def test_anything_else_is_refused(written):
    with pytest.raises(InvalidInput):
        moment_of(written, "UTC")
