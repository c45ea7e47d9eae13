import numpy as np
import pytest

from contactcenter.triage.evaluation import calibration_error, label_scores, scores


def test_precision_recall_and_f1_are_counted_for_each_label():
    truth, predicted = np.array(["a", "a", "b", "b"]), np.array(["a", "b", "b", "c"])
    assert label_scores(truth, predicted) == {
        "a": {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "rows": 2},
        "b": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "rows": 2},
    }


def test_the_calibration_error_is_the_gap_between_promise_and_truth():
    right = np.array([True, True, False, False])
    assert calibration_error(right, np.full(4, 0.5, np.float32)) == pytest.approx(0.0)
    assert calibration_error(right, np.full(4, 0.95, np.float32)) == pytest.approx(0.45)
    assert calibration_error(np.array([True]), np.array([1.0], np.float32)) == pytest.approx(0.0)


def test_scores_take_the_likeliest_label():
    report = scores(np.array(["a", "b"]), ("a", "b"), np.array([[0.9, 0.1], [0.6, 0.4]], np.float32))
    assert report == {"rows": 2, "accuracy": 0.5, "macro_f1": 0.3333, "ece": 0.35}
