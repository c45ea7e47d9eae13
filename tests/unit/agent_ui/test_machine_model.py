import pytest

from contactcenter.agent_ui.machine_model import OBJECTIONS, objections
from contactcenter.i18n import translations
from contactcenter.triage import gate

VALUES = {"what": "complaints found", "language": "zh", "lost": 9, "gained": 1, "rows": 60, "needed": 20, "percent": 12}


@pytest.mark.parametrize("sentence", OBJECTIONS)
def test_what_speaks_against_a_candidate_is_told_in_both_languages(sentence):
    figures = {"objections": [gate.Objection(sentence, VALUES).to_json()]}
    (english,), (chinese,) = (objections(figures, translations(one).gettext) for one in ("en", "zh"))
    assert OBJECTIONS[sentence] == sentence
    assert english.lower() == str(gate.Objection(sentence, VALUES | {"language": "chinese"})).lower()
    assert "{" not in chinese
    assert chinese != english
    assert not any("a" <= letter <= "z" for letter in chinese)


def test_what_was_recorded_as_text_is_shown_as_it_is():
    assert objections({"reasons": ["urgency lost 2 %"]}, translations("zh").gettext) == ["urgency lost 2 %"]


def test_a_change_without_a_comparison_has_nothing_against_it():
    assert objections({}, translations("en").gettext) == []
