"""Learning how words and meaning are mixed."""

import numpy as np
import pytest

from contactcenter import clock
from contactcenter.knowledge.fusion import Mixture, Pairing
from contactcenter.knowledge.mixing import Contest, Remembering, contests, first_places, learn, own_contests
from contactcenter.knowledge.questions import Asked
from contactcenter.knowledge.records import Article
from tests.unit.knowledge.concepts import Concepts


def article(key, title, *questions):
    return Article(id=clock.new_id(), key=key, language="en", title=title, text="Text.", questions=list(questions))


ARTICLES = [
    article("password", "Reset your password", "I forgot my password", "new password"),
    article("parcel", "Track a parcel", "where is my parcel", "parcel is late"),
]


def telling(column, count=30):
    """Contests in which one figure names the right article and the others are noise."""
    drawn = np.random.default_rng(0).random((count, 4, 3))
    made = []
    for figures in drawn:
        figures[2, column] = 1.0
        made.append(Contest(Pairing.ENGLISH, figures, 2))
    return made


@pytest.mark.parametrize("column", [0, 1, 2])
def test_what_tells_articles_apart_gets_the_weight(column):
    mixture = learn(telling(column))[Pairing.ENGLISH]
    weights = (mixture.words, mixture.centre, mixture.nearest)
    assert weights[column] == max(weights) > 0.6
    assert sum(weights) == pytest.approx(1, abs=0.02)


def test_across_languages_words_get_none():
    made = [Contest(Pairing.ACROSS, one.figures, one.right) for one in telling(0)]
    assert learn(made)[Pairing.ACROSS].words == 0


def test_a_question_is_put_to_every_article_and_one_without_its_article_drops_out():
    asked = [Asked("the parcel", "en", "parcel"), Asked("包裹", "zh", "parcel"), Asked("weather", "en", None)]
    found = contests(ARTICLES, asked, Concepts())
    assert [(one.languages, one.right, one.figures.shape) for one in found] == [
        (Pairing.ENGLISH, 1, (2, 3)),
        (Pairing.ACROSS, 1, (2, 3)),
    ]
    assert first_places(found, dict.fromkeys(Pairing, Mixture(0, 0.5, 0.5))) == (1.0, 1.0)


def test_an_articles_own_questions_are_taken_out_of_it_before_they_are_asked():
    found = own_contests(ARTICLES, Concepts())
    assert len(found) == 8  # four questions, taken out one by one and put to articles without any
    assert max(one.figures[one.right, 0] for one in found) < 0.99


def test_each_text_is_encoded_once():
    encoder = Concepts()
    remembering = Remembering(encoder)
    remembering.encode(["a", "b", "a"])
    assert remembering.encode(["b", "a"]).shape == (2, encoder.width)
    assert encoder.encoded == 2
