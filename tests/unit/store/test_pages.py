"""Cursors: opaque, and ours only."""

import pytest

from contactcenter.errors import InvalidInput
from contactcenter.store.pages import decode_cursor, encode_cursor


def test_a_cursor_gives_its_key_back() -> None:
    assert decode_cursor(encode_cursor("2026-11-02", "abc"), 2) == ("2026-11-02", "abc")


@pytest.mark.parametrize("cursor", ["nonsense", "%%%", encode_cursor("one"), "bnVsbA", "e30"])
def test_what_is_no_cursor_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        decode_cursor(cursor, 2)
