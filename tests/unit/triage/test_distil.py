"""Teaching the static encoder, with a teacher of random places."""

import zlib

import numpy as np
import pytest

from contactcenter.errors import InvalidInput
from contactcenter.knowledge.questions import read_questions
from contactcenter.triage.bilingual import CHINESE
from contactcenter.triage.distil import (
    Pair,
    Recipe,
    all_pairs,
    as_training,
    distil,
    held_apart,
    read_pairs,
    top1,
)
from contactcenter.triage.places import find_encoder
from contactcenter.triage.student import StaticEncoder, save
from contactcenter.triage.text import clean

WORDS = ("密码", "包裹", "退款", "保单", "银行卡", "路由器", "发票", "地址", "理赔", "积分")
SMALL = Recipe(width=16, hidden=16, epochs=80, batch=16, least=1, drop=0.0, drop_grams=0.0)


class Teacher:
    """Puts every sentence somewhere, always in the same place."""

    name, width, prompt = "teacher", 12, ""

    def encode(self, texts):
        drawn = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=self.width) for text in texts]
        return np.array([vector / np.linalg.norm(vector) for vector in drawn], dtype=np.float32)


PAIRS = [Pair(f"about {word}", f"我想问{word}的事", word) for word in WORDS]


def taught(pairs, everyday=(), recipe=SMALL):
    return distil(pairs, everyday, Teacher(), recipe)


def test_the_student_puts_what_it_was_taught_where_the_teacher_does():
    made = taught(PAIRS)
    vectors = made.vectors([clean(pair.zh) for pair in PAIRS])
    assert top1(vectors, Teacher().encode([pair.en for pair in PAIRS])) == 1.0


def test_it_knows_a_word_in_a_sentence_it_has_never_seen():
    vectors = taught(PAIRS).vectors([clean(f"{word}怎么办") for word in WORDS])
    assert top1(vectors, Teacher().encode([pair.en for pair in PAIRS])) >= 0.8


def test_the_same_seed_gives_the_same_student():
    one, other = taught(PAIRS), taught(PAIRS)
    assert np.array_equal(one.rows, other.rows)
    assert not np.array_equal(one.rows, taught(PAIRS, recipe=Recipe(**as_recipe(seed=1))).rows)


def as_recipe(**changes):
    kept = as_training(SMALL, 0, 0)
    return {name: kept[name] for name in kept if not name.endswith("pairs")} | changes


def test_it_is_the_same_after_it_was_kept(tmp_path):
    made = taught(PAIRS, [Pair("hello", "你好")])
    save(made, tmp_path, name="mine", teacher="teacher", training={})
    save(made, tmp_path, name="mine", teacher="teacher", training={})
    kept = StaticEncoder(tmp_path)
    assert (kept.name, kept.teacher, kept.width) == ("mine", "teacher", 12)
    assert np.allclose(kept.encode(["你好"]), made.vectors([clean("你好")]), atol=0.02)
    assert len(list(tmp_path.glob("weights-*.npz"))) == 1


def test_no_topic_is_on_both_sides():
    learned, aside = held_apart([*PAIRS, *PAIRS], 0.3)
    assert len({pair.topic for pair in aside}) == 3
    assert not {pair.topic for pair in aside} & {pair.topic for pair in learned}
    assert len(learned) + len(aside) == 20


def test_files_are_read_and_what_is_none_says_so(tmp_path):
    file = tmp_path / "pairs.csv"
    file.write_text("en,zh,topic\nHello,你好,greeting\n,空,x\n", encoding="utf-8")
    assert read_pairs(file) == [Pair("Hello", "你好", "greeting")]
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    for wrong in (file, tmp_path / "missing.csv"):
        with pytest.raises(InvalidInput):
            read_pairs(wrong)


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(InvalidInput, match="no pairs"):
        taught([])


def test_the_shipped_student_was_not_taught_the_questions_it_is_measured_with():
    folder = find_encoder(CHINESE)
    taught = {"".join(filter(str.isalnum, pair.zh)) for pair in all_pairs((folder / "corpus").glob("*.csv"))}
    asked = ["".join(filter(str.isalnum, one.text)) for one in read_questions(folder / "questions.jsonl")]
    assert len(asked) >= 150
    assert not taught & set(asked)
