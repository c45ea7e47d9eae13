import pytest

from contactcenter.triage import gate
from contactcenter.triage.assessment import Assessment, Category, Complaint, ComplaintKind, Label
from contactcenter.triage.feedback import Said

NOTHING = gate.Compared("feedback", 0, 0, 0, 0, 0)


def holdout(gained=0, lost=0, rows=1000, what="category", language=""):
    return gate.Compared(what, rows, rows - gained, rows - lost, gained, lost, language)


def spoken(gained=30, lost=5, rows=60):
    return gate.Compared("feedback", rows, 20, 20 + gained - lost, gained, lost)


def assessment(label, *, complaint=False):
    kind = ComplaintKind.SERVICE if complaint else None
    return Assessment("en", Category(label, 0.9), Label("normal", 1), Label("neutral", 1), Complaint(0.5, kind))


@pytest.mark.parametrize(("wins", "tries", "chance"), [(0, 0, 1.0), (5, 5, 1 / 32), (3, 5, 0.5), (1000, 2000, 0.509)])
def test_the_sign_test_is_that_of_fair_coins(wins, tries, chance):
    assert gate.at_least(wins, tries) == pytest.approx(chance, abs=1e-3)


def test_no_worse_where_we_know_and_better_where_people_spoke_passes():
    assert gate.judge([holdout(3, 4)], spoken(), spoken(), 0.02) == gate.Verdict(True, ())


@pytest.mark.parametrize(
    "loses",
    [
        holdout(0, 12),
        holdout(200, 211),
        holdout(0, 8, what="complaints found", rows=60),
        holdout(1, 12, language="zh", rows=300),
    ],
)
def test_what_loses_more_than_chance_or_more_than_a_hundredth_does_not_pass(loses):
    verdict = gate.judge([holdout(), loses], spoken(), spoken(), 0.0)
    assert not verdict.passed
    assert str(verdict.objections[0]).startswith(loses.what)


@pytest.mark.parametrize(
    ("said", "without_one", "reason"),
    [
        (spoken(rows=19, gained=10, lost=0), spoken(), "only 19 words"),
        (spoken(gained=8, lost=8), spoken(), "no better"),
        (spoken(gained=2, lost=1), spoken(), "no better"),
        (spoken(), spoken(gained=3, lost=3), "one person"),
        (NOTHING, NOTHING, "only 0 words"),
    ],
)
def test_a_gain_that_is_chance_or_one_persons_does_not_pass(said, without_one, reason):
    verdict = gate.judge([holdout()], said, without_one, 0.0)
    assert not verdict.passed
    assert reason in str(verdict.objections[0])


def test_a_candidate_that_turns_the_desk_upside_down_waits_for_a_person():
    assert not gate.judge([holdout()], spoken(), spoken(), 0.11).passed


def test_a_clear_gain_on_the_hold_out_needs_no_words():
    assert gate.judge([holdout(30, 10)], NOTHING, NOTHING, 0.0).passed


def test_the_author_who_speaks_most_for_a_candidate_is_left_out():
    words = [Said(f"m{n}", "category", "a", "b", "eve" if n < 8 else "ann", f"c{n}", "d", 1.0, "t") for n in range(10)]
    live = {one.message: assessment("b") for one in words}
    new = {one.message: assessment("a" if one.author == "eve" else "b") for one in words}
    assert gate.on_feedback(words, live, new).gained == 8
    assert gate.without_each_author(words, live, new).gained == 0


def test_a_complaint_overlooked_is_counted_by_itself():
    truth = [{"complaint": "yes"}, {"complaint": "no"}]
    before = [assessment("a", complaint=True), assessment("a")]
    found = gate.on_hold_out(truth, ["en", "en"], before, [assessment("a"), assessment("a")])
    (one,) = [one for one in found if one.what == "complaints found"]
    assert (one.rows, one.live, one.candidate, one.lost) == (1, 1, 0, 1)
