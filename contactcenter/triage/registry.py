"""Trained models on disk: where they lie, how one is read and checked, how one is published.

A model is a folder: ``config.json`` (format, heads, labels, calibration, name and SHA-256 of the weights),
``weights-<hash>.npz`` (8 and 16-bit numbers) and ``README.md``, its card. No pickles. ``config.json`` is replaced in
one step, so a reader finds the old model or the new one whole; the old one stays loadable in the folder ``previous``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import ModelError
from contactcenter.triage.encoder import OnnxEncoder, shared
from contactcenter.triage.features import Encoder, NoEncoder
from contactcenter.triage.linear import ANY_LANGUAGE, Calibration, Head, LinearModel, Second, columns_of
from contactcenter.triage.neighbours import Neighbours, View
from contactcenter.triage.places import BASE_ENCODER, CONFIG, DEFAULT_ENCODER, find_encoder, version_of
from contactcenter.triage.student import StaticEncoder

FORMAT = 4
READABLE = (2, 3, FORMAT)
"""Format 3 knew no metric; format 2 no manner either, and kept the examples of all heads in one array."""

PREVIOUS = "previous"

_LARGEST_WEIGHTS = 512 * 2**20


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model as loaded: its name, its heads with their weights, and the line above which a message is a complaint."""

    name: str
    linear: LinearModel
    complaint_threshold: float
    training: dict[str, Any]
    """What the model was trained on and how (plain JSON values)."""
    encoder: str = ""
    """Name of the encoder whose vectors its heads read; empty for none."""
    encoder_sha256: str = ""
    """The SHA-256 of that encoder's network; empty where none is read or it was not written down."""
    version: str = ""
    """The first letters of the SHA-256 of its configuration; empty for one that was never published."""
    neighbours: Mapping[str, Neighbours] = field(default_factory=dict)
    """The experts on vectors of the heads that take a second look, by their names."""
    prompt: str = ""
    """What stood before each text, and so has to, when the encoder read it."""

    @property
    def identity(self) -> str:
        """Name and version, as assessments state them."""
        return f"{self.name}@{self.version}" if self.version else self.name

    def reads(self, encoder: Encoder) -> bool:
        """Whether the vectors of an encoder are those it knows, as far as its network's hash was written down."""
        if not all(expert.reads(encoder) for expert in self.neighbours.values()):
            return False
        networks = encoder.networks if isinstance(encoder, OnnxEncoder | StaticEncoder) else ()
        return not (networks and self.encoder_sha256) or self.encoder_sha256 in networks

    def reading(self, encoder: Encoder) -> TrainedModel:
        """The same with what it finds its encoder again by; nothing where no head looks at vectors."""
        if not self.neighbours or not isinstance(encoder, OnnxEncoder | StaticEncoder):
            return self
        return replace(self, encoder=encoder.name, encoder_sha256=encoder.networks[0])


def encoder_of(model: TrainedModel, folder: Path, data: Path | None = None) -> Encoder:
    """The encoder that the model of a folder reads, loaded once in a process.

    Raises :class:`ModelError` where it is missing, damaged, or another one of the same name.
    """
    if not model.encoder:
        return NoEncoder()
    encoder = shared(find_encoder(model.encoder, data, folder))
    if not model.reads(encoder):
        raise ModelError(
            f"{folder}: the model was trained with another {model.encoder}, whose vectors differ from today's; "
            "train it again (contactcenter triage train), or move it away and learn corrections anew (triage retrain)"
        )
    return encoder


def load(folder: Path) -> TrainedModel:
    """The model in a folder; raises :class:`ModelError` when it is of another format, damaged or incomplete."""
    try:
        written = (folder / CONFIG).read_bytes()
        config = json.loads(written)
        if config.get("format") not in READABLE:
            raise ModelError(f"{folder}: format {config.get('format')!r}, this version reads {READABLE}")
        heads = [_head_from_json(head) for head in config["heads"]]
        raw = _checked(folder / Path(config["weights"]["file"]).name, config["weights"]["sha256"])
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            linear = LinearModel(heads, arrays["buckets"], arrays["weights"])
            neighbours = _neighbours(config, heads, arrays)
        return TrainedModel(
            str(config["name"]),
            linear,
            float(config["complaint_threshold"]),
            dict(config.get("training", {})),
            _encoder_name(config),
            str(config.get("encoder_sha256", "")),
            version_of(written),
            neighbours,
            str(config.get("prompt", "")),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder}: not a readable model ({error})") from error


def _encoder_name(config: Mapping[str, Any]) -> str:
    """The encoder's name; before models wrote their network's hash down, ``encoder-en`` was what is the base now."""
    name = str(config.get("encoder", ""))
    return BASE_ENCODER if name == DEFAULT_ENCODER and "encoder_sha256" not in config else name


def _checked(path: Path, sha256: str) -> bytes:
    """The bytes of a file whose hash is as stated."""
    if path.stat().st_size > _LARGEST_WEIGHTS:
        raise ModelError(f"{path}: larger than {_LARGEST_WEIGHTS} bytes")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise ModelError(f"{path}: its SHA-256 is not the one {CONFIG} states; the file is damaged or was exchanged")
    return raw


def _neighbours(
    config: Mapping[str, Any], heads: Sequence[Head], arrays: Mapping[str, NDArray[Any]]
) -> dict[str, Neighbours]:
    """The experts on vectors of the heads that look at them; raises :class:`ValueError` where one does not fit."""
    looking = [head for head in heads if head.second is not None]
    if config["format"] == 2:
        found = _side_by_side(looking, arrays)
    else:
        shares = config["manner"]
        found = {
            head.name: Neighbours.of(
                arrays[f"{head.name}.examples"],
                arrays[f"{head.name}.coefficients"],
                _view(float(shares[head.name]), head.name, arrays),
            )
            for head in looking
        }
    for head in looking:
        if found[head.name].coefficients.shape[1] != len(head.labels):
            raise ValueError(f"coefficients that are not those of the {len(head.labels)} labels of {head.name}")
    return found


def _view(share: float, head: str, arrays: Mapping[str, NDArray[Any]]) -> View:
    """What likeness goes by for a head."""
    centre, basis = (arrays[f"{head}.{part}"].astype(np.float32) for part in ("centre", "basis"))
    metric = arrays.get(f"{head}.metric")
    return View(share, centre, basis) if metric is None else View(share, centre, basis, metric.astype(np.float32))


def _side_by_side(looking: Sequence[Head], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Neighbours]:
    """The same from one array of examples and one of coefficients, in which the heads' labels stand side by side."""
    if not looking:
        return {}
    stored, coefficients = arrays["examples"], arrays["coefficients"]
    found = {}
    for name, columns in columns_of(looking).items():
        used = coefficients[:, columns].any(axis=1)
        found[name] = Neighbours.of(stored[used], coefficients[used, columns])
    return found


def _head_from_json(data: dict[str, Any]) -> Head:
    labels = tuple(map(str, data["labels"]))
    second = data.get("second")
    head = Head(
        name=str(data["name"]),
        labels=labels,
        bias=tuple(map(float, data["bias"])),
        calibration=_calibration_from_json(data, len(labels)),
        second=second and _second_from_json(second, len(labels)),
    )
    if len(head.bias) != len(labels):
        raise ValueError(f"head {head.name}: {len(labels)} labels, but {len(head.bias)} numbers of bias")
    return head


def _second_from_json(data: dict[str, Any], labels: int) -> Second:
    lines = {str(language): float(value) for language, value in data["lines"].items()}
    if ANY_LANGUAGE not in lines:
        raise ValueError("a second look without a line for any language")
    return Second(float(data["words"]), float(data["vectors"]), _calibration_from_json(data, labels), lines)


def _calibration_from_json(data: dict[str, Any], labels: int) -> Calibration:
    curves = {
        str(language): tuple((float(x), float(y)) for x, y in knots) for language, knots in data["curves"].items()
    }
    calibration = Calibration(float(data["scale"]), tuple(map(float, data["shift"])), curves)
    if len(calibration.shift) not in (0, labels):
        raise ValueError(f"{labels} labels, but {len(calibration.shift)} numbers of shift")
    if curves and ANY_LANGUAGE not in curves:
        raise ValueError("curves, but none for any language")
    return calibration


def _head_to_json(head: Head) -> dict[str, Any]:
    written = {
        "name": head.name,
        "labels": list(head.labels),
        "bias": list(head.bias),
        **_calibration_to_json(head.calibration),
    }
    if head.second is not None:
        written["second"] = {
            "words": head.second.words,
            "vectors": head.second.vectors,
            "lines": dict(head.second.lines),
            **_calibration_to_json(head.second.calibration),
        }
    return written


def _calibration_to_json(calibration: Calibration) -> dict[str, Any]:
    return {
        "scale": calibration.scale,
        "shift": list(calibration.shift),
        "curves": {language: [list(knot) for knot in knots] for language, knots in calibration.curves.items()},
    }


def publish(model: TrainedModel, folder: Path) -> None:
    """Write a model into a folder in one step, keeping what was there in ``previous``; other files stay untouched."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    linear = model.linear
    arrays: dict[str, NDArray[Any]] = {
        "buckets": linear.buckets.astype(np.uint32),
        "weights": linear.weights[:-1].astype(np.float16),
    }
    for name, expert in model.neighbours.items():
        arrays[f"{name}.examples"] = expert.stored
        arrays[f"{name}.coefficients"] = expert.coefficients.astype(np.float16)
        arrays[f"{name}.centre"] = expert.view.centre
        arrays[f"{name}.basis"] = expert.view.basis.astype(np.float16)
        if expert.view.metric.size:
            arrays[f"{name}.metric"] = expert.view.metric.astype(np.float16)
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    raw = buffer.getvalue()
    digest = hashlib.sha256(raw).hexdigest()
    weights = f"weights-{digest[:12]}.npz"
    config = {
        "format": FORMAT,
        "name": model.name,
        "weights": {"file": weights, "sha256": digest},
        "complaint_threshold": model.complaint_threshold,
        "encoder": model.encoder,
        "encoder_sha256": model.encoder_sha256,
        "prompt": model.prompt,
        "training": model.training,
        "heads": [_head_to_json(head) for head in linear.heads],
        "manner": {name: expert.view.share for name, expert in model.neighbours.items()},
    }
    _keep_previous(folder, weights)
    _write(folder / weights, raw)
    _write(folder / CONFIG, (json.dumps(config, ensure_ascii=False, indent=1) + "\n").encode())
    _sweep(folder, weights)


def adopt(folder: Path, shipped: Path) -> None:
    """Copy a model into a folder that has none yet, so that what is published there has something to go back to."""
    if (folder / CONFIG).is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    config = (shipped / CONFIG).read_bytes()
    weights = _weights_of(config)
    _write(folder / weights, (shipped / weights).read_bytes())
    _write(folder / CONFIG, config)


def put_to_work(source: Path, folder: Path) -> TrainedModel:
    """Put the model in ``source`` to work in ``folder`` in one step; what was at work there goes to ``previous``.

    Raises :class:`ModelError` when it is damaged; then nothing has changed.
    """
    model = load(source)
    config, present = (source / CONFIG).read_bytes(), (folder / CONFIG).read_bytes()
    weights, old = _weights_of(config), _weights_of(present)
    raw = (source / weights).read_bytes()
    # A model that lost its weights is not worth going back to.
    aside = _copied_aside(folder, old) if present != config and (folder / old).is_file() else None
    _write(folder / weights, raw)
    _write(folder / CONFIG, config)
    if aside is not None:
        _into_previous(folder, aside)
    _sweep(folder, weights)
    return model


def roll_back(folder: Path) -> TrainedModel:
    """Put the model in ``previous`` back to work, and the present one into ``previous``: twice is as before.

    Raises :class:`ModelError` when there is none, or it is damaged; then nothing has changed.
    """
    if not (folder / PREVIOUS / CONFIG).is_file():
        raise ModelError(f"{folder}: there is no earlier model to go back to")
    return put_to_work(folder / PREVIOUS, folder)


def _weights_of(config: bytes) -> str:
    return Path(json.loads(config)["weights"]["file"]).name


def _sweep(folder: Path, weights: str) -> None:
    """Remove the weights that no longer belong to the model."""
    for old in folder.glob("weights-*.npz"):
        if old.name != weights:
            old.unlink()


def _keep_previous(folder: Path, new_weights: str) -> None:
    """Copy the present model aside, unless there is none or it is the one being written."""
    if not (folder / CONFIG).is_file():
        return
    current = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["weights"]["file"]
    if current == new_weights or not (folder / current).is_file():
        return
    _into_previous(folder, _copied_aside(folder, current))


def _copied_aside(folder: Path, weights: str) -> Path:
    aside = Path(tempfile.mkdtemp(prefix=".previous-", dir=folder))
    shutil.copy2(folder / CONFIG, aside)
    shutil.copy2(folder / weights, aside)
    return aside


def _into_previous(folder: Path, aside: Path) -> None:
    shutil.rmtree(folder / PREVIOUS, ignore_errors=True)
    aside.rename(folder / PREVIOUS)


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(name).chmod(0o644)
    Path(name).replace(path)
