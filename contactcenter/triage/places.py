"""Where folders of models and encoders lie. Light: a process that understands nothing may ask."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from contactcenter.errors import ModelError

CONFIG = "config.json"
ENCODER_CONFIG = "encoder.json"
DEFAULT_MODEL = "triage-service"
DEFAULT_ENCODER = "encoder-en"
"""The encoder of English: narrowed, and taught what customers want."""
BASE_ENCODER = "encoder-base"
"""The encoder that it was made of, as its authors trained it, which no task of ours has touched."""

_PACKAGE = Path(__file__).resolve().parent.parent


def find(model: str, data: Path | None = None) -> Path:
    """The folder of a model by path, by name in the data directory, or by shipped name.

    Raises :class:`ModelError` naming every place that was looked at.
    """
    return _find(model, CONFIG, _places(data))


def find_encoder(name: str, data: Path | None = None, model: Path | None = None) -> Path:
    """The folder of an encoder, as :func:`find`, or beside the folder of a model; ``base`` is the untouched one.

    Raises :class:`ModelError` naming every place that was looked at.
    """
    beside = [] if model is None else [model.absolute().parent]
    return _find(BASE_ENCODER if name == "base" else name, ENCODER_CONFIG, [*beside, *_places(data)])


def _places(data: Path | None) -> list[Path]:
    """Where folders of models and encoders lie: in the data directory, in the package, in a checkout."""
    own = [] if data is None else [data / "models"]
    return [*own, *shipped_places()]


def shipped_places() -> list[Path]:
    """Where the models lie that came with the product: in the package, in a checkout."""
    return [_PACKAGE / "_models", _PACKAGE.parent / "models"]


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


def version_of(config: bytes) -> str:
    """The version of a model: it changes with everything that changes what the model says."""
    return hashlib.sha256(config).hexdigest()[:12]
