"""Passed-on mail: who wrote it, about what, its words, and what stands above it."""

import json
import time
from pathlib import Path

import pytest

from contactcenter.channels.email.forwarded import attached_mail, forwarded_in
from contactcenter.channels.email.mime import read_mail

CASES = json.loads((Path(__file__).parents[3] / "data" / "mail_forwards.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["forwards"], ids=lambda case: case["name"])
def test_a_passed_on_mail_is_its_writers(case):
    found = forwarded_in(case["subject"], case["body"])
    assert found is not None
    assert (str(found.sender), found.sender.name) == ("email:ann@customer.example", case.get("from", "Ann Lee"))
    assert (found.subject, found.text, found.intro) == (case["about"], case["words"], case.get("intro", ""))


@pytest.mark.parametrize("case", CASES["others"], ids=lambda case: case["name"])
def test_what_passes_nothing_on_stays_as_it_is(case):
    assert forwarded_in(case["subject"], case["body"]) is None


def test_an_attached_mail_keeps_its_id_and_date():
    head = b"From: Ann Lee <Ann@Customer.example>\nSubject: My boat\nMessage-ID: <1@c>\n"
    found = attached_mail("Look.", read_mail(head + b"Date: Mon, 2 Nov 2026 10:00:00 +0000\n\nIt broke."))
    assert (str(found.sender), found.subject, found.text) == ("email:ann@customer.example", "My boat", "It broke.")
    assert (found.external_id, found.intro, found.sent_at.year) == ("1@c", "Look.", 2026)


def test_an_attached_mail_of_unclear_origin_is_nobodys():
    assert attached_mail("", read_mail(b"From: a@x.example, b@y.example\n\nwords")) is None
    assert attached_mail("", read_mail(b"Subject: s\n\nwords")) is None


UNITS = (
    "---- Forwarded message\n",
    "From: a\n",
    "发件人：",
    "From: <[mailto:",
    "-",
    "> > >\n",
    "\n",
    "From: ann@c.example\nx\n",
)


def cost(text):
    """CPU seconds of looking for a passed-on mail, the least of three tries."""
    tries = []
    for _ in range(3):
        begun = time.process_time()
        forwarded_in("Fwd: x", text)
        tries.append(time.process_time() - begun)
    return min(tries)


@pytest.mark.parametrize("unit", UNITS)
def test_work_grows_with_the_mail_not_with_its_square(unit):
    small, large = (unit * (size // len(unit)) for size in (100_000, 800_000))
    assert cost(large) < 24 * cost(small) + 0.05
