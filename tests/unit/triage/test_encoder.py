"""The shipped encoder, and folders that are none."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from contactcenter import clock
from contactcenter.errors import InvalidInput, ModelError
from contactcenter.triage import export, places, registry, scoring, training
from contactcenter.triage.assess import Assessor
from contactcenter.triage.assessment import TriageInput
from contactcenter.triage.corpus import Corpus, Example
from contactcenter.triage.encoder import MODEL, TOKENS, OnnxEncoder, batches, shared
from contactcenter.triage.features import NoEncoder
from contactcenter.triage.places import ENCODER_CONFIG as CONFIG


@pytest.fixture(scope="module")
def encoder():
    return OnnxEncoder(places.find_encoder(places.DEFAULT_ENCODER))


def test_texts_become_unit_vectors_in_their_order_whatever_their_lengths(encoder):
    texts = ["where is my parcel", "hi", "a much longer message about a parcel that has not come for two weeks", ""]
    together = encoder.encode(texts * 20)
    assert together.shape == (80, encoder.width)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)
    alone = np.vstack([encoder.encode([text]) for text in texts])
    assert (np.sum(together[:4] * alone, axis=1) > 0.95).all()  # activations are rounded by batch


def test_what_means_alike_lies_closer_than_what_does_not(encoder):
    parcel, delivery, password = encoder.encode(
        ["My parcel has not arrived", "The package still isn't here", "I cannot sign in to my account"]
    )
    assert parcel @ delivery > parcel @ password + 0.2


def test_of_a_long_text_its_head_and_its_tail_are_read(encoder):
    filler = "and so on and so forth " * 200
    one, other, far = encoder.encode([f"{filler} cancel my policy", f"{filler} where is my refund", filler])
    assert one @ other < 0.995
    assert encoder.encode([f"{filler} {filler} cancel my policy"])[0] @ one > one @ far - 0.05


def test_no_texts_give_no_vectors(encoder):
    assert encoder.encode([]).shape == (0, encoder.width)
    assert [part.shape for part in encoder.read([])] == [(0, encoder.width), (0, encoder.manner)]


@pytest.mark.parametrize("name", ["base", places.DEFAULT_ENCODER])
def test_what_is_put_alike_lies_close_in_manner_whatever_it_is_about(name):
    encoder = OnnxEncoder(places.find_encoder(name))
    matters = ("parcel", "refund", "invoice", "contract", "router", "card")
    asked = [f"Could you please tell me where I find my {matter}?" for matter in matters]
    angry = [f"This is the third time that you have lost my {matter}, I am furious!" for matter in matters]
    read = encoder.read(asked + angry)
    assert np.array_equal(read.meaning, encoder.encode(asked + angry))
    manner = read.manner - read.manner.mean(axis=0)
    manner /= np.linalg.norm(manner, axis=1, keepdims=True)
    alike = manner @ manner.T
    assert (alike[:6, :6].min(), alike[6:, 6:].min()) > (alike[:6, 6:].max(),) * 2


def test_an_encoder_that_tells_no_manner_is_read_for_what_texts_mean(encoder, monkeypatch):
    monkeypatch.setattr(encoder, "_widths", {})  # as exports of before have it
    rows = [("parcel", "where is my parcel"), ("login", "I cannot sign in")] * 10
    corpus = Corpus(tuple(Example(f"{text} {n}", "en", {"category": label}) for n, (label, text) in enumerate(rows)))
    model = training.train(corpus, "model", encoder=encoder)
    assert encoder.read(["hello"]).manner.shape == (1, 0)
    assert model.neighbours["category"].view.share == 0


@pytest.mark.parametrize("harm", ["config", "model", "format"])
def test_a_folder_that_is_no_encoder_says_so(tmp_path, harm):
    folder = shutil.copytree(places.find_encoder(places.DEFAULT_ENCODER), tmp_path / "encoder")
    match harm:
        case "config":
            (folder / CONFIG).write_text("{")
        case "format":
            (folder / CONFIG).write_text('{"format": 9}')
        case "model":
            (folder / MODEL).write_bytes(b"other")
    with pytest.raises(ModelError):
        OnnxEncoder(folder)


def test_an_encoder_that_is_nowhere_names_the_places_looked_at(tmp_path):
    with pytest.raises(ModelError, match="looked in"):
        places.find_encoder("encoder-xx", tmp_path)


def test_exporting_without_what_it_needs_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(InvalidInput, match=r"contactcenter\[export\]"):
        export.export("anything", tmp_path / "encoder")


def test_a_model_finds_the_encoder_that_lies_beside_it_again(tmp_path):
    mine = shutil.copytree(places.find_encoder(places.DEFAULT_ENCODER), tmp_path / "mine")
    (mine / CONFIG).write_text((mine / CONFIG).read_text().replace("encoder-en", "mine"))
    rows = [("parcel", "where is my parcel"), ("login", "I cannot sign in")] * 10
    corpus = Corpus(tuple(Example(f"{text} {n}", "en", {"category": label}) for n, (label, text) in enumerate(rows)))
    base = registry.load(places.find("triage-service"))
    registry.publish(training.train(corpus, "model", base=base, encoder=OnnxEncoder(mine)), tmp_path / "model")
    (said,) = Assessor.load(tmp_path / "model").assess([TriageInput("Has my package been sent?", "", clock.now())])
    assert (said.category.label, said.model.partition("@")[0]) == ("parcel", "model")


def test_a_model_does_not_read_another_encoder_of_the_same_name(tmp_path):
    mine = shutil.copytree(places.find_encoder(places.DEFAULT_ENCODER), tmp_path / "mine")
    (mine / CONFIG).write_text((mine / CONFIG).read_text().replace("encoder-en", "mine"))
    rows = [("parcel", "where is my parcel"), ("login", "I cannot sign in")] * 10
    corpus = Corpus(tuple(Example(f"{text} {n}", "en", {"category": label}) for n, (label, text) in enumerate(rows)))
    registry.publish(training.train(corpus, "model", encoder=OnnxEncoder(mine)), tmp_path / "model")
    shutil.rmtree(mine)
    shutil.copytree(places.find_encoder("base"), mine)
    with pytest.raises(ModelError, match="train it again"):
        Assessor.load(tmp_path / "model")


def test_models_go_on_with_an_encoder_that_succeeds_theirs(tmp_path):
    mine = shutil.copytree(places.find_encoder(places.DEFAULT_ENCODER), tmp_path / "mine")
    card = json.loads((mine / CONFIG).read_text()) | {"name": "mine"}
    (mine / CONFIG).write_text(json.dumps(card))
    rows = [("parcel", "where is my parcel"), ("login", "I cannot sign in")] * 10
    corpus = Corpus(tuple(Example(f"{text} {n}", "en", {"category": label}) for n, (label, text) in enumerate(rows)))
    model = training.train(corpus, "model", encoder=OnnxEncoder(mine))
    earlier = replace(model, encoder_sha256="0" * 64)
    assert not earlier.reads(OnnxEncoder(mine))
    (mine / CONFIG).write_text(json.dumps(card | {"succeeds": ["0" * 64]}))
    assert earlier.reads(OnnxEncoder(mine))
    assert model.reads(OnnxEncoder(mine))


def test_a_model_of_before_goes_on_with_the_network_it_was_trained_with(tmp_path):
    rows = [("parcel", "where is my parcel"), ("login", "I cannot sign in")] * 10
    corpus = Corpus(tuple(Example(f"{text} {n}", "en", {"category": label}) for n, (label, text) in enumerate(rows)))
    registry.publish(training.train(corpus, "model", encoder=OnnxEncoder(places.find_encoder("base"))), tmp_path)
    written = json.loads((tmp_path / places.CONFIG).read_text())
    del written["encoder_sha256"]
    (tmp_path / places.CONFIG).write_text(json.dumps(written | {"encoder": "encoder-en"}))
    model = registry.load(tmp_path)
    assert model.encoder == "encoder-base"
    assert registry.encoder_of(model, tmp_path).name == "encoder-base"


def test_the_untouched_encoder_stays_beside_the_one_that_was_taught():
    base, taught = (OnnxEncoder(places.find_encoder(name)) for name in ("base", places.DEFAULT_ENCODER))
    assert (base.name, taught.name, base.width) == ("encoder-base", "encoder-en", taught.width)
    texts = ["my card was swallowed by the machine", "the parcel has not come", "how do I change my address?"]
    alike = np.sum(base.encode(texts) * taught.encode(texts), axis=1)
    assert (alike > 0.5).all()  # taught while held to what it said before
    assert (alike < 0.999).all()


def test_texts_of_like_lengths_go_together_and_no_more_than_fit_a_cache():
    lengths = [9, 200, 7, 60, 61, 8, 256, 62, 300] + [64] * 9
    found = list(batches(lengths))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        own = [lengths[place] for place in batch]
        assert len(own) == 1 or max(own) * len(own) <= TOKENS
        assert max(own) - min(own) <= 12
    assert len(found) == 6  # 7 to 9; eight and four of 60 to 64; 200; 256; 300


def test_where_words_suffice_no_vectors_are_kept(encoder):
    rows = [(f"where is my parcel {n}", "parcel") for n in range(520)] + [
        (f"I cannot sign in {n}", "login") for n in range(520)
    ]
    corpus = Corpus(tuple(Example(text, "en", {"category": label}) for text, label in rows))
    model = training.train(corpus, "easy", encoder=encoder)
    assert model.neighbours == {}
    assert model.encoder == ""
    assert model.training["cross_validation"]["category"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("name", "rows", "looking"),
    [
        (places.DEFAULT_ENCODER, 25, {"category", "complaint"}),
        (places.DEFAULT_ENCODER, 10, {"category"}),  # read behind a prompt
        ("base", 25, {"category"}),
        ("base", 10, {"category"}),
        ("", 25, set()),
    ],
)
def test_heads_that_are_lent_keep_their_second_look_only_at_the_vectors_they_know(name, rows, looking):
    table = [("parcel", "where is my parcel"), ("login", "I cannot sign in")] * rows
    corpus = Corpus(tuple(Example(f"{text} {n}", "en", {"category": label}) for n, (label, text) in enumerate(table)))
    starter = registry.load(places.find("triage-service"))
    encoder = OnnxEncoder(places.find_encoder(name)) if name else NoEncoder()
    model = training.train(corpus, "mine", base=starter, encoder=encoder)
    assert set(model.neighbours) == {head.name for head in model.linear.heads if head.second is not None} == looking
    assert [head.name for head in model.linear.heads] == ["category", "urgency", "sentiment", "complaint"]
    assert model.reads(encoder)
    texts = ["I am furious, you lost my parcel again", "where is my parcel"]
    said = scoring.score(model, texts, texts, ["en", "en"], encoder).probabilities["complaint"][:, 1]
    assert said[0] > model.complaint_threshold > said[1]


def test_a_model_trained_with_the_static_encoder_finds_it_again(tmp_path):
    rows = [("包裹", "我的包裹到哪里了"), ("登录", "我登录不了账户")] * 10
    corpus = Corpus(tuple(Example(f"{text} {n}", "zh", {"category": label}) for n, (label, text) in enumerate(rows)))
    encoder = shared(places.find_encoder("encoder-zh"))
    registry.publish(training.train(corpus, "chinese", encoder=encoder), tmp_path)
    model = registry.load(tmp_path)
    assert registry.encoder_of(model, tmp_path) is encoder
    scored = scoring.score(model, ["快递丢了"], ["快递丢了"], ["zh"], registry.encoder_of(model, tmp_path))
    assert scored.encoded.tolist() == [0]
    with pytest.raises(ModelError, match="train it again"):
        registry.encoder_of(replace(model, encoder_sha256="0" * 64), tmp_path)
