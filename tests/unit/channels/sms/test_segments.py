"""Segments of a text, after 3GPP TS 23.038."""

import pytest

from contactcenter.channels.sms.segments import Segments, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 0, 160)),
        ("a" * 160, Segments("GSM-7", 160, 1, 0)),
        ("a" * 161, Segments("GSM-7", 161, 2, 145)),
        ("€" * 80, Segments("GSM-7", 160, 1, 0)),
        ("好" * 70, Segments("UCS-2", 70, 1, 0)),
        ("好" * 71, Segments("UCS-2", 71, 2, 63)),
        ("😀" * 35, Segments("UCS-2", 70, 1, 0)),
    ],
)
def test_a_text_costs_what_the_networks_count(text, expected):
    assert segments(text) == expected


def test_a_character_of_two_units_is_never_split():
    assert segments("a" * 152 + "€" + "b" * 10) == Segments("GSM-7", 164, 2, 141)
    assert segments("好" * 66 + "😀" + "好" * 10).count == 2
