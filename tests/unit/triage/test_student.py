"""The static encoder of Chinese, and the one space of both languages."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from contactcenter.errors import ModelError
from contactcenter.triage import places, student
from contactcenter.triage.bilingual import CHINESE, BilingualEncoder, bilingual
from contactcenter.triage.encoder import OnnxEncoder, shared
from contactcenter.triage.student import CONFIG, StaticEncoder


@pytest.fixture(scope="module")
def encoder():
    return StaticEncoder(places.find_encoder(CHINESE))


def test_texts_become_unit_vectors_in_their_order(encoder):
    texts = ["我的包裹在哪里", "密码忘了", "退款什么时候到账"]
    together = encoder.encode(texts * 200)
    assert together.shape == (600, encoder.width)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.allclose(together[:3], np.vstack([encoder.encode([text])[0] for text in texts]), atol=1e-5)


def test_a_text_of_which_nothing_is_known_has_no_direction(encoder):
    assert not encoder.encode(["", "。。。", " \u200b "]).any()
    assert encoder.encode([]).shape == (0, encoder.width)


def test_traditional_characters_mean_the_same(encoder):
    simplified, traditional = encoder.encode(["我的订单还没发货", "我的訂單還沒發貨"])
    assert simplified @ traditional > 0.99


def test_a_chinese_sentence_lies_nearest_to_its_english_translation():
    chinese = ["我的信用卡被偷了", "宽带上不了网", "我要取消保险", "客服电话几点有人接"]
    english = ["My credit card was stolen", "The broadband is not working", "Cancel my insurance", "Opening hours?"]
    likeness = bilingual().encode(chinese) @ bilingual().encode(english).T
    assert likeness.argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_each_language_goes_its_own_way_and_the_order_stays(encoder):
    texts = ["我的包裹在哪里", "Where is my parcel?", "密码忘了"]
    together = bilingual().encode(texts)
    assert np.allclose(together[[0, 2]], encoder.encode([texts[0], texts[2]]), atol=1e-5)
    english = shared(places.find_encoder(places.DEFAULT_ENCODER))
    assert np.allclose(together[1], english.encode([texts[1]])[0], atol=1e-3)


def test_encoders_of_different_widths_have_no_space_in_common(encoder):
    english = OnnxEncoder(places.find_encoder(places.DEFAULT_ENCODER))
    odd = type("Odd", (), {"width": 3, "name": "odd"})()
    with pytest.raises(ModelError, match="numbers"):
        BilingualEncoder(english, odd)


def test_the_folder_says_which_kind_of_encoder_it_is():
    assert isinstance(shared(places.find_encoder(CHINESE)), StaticEncoder)
    assert isinstance(shared(places.find_encoder(places.DEFAULT_ENCODER)), OnnxEncoder)


@pytest.mark.parametrize("harm", ["config", "kind", "weights", "missing", "sizes"])
def test_a_damaged_folder_is_refused(tmp_path, harm):
    folder = shutil.copytree(places.find_encoder(CHINESE), tmp_path / "encoder")
    said = json.loads((folder / CONFIG).read_text())
    weights = folder / said["weights"]["file"]
    match harm:
        case "config":
            (folder / CONFIG).write_text("{")
        case "kind":
            (folder / CONFIG).write_text(json.dumps(said | {"kind": "other"}))
        case "weights":
            weights.write_bytes(weights.read_bytes()[:-1] + b"x")
        case "missing":
            weights.unlink()
        case "sizes":
            arrays = dict(np.load(weights))
            student.save(
                student.Student(**arrays | {"buckets": arrays["buckets"][1:]}),
                folder,
                name="x",
                teacher="y",
                training={},
            )
    with pytest.raises(ModelError):
        StaticEncoder(folder)


def test_reading_chinese_loads_neither_onnxruntime_nor_a_tokenizer():
    program = (
        "import sys; from contactcenter.triage import places, student; "
        "student.StaticEncoder(places.find_encoder('encoder-zh')).encode(['你好']); "
        "print([name for name in ('onnxruntime', 'transformers', 'spacy', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
