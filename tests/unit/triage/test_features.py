import numpy as np

from contactcenter.triage.features import BUCKETS, featurise
from contactcenter.triage.text import clean


def grams(text):
    features = featurise([text])
    return {
        features.joined[place : place + length] for place, length in zip(features.places, features.lengths, strict=True)
    }


def test_latin_words_give_words_pairs_and_character_grams_within_words():
    assert grams("my car") == {
        *("m", "y", "c", "a", "r", " m", "my", "y ", " c", "ca", "ar", "r ", " my", "my ", " ca", "car", "ar "),
        *(" my ", " car", "car ", "my car"),
    }


def test_chinese_clauses_give_character_grams_only():
    assert "退保" in grams("我要退保 谢谢")
    assert "退保 谢" not in grams("我要退保 谢谢")
    assert not any(len(gram) > 4 for gram in grams("我要退保 谢谢你们"))


def test_every_row_has_unit_length():
    features = featurise(["refund please", "", "退保", "refund refund refund"])
    squares = [
        float((features.values[a:b] ** 2).sum()) for a, b in zip(features.starts, features.starts[1:], strict=False)
    ]
    assert np.allclose(squares, [1, 0, 1, 1], atol=1e-5)


def test_a_message_has_the_same_features_alone_and_in_a_batch():
    texts = [clean(text) for text in ("Where is my order A-55812?", "", "您好，退保", "ok")]
    batch = featurise(texts)
    for index, text in enumerate(texts):
        alone = featurise([text])
        rows = slice(batch.starts[index], batch.starts[index + 1])
        assert (batch.buckets[rows] == alone.buckets).all()
        assert np.allclose(batch.values[rows], alone.values)


def test_hashes_are_the_same_for_ever():
    features = featurise(["refund"])
    assert int(features.buckets.sum()) == 13042480
    assert features.buckets.max() < BUCKETS


def test_an_empty_batch_and_a_lone_surrogate_are_no_trouble():
    assert len(featurise([])) == 0
    assert len(featurise(["\ud800"])) == 1
