import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from contactcenter.errors import ModelError
from contactcenter.triage import places, registry
from contactcenter.triage.linear import Calibration, Head, LinearModel, Second
from contactcenter.triage.neighbours import Neighbours, View


def small(name="small", weight=1.0):
    heads = [Head("category", ("a", "b", "c"), (0.5, 0.0, 0.0), Calibration(2.0, (), {"": ((0.4, 0.4), (1.0, 0.9))}))]
    weights = np.array([[weight, 0, 0], [0, weight, 0]], np.float32)
    linear = LinearModel(heads, np.array([3, 7], np.uint32), weights)
    return registry.TrainedModel(name, linear, 0.125, {"rows": 2})


def test_what_is_published_is_what_is_loaded(tmp_path):
    registry.publish(small(), tmp_path / "small")
    model = registry.load(tmp_path / "small")
    assert (model.name, model.complaint_threshold, model.training) == ("small", 0.125, {"rows": 2})
    assert model.linear.heads == small().linear.heads
    assert (model.linear.weights == small().linear.weights).all()


def looking(metric):
    """A model whose one head looks at vectors of two numbers."""
    model = small()
    head = replace(model.linear.heads[0], second=Second(1.0, 2.0, Calibration(), {"": 0.9}))
    view = View(metric=np.array(metric, np.float32).reshape(len(metric), len(metric)))
    expert = Neighbours.of(np.array([[3, 127], [127, 0]], np.int8), np.eye(2, 3, dtype=np.float32), view)
    linear = LinearModel([head], model.linear.buckets, model.linear.weights[:-1])
    return replace(model, linear=linear, neighbours={"category": expert})


@pytest.mark.parametrize("metric", [[], [[1.0, 0.5], [0.5, 0.25]]])
def test_what_likeness_goes_by_is_loaded_as_it_was_published(tmp_path, metric):
    registry.publish(looking(metric), tmp_path)
    assert registry.load(tmp_path).neighbours["category"].view.metric.tolist() == metric


def test_models_from_before_there_were_metrics_are_read(tmp_path):
    registry.publish(looking([]), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps({**config, "format": 3}), encoding="utf-8")
    expert = registry.load(tmp_path).neighbours["category"]
    assert (expert.stored == looking([]).neighbours["category"].stored).all()


def test_the_model_before_stays_loadable_and_other_files_stay(tmp_path):
    (tmp_path / "README.md").write_text("card", encoding="utf-8")
    registry.publish(small(weight=1.0), tmp_path)
    registry.publish(small(weight=2.0), tmp_path)
    assert registry.load(tmp_path).linear.weights.max() == 2.0
    assert registry.load(tmp_path / "previous").linear.weights.max() == 1.0
    assert len(list(tmp_path.glob("weights-*.npz"))) == 1
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "card"


def test_publishing_the_same_model_again_keeps_the_one_before(tmp_path):
    for weight in (1.0, 2.0, 2.0):
        registry.publish(small(weight=weight), tmp_path)
    assert registry.load(tmp_path / "previous").linear.weights.max() == 1.0


def test_one_step_back_and_one_step_forth_again(tmp_path):
    for weight in (1.0, 2.0):
        registry.publish(small(weight=weight), tmp_path)
    versions = [registry.roll_back(tmp_path).version for _ in range(3)]
    assert registry.load(tmp_path).linear.weights.max() == 1.0
    assert registry.load(tmp_path / "previous").linear.weights.max() == 2.0
    assert versions[0] == versions[2] == registry.load(tmp_path).version != versions[1]
    assert len(list(tmp_path.glob("weights-*.npz"))) == 1


def test_without_a_whole_earlier_model_nothing_is_rolled_back(tmp_path):
    registry.publish(small(), tmp_path)
    with pytest.raises(ModelError, match="no earlier"):
        registry.roll_back(tmp_path)
    registry.publish(small(weight=2.0), tmp_path)
    next((tmp_path / "previous").glob("weights-*.npz")).write_bytes(b"damaged")
    with pytest.raises(ModelError, match="SHA-256"):
        registry.roll_back(tmp_path)
    assert registry.load(tmp_path).linear.weights.max() == 2.0


def test_a_model_adopted_is_what_is_gone_back_to(tmp_path):
    registry.publish(small(), tmp_path / "shipped")
    registry.adopt(tmp_path / "own", tmp_path / "shipped")
    registry.publish(small(weight=2.0), tmp_path / "own")
    registry.adopt(tmp_path / "own", tmp_path / "shipped")
    assert registry.load(tmp_path / "own").linear.weights.max() == 2.0
    assert registry.roll_back(tmp_path / "own").version == registry.load(tmp_path / "shipped").version


def test_a_model_is_found_by_path_by_name_in_the_data_directory_and_by_shipped_name(tmp_path):
    registry.publish(small(), tmp_path / "models" / "mine")
    assert places.find("mine", tmp_path) == tmp_path / "models" / "mine"
    assert places.find(str(tmp_path / "models" / "mine")) == tmp_path / "models" / "mine"
    assert registry.load(places.find("triage-service", tmp_path)).name == "triage-service"


def test_a_missing_model_names_the_places_that_were_looked_at(tmp_path):
    with pytest.raises(ModelError, match="nowhere"):
        places.find("nowhere", tmp_path)
    with pytest.raises(ModelError, match="no model"):
        places.find("../../etc", tmp_path)


def test_exchanged_weights_are_refused(tmp_path):
    registry.publish(small(), tmp_path)
    next(tmp_path.glob("weights-*.npz")).write_bytes(b"something else")
    with pytest.raises(ModelError, match="SHA-256"):
        registry.load(tmp_path)


def test_weights_outside_the_folder_are_not_followed(tmp_path):
    registry.publish(small(), tmp_path / "model")
    weights = next((tmp_path / "model").glob("weights-*.npz"))
    shutil.move(weights, tmp_path / weights.name)
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace(weights.name, f"../{weights.name}"), encoding="utf-8")
    with pytest.raises(ModelError, match="not a readable model"):
        registry.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "format 99"),
        ({"heads": [{}]}, "not a readable model"),
        ({"weights": None}, "not a readable model"),
    ],
)
def test_a_config_that_is_none_of_ours_is_refused(tmp_path, change, message):
    registry.publish(small(), tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        registry.load(tmp_path)


def test_a_folder_with_garbage_is_refused(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xff[")
    with pytest.raises(ModelError):
        registry.load(tmp_path)
