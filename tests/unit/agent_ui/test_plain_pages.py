"""Small parts of the plain pages that need no database."""

import pytest

from contactcenter.agent_ui.board import SEARCHES, duration, search
from contactcenter.agent_ui.quarantine import visible_text
from contactcenter.tickets.query import TicketQuery


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (5, "0:05"), (245, "4:05"), (3845, "1:04:05"), (86_400 * 2 + 3_840, "2 d 01:04"), (-3, "0:00")],
)
def test_a_wait_is_shown_shortly(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize("name", SEARCHES)
def test_every_number_of_the_board_has_a_search_the_inbox_reads(name):
    assert TicketQuery.parse(SEARCHES[name]).snoozed is None
    assert search(name, "claims").startswith("/inbox?q=queue%3Aclaims")


def test_line_ends_and_tabs_stay_and_everything_invisible_shows():
    assert visible_text(b"a\r\nb\rc\td\x00\x1b\x7f") == "a\nb\nc\td\u2400\u241b\u2421"


def test_marks_that_reorder_text_become_their_names():
    assert visible_text("x\u202ey\u2066z".encode()) == "x⟨U+202E⟩y⟨U+2066⟩z"


def test_broken_bytes_are_replaced_not_refused():
    assert visible_text(b"\xff\xfeok") == "\ufffd\ufffdok"
