import numpy as np
import pytest
from scipy import sparse

from contactcenter.triage.experts import WordSettings, fit_words

USUAL, SIDED = 0, 1


def rows(repeated=20):
    """Two labels that the second column tells, seldom; the first column is everywhere, a little more with one label."""
    one = [[1.0, 0.0]] * 8 + [[1.0, 1.0]] * 2
    other = [[0.8, 0.0]] * 10
    return sparse.csr_matrix(np.array((one + other) * repeated)), np.array(([1] * 10 + [0] * 10) * repeated)


def fitted(*, contrast, weight=None):
    table, truth = rows()
    weight = np.ones(len(truth)) if weight is None else weight
    return fit_words(table, truth, 2, weight, WordSettings(0.1, contrast=contrast))


def test_a_second_machine_hears_what_is_rare_but_one_sided():
    plain, contrasted = (fitted(contrast=contrast).weights for contrast in (False, True))
    assert contrasted[SIDED, 1] > 1.1 * plain[SIDED, 1] > 0
    assert not contrasted[:, 0].any()


def test_what_weighs_nothing_is_not_counted():
    table, truth = rows()
    weight = np.where((truth == 1) & (table.toarray()[:, SIDED] == 1), 1e-6, 1.0)
    unheard = fitted(contrast=True, weight=weight).weights[SIDED, 1]
    assert unheard < fitted(contrast=True).weights[SIDED, 1] / 4


@pytest.mark.parametrize("contrast", [False, True])
def test_labels_that_a_fold_lacks_never_win(contrast):
    table, truth = rows()
    learned = fit_words(table, truth, 4, np.ones(len(truth)), WordSettings(0.1, contrast=contrast))
    assert set(learned.margins(table).argmax(axis=1).tolist()) <= {0, 1}
