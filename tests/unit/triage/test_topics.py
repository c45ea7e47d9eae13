import random

import numpy as np

from contactcenter.triage import topics
from contactcenter.triage.topics import Unsure

DRONE = (
    "the drone dropped my box on the roof",
    "a drone left the box on our roof",
    "box on the roof again, that drone",
)
NOISE = ("hello", "weather is nice", "call my lawyer soon", "printing labels in blue", "a song about rivers")


def unsure(texts, *, language="en", customers=1000, prefix="m"):
    return [
        Unsure(f"{prefix}{n:04d}", text, language, f"c{n % customers}", age=float(n % 20))
        for n, text in enumerate(texts)
    ]


def found():
    return unsure([DRONE[n % 3] for n in range(12)] + [f"{text} {n}" for n, text in enumerate(NOISE)])


def test_like_messages_make_a_topic_named_by_their_terms():
    (one,) = topics.clusters(found())
    assert set(one.members) == {f"m{n:04d}" for n in range(12)}
    assert {"drone", "roof"} <= set(" ".join(one.terms).split())
    assert (one.customers, one.recent, one.before) == (12, 8, 4)


def test_the_same_messages_give_the_same_topics_in_any_order():
    shuffled = random.Random(1).sample(found(), len(found()))
    assert topics.clusters(shuffled) == topics.clusters(found())


def test_chinese_messages_make_a_topic_of_their_own():
    texts = ["无人机把包裹放在屋顶上了", "无人机送货，包裹在屋顶", "屋顶上的包裹，无人机送的"]
    (one,) = topics.clusters(unsure([texts[n % 3] for n in range(9)], language="zh"))
    assert any("无人机" in term for term in one.terms)


def test_one_customer_alone_is_no_topic():
    assert topics.clusters(unsure([DRONE[n % 3] for n in range(12)], customers=1)) == []


def test_no_name_and_no_number_is_kept_in_words():
    texts = [f"{DRONE[n % 3]}. I am Xavier{n}, policy P-{n}77231" for n in range(12)]
    texts[3] = f"{DRONE[0]} says Rumpelstilzchen"
    (one,) = topics.clusters(unsure(texts))
    kept = " ".join([*one.terms, *one.questions, *one.signature]).lower()
    assert "rumpelstilzchen" not in kept
    assert "xavier" not in kept
    assert not any(character.isdigit() for character in kept)


def test_typical_questions_are_sentences_that_several_could_have_written():
    (one,) = topics.clusters(unsure([f"{DRONE[0]}. Call me, dear {n}" for n in range(8)]))
    assert one.questions == ("the drone dropped my box on the roof.",)


def test_an_encoders_vectors_bring_together_what_no_word_does():
    texts = ["apples", "pears", "plums", "grapes", "lemons", "cherries"]
    vectors = np.tile(np.array([[1.0, 0.0]], np.float32), (6, 1))
    assert topics.clusters(unsure(texts)) == []
    rows = list(topics._leaders(vectors, topics.NEAR_ENCODED))
    assert rows == [[0, 1, 2, 3, 4, 5]]


def test_signatures_tell_a_known_topic_from_another():
    one, other = {"drone": 1.0, "roof": 0.5}, {"invoice": 1.0}
    assert topics.likeness(one, one) > 0.99
    assert topics.likeness(one, other) == topics.likeness(one, {}) == 0.0
