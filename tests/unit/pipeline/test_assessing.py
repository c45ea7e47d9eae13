"""Triage that is away, fails or never comes back keeps nobody waiting beyond the budget, and loses no message."""

import threading

import pytest
from structlog.testing import capture_logs

from contactcenter.errors import ModelError
from contactcenter.pipeline.assessing import CHUNK, GIVEN_UP, Assessing, Unassessed
from contactcenter.triage.assessment import Assessment, Category, Complaint, Label, TriageInput

SAID = Assessment("en", Category("other", 0.9), Label("normal", 0.9), Label("neutral", 0.9), Complaint(0.1))
PATIENT, HASTY = 60.0, 0.2


def inputs(*texts):
    return [TriageInput(text) for text in texts]


class Model:
    """Assesses everything, fails on ``bad`` and never comes back from ``slow`` while ``hold`` is not set."""

    def __init__(self):
        self.hold = threading.Event()
        self.calls = 0

    def assess(self, items):
        self.calls += 1
        if any("slow" in item.text for item in items):
            self.hold.wait()
        if any("bad" in item.text for item in items):
            raise MemoryError("no memory")
        return [SAID] * len(items)


@pytest.fixture
def model():
    made = Model()
    yield made
    made.hold.set()


def test_every_message_gets_its_own_answer_in_order(model):
    texts = ["ok", "bad", *["ok"] * 20, "bad"]
    found = Assessing(model, PATIENT).assess(inputs(*texts))
    assert [answer is SAID for answer in found] == [text == "ok" for text in texts]
    assert found[1] is Unassessed.FAILED


def test_one_message_that_never_ends_takes_no_other_part_of_the_batch_along(model):
    texts = ["ok"] * CHUNK + ["slow"] + ["ok"] * (3 * CHUNK)
    found = Assessing(model, 5 * HASTY).assess(inputs(*texts))
    assert len(found) == len(texts)
    assert found[CHUNK] is Unassessed.OVER_TIME
    assert found.count(SAID) >= len(texts) - CHUNK


def test_with_nothing_but_endless_messages_the_batch_is_given_up(model):
    found = Assessing(model, HASTY).assess(inputs(*["slow"] * 64))
    assert found == [Unassessed.OVER_TIME] * 64


def test_while_too_much_hangs_nothing_more_is_begun_and_afterwards_it_goes_on(model):
    assessing = Assessing(model, HASTY)
    for _ in range(GIVEN_UP):
        assessing.assess(inputs("slow"))
    before = model.calls
    assert assessing.assess(inputs("ok")) == [Unassessed.OVER_TIME]
    assert model.calls == before
    model.hold.set()
    for run in threading.enumerate():
        if run.name == "triage":
            run.join()
    assert assessing.assess(inputs("ok")) == [SAID]


def test_without_a_model_it_is_said_so_and_no_message_is_tried_alone():
    class Away:
        calls = 0

        def assess(self, items):
            self.calls += 1
            raise ModelError("there is no model x")

    away = Away()
    assert Assessing(None, PATIENT).assess(inputs("a", "b")) == [Unassessed.NO_MODEL] * 2
    assert Assessing(away, PATIENT).assess(inputs("a", "b")) == [Unassessed.NO_MODEL] * 2
    assert away.calls == 1


def test_an_answer_of_the_wrong_length_is_no_answer():
    class Forgetful:
        def assess(self, items):
            return [SAID] * (len(items) - 1)

    assert Assessing(Forgetful(), PATIENT).assess(inputs("a", "b")) == [Unassessed.FAILED] * 2


def test_the_log_is_told_once_a_minute_and_not_once_a_message(model):
    assessing = Assessing(model, PATIENT)
    with capture_logs() as told:
        for _ in range(5):
            assessing.assess(inputs(*["bad"] * 64))
    (warning,) = told
    assert (warning["log_level"], warning["failed"], "no memory" in warning["error"]) == ("warning", 64, True)


def test_no_messages_are_no_work(model):
    assert Assessing(model, PATIENT).assess([]) == []
    assert model.calls == 0
