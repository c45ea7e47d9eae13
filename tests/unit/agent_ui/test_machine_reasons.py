import pytest

from contactcenter.agent_ui.machine_reasons import SENTENCES, told
from contactcenter.i18n import translations
from contactcenter.tickets.automation import control

VALUES = {"wrong": 3, "judged": 142, "index": "0.31", "limit": "0.20", "days": 14, "threshold": "0.912"}


def test_every_sentence_of_the_machine_has_a_translation():
    assert set(SENTENCES) == set(control.SENTENCES)


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("cause", ["", "error: "])
def test_what_the_machine_noted_is_told_in_both_languages(sentence, cause):
    noted = cause + sentence.format(**VALUES)
    english, chinese = (told(noted, translations(one).gettext) for one in ("en", "zh"))
    assert english == sentence.format(**VALUES)
    assert chinese != english
    assert not any("a" <= letter <= "z" for letter in chinese)
    for name, value in VALUES.items():
        if "{" + name + "}" in sentence:
            assert str(value) in chinese


def test_what_is_none_of_these_stays_as_it_is():
    assert told("error: the moon is full", translations("zh").gettext) == "the moon is full"
    assert told("note: my own words", translations("zh").gettext) == "note: my own words"
