import numpy as np
import pytest

from contactcenter.triage import evaluation
from contactcenter.triage.assessment import ComplaintKind
from contactcenter.triage.complaints import KINDS, kind_probabilities
from contactcenter.triage.corpus import read_folder

CATEGORIES = ("billing", "refund", "order_status", "rocket_science")
HEADER = "text,category,urgency,sentiment,complaint,kind,language,split\n"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((0.7, 0.1, 0.2, 0.0), ComplaintKind.BILLING),
        ((0.1, 0.1, 0.8, 0.0), ComplaintKind.DELIVERY),
        ((0.3, 0.3, 0.4, 0.0), ComplaintKind.BILLING),  # two categories about money against one about parcels
        ((0.1, 0.1, 0.1, 0.7), ComplaintKind.SERVICE),  # a category of one's own
    ],
)
def test_a_complaint_is_about_what_the_likely_categories_together_speak_for(said, kind):
    probabilities = kind_probabilities(CATEGORIES, np.array([said], dtype=np.float32))
    assert KINDS[int(probabilities[0].argmax())] == kind
    assert probabilities.sum() == pytest.approx(1.0)


def test_kinds_are_read_where_a_complaint_states_one(tmp_path):
    rows = "a,card,low,neutral,1,service,en,train\nb,card,low,neutral,1,,en,train\nc,card,low,neutral,0,,en,train\n"
    (tmp_path / "en.csv").write_text(HEADER + rows, encoding="utf-8")
    corpus = read_folder(tmp_path, "train")
    assert [example.labels.get("complaint_kind") for example in corpus.examples] == ["service", None, None]


def test_the_evaluation_says_how_often_the_kind_was_right(tmp_path, assessor):
    rows = "My bill is wrong!,billing,normal,negative,1,billing,en,test\nhello,other,low,neutral,0,,en,test\n"
    (tmp_path / "en.csv").write_text(HEADER + rows, encoding="utf-8")
    report = evaluation.evaluate(assessor._model, read_folder(tmp_path, "test"), assessor._encoder)
    kinds = report["heads"]["complaint_kind"]
    assert (kinds["rows"], kinds["accuracy"]) == (1, 1.0)
