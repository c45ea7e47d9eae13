"""Trained models on disk: where they lie, how one is read and checked, how one is published.

A model is a folder: ``config.json`` (format, heads, labels, calibration, name and SHA-256 of the weights),
``weights-<hash>.npz`` (float16) and ``README.md``, its card. No pickles. ``config.json`` is replaced in one step, so a
reader finds the old model or the new one whole; the old one stays loadable in the folder ``previous``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contactcenter.errors import ModelError
from contactcenter.triage.encoder import CONFIG as ENCODER_CONFIG
from contactcenter.triage.encoder import shared
from contactcenter.triage.features import Encoder, NoEncoder
from contactcenter.triage.linear import Head, LinearModel

FORMAT = 1
CONFIG = "config.json"
PREVIOUS = "previous"
DEFAULT_MODEL = "triage-service"
BASE_ENCODER = "encoder-en"
"""The encoder as its authors trained it, which no task of ours has touched."""

_LARGEST_WEIGHTS = 512 * 2**20

_PACKAGE = Path(__file__).resolve().parent.parent


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


def find(model: str, data: Path | None = None) -> Path:
    """The folder of a model by path, by name in the data directory, or by shipped name.

    Raises :class:`ModelError` naming every place that was looked at.
    """
    return _find(model, CONFIG, _places(data))


def find_encoder(name: str, data: Path | None = None, model: Path | None = None) -> Path:
    """The folder of an encoder, as :func:`find`, or beside the folder of a model; ``base`` is the shipped one.

    Raises :class:`ModelError` naming every place that was looked at.
    """
    beside = [] if model is None else [model.absolute().parent]
    return _find(BASE_ENCODER if name == "base" else name, ENCODER_CONFIG, [*beside, *_places(data)])


def _places(data: Path | None) -> list[Path]:
    """Where folders of models and encoders lie: in the data directory, in the package, in a checkout."""
    own = [] if data is None else [data / "models"]
    return [*own, _PACKAGE / "_models", _PACKAGE.parent / "models"]


def _find(name: str, config: str, places: list[Path]) -> Path:
    """The first folder of that name that has the file; a path is taken as it is."""
    folders = [place / name for place in places]
    if os.sep in name or name.startswith(".") or Path(name, config).is_file():
        folders = [Path(name)]
    for folder in folders:
        if (folder / config).is_file():
            return folder
    what = "encoder" if config == ENCODER_CONFIG else "model"
    raise ModelError(f"no {what} {name!r}: looked in " + ", ".join(map(str, folders)))


def encoder_of(model: TrainedModel, folder: Path, data: Path | None = None) -> Encoder:
    """The encoder that the model of a folder reads, loaded once in a process; raises :class:`ModelError`."""
    return shared(find_encoder(model.encoder, data, folder)) if model.encoder else NoEncoder()


def load(folder: Path) -> TrainedModel:
    """The model in a folder; raises :class:`ModelError` when it is of another format, damaged or incomplete."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config.get("format") != FORMAT:
            raise ModelError(f"{folder}: format {config.get('format')!r}, this version reads {FORMAT}")
        heads = [_head_from_json(head) for head in config["heads"]]
        raw = _checked(folder / Path(config["weights"]["file"]).name, config["weights"]["sha256"])
        with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
            linear = LinearModel(heads, arrays["buckets"], arrays["weights"], arrays["dense"])
        return TrainedModel(
            str(config["name"]),
            linear,
            float(config["complaint_threshold"]),
            dict(config.get("training", {})),
            str(config.get("encoder", "")),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder}: not a readable model ({error})") from error


def _checked(path: Path, sha256: str) -> bytes:
    """The bytes of a file whose hash is as stated."""
    if path.stat().st_size > _LARGEST_WEIGHTS:
        raise ModelError(f"{path}: larger than {_LARGEST_WEIGHTS} bytes")
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise ModelError(f"{path}: its SHA-256 is not the one {CONFIG} states; the file is damaged or was exchanged")
    return raw


def _head_from_json(data: dict[str, Any]) -> Head:
    labels = tuple(map(str, data["labels"]))
    head = Head(
        name=str(data["name"]),
        labels=labels,
        bias=tuple(map(float, data["bias"])),
        scale=float(data["scale"]),
        shift=tuple(map(float, data["shift"])),
        curves={
            str(language): tuple((float(x), float(y)) for x, y in knots) for language, knots in data["curves"].items()
        },
    )
    if len(head.bias) != len(labels) or len(head.shift) not in (0, len(labels)):
        raise ValueError(f"head {head.name}: {len(labels)} labels, but other numbers of parameters")
    if head.curves and "" not in head.curves:
        raise ValueError(f"head {head.name}: no curve for any language")
    return head


def _head_to_json(head: Head) -> dict[str, Any]:
    return {
        "name": head.name,
        "labels": list(head.labels),
        "bias": list(head.bias),
        "scale": head.scale,
        "shift": list(head.shift),
        "curves": {language: [list(knot) for knot in knots] for language, knots in head.curves.items()},
    }


def publish(model: TrainedModel, folder: Path) -> None:
    """Write a model into a folder in one step, keeping what was there in ``previous``; other files stay untouched."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    linear = model.linear
    np.savez_compressed(
        buffer,
        buckets=linear.buckets.astype(np.uint32),
        weights=linear.weights[:-1].astype(np.float16),
        dense=linear.dense_weights.astype(np.float16),
    )
    raw = buffer.getvalue()
    digest = hashlib.sha256(raw).hexdigest()
    weights = f"weights-{digest[:12]}.npz"
    config = {
        "format": FORMAT,
        "name": model.name,
        "weights": {"file": weights, "sha256": digest},
        "complaint_threshold": model.complaint_threshold,
        "encoder": model.encoder,
        "training": model.training,
        "heads": [_head_to_json(head) for head in linear.heads],
    }
    _keep_previous(folder, weights)
    _write(folder / weights, raw)
    _write(folder / CONFIG, (json.dumps(config, ensure_ascii=False, indent=1) + "\n").encode())
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
    aside = Path(tempfile.mkdtemp(prefix=".previous-", dir=folder))
    shutil.copy2(folder / CONFIG, aside)
    shutil.copy2(folder / current, aside)
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
