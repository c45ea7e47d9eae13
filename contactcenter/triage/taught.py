"""Which texts an encoder was taught the labels of: a file of fingerprints beside its network, never the texts.

The vectors of such texts lie where their labels are, as those of new texts do not. Training that measured on them how
far vectors can be trusted would trust them too far.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import ModelError

FILE = "taught.npy"

_BYTES = 4
"""Bytes of a fingerprint: of a hundred thousand new texts two or three are taken for known."""


def fingerprints(texts: Iterable[str]) -> NDArray[np.uint32]:
    """A number for each text, the same whatever its spaces and capitals."""
    plain = (" ".join(text.casefold().split()).encode("utf-8", "replace") for text in texts)
    digests = b"".join(hashlib.blake2b(text, digest_size=_BYTES).digest() for text in plain)
    return np.frombuffer(digests, dtype="<u4").astype(np.uint32)


def write(folder: Path, texts: Iterable[str]) -> None:
    """Note in a folder what was taught."""
    np.save(folder / FILE, np.unique(fingerprints(texts)), allow_pickle=False)


def hand_on(source: Path, out: Path) -> None:
    """Copy the note of one folder to another; a folder without one takes away what was noted there."""
    (out / FILE).unlink(missing_ok=True)
    if (source / FILE).is_file():
        shutil.copyfile(source / FILE, out / FILE)


def read(folder: Path) -> NDArray[np.uint32]:
    """What was noted, ascending; nothing where there is no note. Raises :class:`ModelError` for a damaged one."""
    if not (folder / FILE).is_file():
        return np.zeros(0, dtype=np.uint32)
    try:
        noted: NDArray[np.uint32] = np.load(folder / FILE, allow_pickle=False)
        if noted.dtype != np.uint32 or noted.ndim != 1:
            raise ValueError(f"{noted.ndim} dimensions of {noted.dtype}")
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{folder / FILE}: not readable ({error})") from error
    return noted


def among(noted: NDArray[np.uint32], texts: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts were taught."""
    if not len(noted):
        return np.zeros(len(texts), dtype=bool)
    return np.isin(fingerprints(texts), noted)
