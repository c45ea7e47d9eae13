"""``bench parse``: every way is measured, the child process included."""

from __future__ import annotations

from pathlib import Path

import pytest

from contactcenter.bench.corpus import make_corpus
from contactcenter.bench.machine import CpuClock
from contactcenter.bench.parse import BASELINE, OUR_ADDRESS, read_folders, run_parse
from contactcenter.channels.email.confined import ConfinedReader
from contactcenter.envelope import Channel, Identity, IdentityKind, InboundMessage
from contactcenter.errors import InvalidInput
from contactcenter.settings import Settings


def test_every_way_reads_every_mail() -> None:
    results = run_parse([mail.raw for mail in make_corpus(5, OUR_ADDRESS)], rounds=1)
    assert [result.way for result in results][:1] == [BASELINE]
    assert len(results) == 5
    assert all(result.failed == 0 and 0 < result.median_ms <= result.p95_ms for result in results)


def test_the_clock_of_a_child_runs_while_it_reads() -> None:
    reader = ConfinedReader(Settings())
    message = InboundMessage(
        Channel.EMAIL, "k", Identity(IdentityKind.EMAIL, "a@b.example"), raw=b"From: a@b.c\n\n" * 999
    )
    reader.read_many([message])
    clock = CpuClock(reader.pid or 0)
    before = clock.nanoseconds()
    reader.read_many([message] * 50)
    assert clock.nanoseconds() > before
    reader.close()


def test_a_folder_without_mail_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no \.eml"):
        read_folders([tmp_path])
