"""What an encoder was taught is known again, and does not judge how far its vectors can be trusted."""

import shutil

import numpy as np
import pytest

from contactcenter.errors import ModelError
from contactcenter.triage import calibration, places, taught, training
from contactcenter.triage.corpus import Corpus, Example
from contactcenter.triage.encoder import OnnxEncoder
from contactcenter.triage.linear import Head


def test_a_text_is_known_again_whatever_its_spaces_and_capitals(tmp_path):
    taught.write(tmp_path, ["Where is my card?", "我的卡呢？"])
    asked = ["where  is my CARD?\n", "我的卡呢？", "Where is my cat?", "\ud800"]
    assert taught.among(taught.read(tmp_path), asked).tolist() == [True, True, False, False]


def test_nobody_was_taught_where_nothing_was_noted(tmp_path):
    assert taught.among(taught.read(tmp_path), ["hello"]).tolist() == [False]


def test_the_note_goes_along_and_an_old_one_does_not_stay(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
    taught.write(one, ["hello"])
    taught.hand_on(one, other)
    assert taught.among(taught.read(other), ["hello"]).tolist() == [True]
    (one / taught.FILE).unlink()
    taught.hand_on(one, other)
    assert not len(taught.read(other))


@pytest.mark.parametrize("harm", [b"", b"no numbers", b"\x93NUMPY"])
def test_a_damaged_note_says_so(tmp_path, harm):
    (tmp_path / taught.FILE).write_bytes(harm)
    with pytest.raises(ModelError, match=taught.FILE):
        taught.read(tmp_path)


def test_the_shipped_encoder_says_what_it_was_taught_with_and_the_base_was_taught_nothing():
    assert len(taught.read(places.find_encoder(places.DEFAULT_ENCODER))) > 20_000
    assert not len(taught.read(places.find_encoder(places.BASE_ENCODER)))


def table(rows, known):
    """Words that are right in six of ten rows, vectors that are right in all known rows and in few others."""
    chance = np.random.default_rng(5)
    truth = chance.integers(0, 4, rows)
    seldom = np.where(chance.random(rows) < 0.6, truth, (truth + 1) % 4)
    words = np.eye(4)[seldom] + 0.3 * chance.random((rows, 4))
    guessed = np.where(known | (chance.random(rows) < 0.3), truth, chance.integers(0, 4, rows))
    vectors = np.eye(4)[guessed] + 0.3 * chance.random((rows, 4))
    return words, vectors, truth, np.repeat(["en"], rows)


def joined(known, told):
    words, vectors, truth, spoken = table(len(known), known)
    head = Head("category", tuple("abcd"), (0.0,) * 4, calibration.calibration(words, truth, spoken))
    found = calibration.second_look(head, words, vectors, truth, spoken, known=known if told else None)
    assert found is not None
    spread = [one.std(axis=1).mean() for one in (words, vectors)]
    return (found.vectors * spread[1]) / max(found.words * spread[0], 1e-9), found


def test_rows_the_encoder_was_taught_with_do_not_choose_what_vectors_count():
    known = np.arange(6_000) < 4_000
    flattered, _ = joined(known, told=False)
    honest, _ = joined(known, told=True)
    assert flattered > 1 > honest


def test_where_hardly_a_row_is_new_nobody_chooses():
    share, _ = joined(np.arange(3_000) > 30, told=True)
    assert share == pytest.approx(calibration.UNPROVEN[1] / calibration.UNPROVEN[0])


def test_a_row_or_two_that_somebody_else_wrote_before_take_nobodys_say():
    few = np.arange(300) < 2
    words, vectors, truth, spoken = table(300, np.zeros(300, dtype=bool))
    head = Head("category", tuple("abcd"), (0.0,) * 4, calibration.calibration(words, truth, spoken))
    chosen = [calibration.second_look(head, words, vectors, truth, spoken, known=known) for known in (None, few)]
    shares = [found and round(found.vectors / found.words, 3) for found in chosen]
    assert shares[0] == shares[1] != pytest.approx(2.0 * words.std(axis=1).mean() / vectors.std(axis=1).mean(), rel=0.1)


def test_probabilities_come_true_on_the_rows_that_were_not_taught():
    known = np.arange(6_000) < 4_000
    _, found = joined(known, told=True)
    words, vectors, truth, spoken = table(6_000, known)
    mixed = (found.words * words + found.vectors * vectors)[~known]
    said = found.calibration.probabilities(mixed, spoken[~known].tolist())
    assert said.max(axis=1).mean() == pytest.approx((mixed.argmax(axis=1) == truth[~known]).mean(), abs=0.03)


def test_training_tells_how_many_rows_the_encoder_knew(tmp_path):
    folder = shutil.copytree(places.find_encoder(places.BASE_ENCODER), tmp_path / "encoder")
    rows = [("parcel", "where is my parcel"), ("login", "I cannot sign in")] * 10
    corpus = Corpus(tuple(Example(f"{text} {n}", "en", {"category": label}) for n, (label, text) in enumerate(rows)))
    taught.write(folder, [example.text for example in corpus.examples[:7]])
    told = training.train(corpus, "small", encoder=OnnxEncoder(folder)).training
    assert told["rows_encoder_was_taught"] == 7
    untold = training.train(corpus, "small", encoder=OnnxEncoder(places.find_encoder(places.BASE_ENCODER))).training
    assert "rows_encoder_was_taught" not in untold
