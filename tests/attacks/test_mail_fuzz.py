"""Mails put together wrongly by chance: whatever comes, the reader gives a bounded, clean answer and never raises.

The same examples every time; ``python -m tests.fuzz_mail --minutes 10`` looks for new ones and keeps what failed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attacks.mail_pieces import check, mail

CORPUS = sorted((Path(__file__).parents[1] / "data" / "fuzz").glob("*.eml"))
SETTINGS = settings(
    max_examples=600, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@SETTINGS
@given(mail())
def test_a_mail_put_together_wrongly_is_read(raw: bytes) -> None:
    check(raw)


@SETTINGS
@given(st.binary(max_size=400))
def test_bytes_that_are_no_mail_are_read(raw: bytes) -> None:
    check(raw)


@settings(SETTINGS, max_examples=80)
@given(mail(), st.integers(1, 200))
def test_a_mail_that_breaks_off_anywhere_is_read(raw: bytes, pieces: int) -> None:
    for end in range(0, len(raw), max(1, len(raw) * pieces // 200)):
        check(raw[:end])


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_what_once_failed_is_read(path: Path) -> None:
    check(path.read_bytes())
