"""What training reads of a corpus: the n-grams of its texts, sparse, and what an encoder reads in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from contactcenter.triage.assess import original_text, whole_text
from contactcenter.triage.corpus import Corpus, Example
from contactcenter.triage.features import Encoder, NoEncoder, Read, featurise

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Matrix:
    """Features of many texts: sparse columns are the buckets in use, ``read`` is what an encoder adds."""

    sparse: Any
    read: Read

    def rows(self, rows: NDArray[np.int64]) -> Matrix:
        """Some of them."""
        return Matrix(self.sparse[rows], self.read.rows(rows))


def matrices(corpus: Corpus, encoder: Encoder, prompt: str) -> tuple[NDArray[np.uint32], Matrix, Matrix]:
    """The buckets in use (ascending) and the features of examples and phrases over them."""
    reading = ((corpus.examples, encoder), (corpus.phrases, NoEncoder()))  # phrases are too short to mean much
    raw = [_featurised(part, reads, prompt) for part, reads in reading]
    used = np.unique(np.concatenate([indices for indices, _, _, _ in raw]))
    examples, phrases = (
        Matrix(
            sparse.csr_matrix((values, np.searchsorted(used, indices), pointers), shape=(len(pointers) - 1, len(used))),
            read,
        )
        for indices, values, pointers, read in raw
    )
    return used.astype(np.uint32), examples, phrases


def _featurised(
    examples: Sequence[Example], encoder: Encoder, prompt: str
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64], Read]:
    """Buckets, values and row pointers of texts, and what the encoder reads in them."""
    batches = [examples[start : start + _BATCH] for start in range(0, max(len(examples), 1), _BATCH)]
    parts = [featurise([whole_text(example.text) for example in batch]) for batch in batches]
    read = [encoder.read([prompt + original_text(example.text) for example in batch]) for batch in batches]
    pointers = np.concatenate([[0], *(np.diff(part.starts) for part in parts)]).cumsum()
    return (
        np.concatenate([part.buckets for part in parts]),
        np.concatenate([part.values for part in parts]),
        pointers,
        Read(np.concatenate([part.meaning for part in read]), np.concatenate([part.manner for part in read])),
    )
