"""The trace of a message: the figures behind a decision, compact whatever the message."""

import json

from contactcenter.envelope import Content, Identity, IdentityKind
from contactcenter.pipeline.assessing import Unassessed
from contactcenter.pipeline.trace import trace_of
from contactcenter.tickets.answering import Decision
from contactcenter.triage.assessment import Assessment, Category, Complaint, Label

ANN = Identity(IdentityKind.EMAIL, "ann@customer.example")
SAID = Assessment(
    "en",
    Category("billing", 0.8, (Label("refund", 0.15), Label("fees", 0.02))),
    Label("normal", 0.9),
    Label("neutral", 0.9),
    Complaint(0.03),
    model="triage-service@0123456789ab",
)


def test_it_says_how_sure_triage_was_and_how_far_ahead_of_the_next():
    trace = trace_of(Content(ANN, "", ""), SAID, None, Decision("route", reasons=("it is urgent",)))
    assert trace["signals"] == {"category": 0.8, "margin": 0.65, "complaint": 0.03, "language": "en"}
    assert (trace["reasons"], trace["model"]) == (["it is urgent"], "triage-service@0123456789ab")


def test_what_the_decision_notes_is_kept_beside_it():
    trace = trace_of(Content(ANN, "", ""), SAID, None, Decision("answer", trace={"threshold": 0.9, "article": "a"}))
    assert (trace["threshold"], trace["article"]) == (0.9, "a")


def test_silence_has_a_reason_and_no_signals():
    trace = trace_of(Content(ANN, "", ""), None, Unassessed.OVER_TIME, Decision("route"))
    assert trace["unassessed"] == "over-time"
    assert "signals" not in trace


def test_no_message_makes_it_longer_than_two_kilobytes():
    warnings = tuple(f"several things are odd, number {number}: {'x' * 5_000}" for number in range(500))
    noted = {"threshold": 0.9, "confidence": 0.123456, "state": "shadow", "article": "x" * 36, "article_version": 7}
    decision = Decision("route", reasons=warnings, trace=noted)
    trace = trace_of(Content(ANN, "", "", warnings=warnings), SAID, None, decision)
    assert len(json.dumps(trace)) <= 2048
