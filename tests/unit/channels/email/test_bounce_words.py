"""The words that spare searches never hide what a search would find."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contactcenter.channels.email.bounce_reasons import _PHRASES, _WORDS, _speaks_of


@pytest.mark.parametrize(("reason", "pattern"), [(one, found) for one, found in _PHRASES if one in _WORDS])
@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_whatever_a_phrase_matches_has_one_of_its_words(reason, pattern, data):
    text = data.draw(st.from_regex(pattern, fullmatch=True)).lower()
    assert pattern.search(text) is None or _speaks_of(reason, pattern, text)
