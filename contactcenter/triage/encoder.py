"""Sentence encoders: a text becomes a vector of unit length; texts that mean alike lie close together.

An encoder is a folder: ``model.onnx`` (a transformer with mean pooling, 8-bit weights), ``tokenizer.json`` and
``encoder.json`` (name, width, longest input, prompt, SHA-256 of the model), and ``taught.npy`` where it was taught
labels (see :mod:`contactcenter.triage.taught`). It is read by onnxruntime and the tokenizer of transformers; no torch.
Its last layer says what a text means. A layer half-way up, where the network knows how a text is put before it forgets
that again for what it is about, says its manner.
``contactcenter models export`` makes one (see :mod:`contactcenter.triage.export`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contactcenter.errors import ModelError
from contactcenter.triage import taught
from contactcenter.triage.features import Read, meaning_alone
from contactcenter.triage.places import ENCODER_CONFIG as CONFIG
from contactcenter.triage.student import KIND, StaticEncoder

MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
FORMAT = 1

MEANING, MANNER = "vectors", "manner"
"""Outputs of the network: of its last layer, and of the one half-way, which older exports do not have."""

TOKENS = 512
"""Tokens that go through the network at once: what more of them need does not fit a core's cache any more."""

_PADDING = 12
"""Tokens that a text may be longer than another that goes with it: a run of its own costs as much as ten of them."""

_SLOW = ("SkipLayerNormFusion",)
"""What onnxruntime joins to its own harm: sum and normalisation apart take a fifth of the time they take as one."""


@dataclass(frozen=True, slots=True)
class EncoderCard:
    """What ``encoder.json`` says."""

    name: str
    width: int
    longest: int  # tokens read of a text: its head and its tail
    sha256: str  # of model.onnx
    prompt: str  # what to put before a text where few examples tell the labels apart
    succeeds: tuple[str, ...] = ()  # SHA-256 of earlier networks with the same weights, hence the same vectors


def read_card(folder: Path) -> EncoderCard:
    """The card of an encoder folder; raises :class:`ModelError`."""
    try:
        said = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if said.get("format") != FORMAT:
            raise ModelError(f"{folder}: format {said.get('format')!r}, this version reads {FORMAT}")
        return EncoderCard(
            str(said["name"]),
            int(said["width"]),
            int(said["longest"]),
            str(said["sha256"]),
            str(said.get("prompt", "")),
            tuple(map(str, said.get("succeeds", ()))),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{folder}: no readable encoder ({error})") from error


class OnnxEncoder:
    """An :class:`contactcenter.triage.features.Encoder` over an encoder folder. Thread-safe; share one."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """``threads`` of the network; one is best where other work shares the cores."""
        self.card = read_card(folder)
        self._folder = folder
        try:
            if hashlib.sha256((folder / MODEL).read_bytes()).hexdigest() != self.card.sha256:
                raise ModelError(f"{folder / MODEL}: its SHA-256 is not the one {CONFIG} states")
            self._session = _session(folder / MODEL, threads)
            self._tokenizer = _tokenizer(folder / TOKENIZER)
            self._widths = {output.name: int(output.shape[-1]) for output in self._session.get_outputs()}
        except ModelError:
            raise
        except Exception as error:  # the libraries raise what they like for a damaged file
            raise ModelError(f"{folder}: no readable encoder ({error})") from error

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return self.card.width

    @property
    def manner(self) -> int:
        """Numbers that tell the manner of a text; 0 for a network that was exported without."""
        return self._widths.get(MANNER, 0)

    @property
    def name(self) -> str:
        """Name that models trained with it state."""
        return self.card.name

    @property
    def networks(self) -> tuple[str, ...]:
        """The SHA-256 of its network, then of earlier ones that gave the same vectors."""
        return (self.card.sha256, *self.card.succeeds)

    @property
    def prompt(self) -> str:
        """What to put before a text where few examples tell the labels apart; "" for nothing."""
        return self.card.prompt

    def taught_with(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which of the texts it was taught the labels of; raises :class:`ModelError` where its note is damaged."""
        return taught.among(taught.read(self._folder), texts)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One unit vector for each text, in order."""
        (vectors,) = self._outputs(texts, {MEANING: self.width})
        return vectors

    def read(self, texts: Sequence[str]) -> Read:
        """What each text means and its manner, in order; it costs what the meaning alone costs."""
        if not self.manner:
            return meaning_alone(self.encode(texts))
        meaning, manner = self._outputs(texts, {MEANING: self.width, MANNER: self.manner})
        return Read(meaning, manner)

    def tokens(self, text: str) -> int:
        """How many tokens the network would read of a text if it read all of it."""
        return len(self._tokenizer.encode(text).ids)

    def _cut(self, ids: list[int]) -> list[int]:
        """A long text's head and tail: what is wanted stands at the beginning or at the end."""
        longest = self.card.longest
        if len(ids) <= longest:
            return ids
        tail = longest // 4
        return ids[: longest - tail] + ids[-tail:]

    def _outputs(self, texts: Sequence[str], widths: Mapping[str, int]) -> list[NDArray[np.float32]]:
        """Some outputs of the network, one row a text; the shorter texts are computed first."""
        found = [np.zeros((len(texts), width), dtype=np.float32) for width in widths.values()]
        if not texts:
            return found
        readable = [text.encode("utf-8", "replace").decode() for text in texts]  # without lone surrogates
        ids = [self._cut(tokens.ids) for tokens in self._tokenizer.encode_batch_fast(readable)]
        for places in batches([len(tokens) for tokens in ids]):
            told = self._run([ids[place] for place in places], list(widths))
            for vectors, rows in zip(found, told, strict=True):
                vectors[places] = rows
        return found

    def _run(self, ids: Sequence[list[int]], outputs: list[str]) -> list[NDArray[np.float32]]:
        tokens = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, found in enumerate(ids):
            tokens[row, : len(found)] = found
            mask[row, : len(found)] = 1
        told: list[NDArray[np.float32]] = self._session.run(outputs, {"input_ids": tokens, "attention_mask": mask})
        return told


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Which texts go together, those of like lengths, the shortest first: padding is work for nothing."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        full = batch and lengths[place] * (len(batch) + 1) > TOKENS
        if batch and (full or lengths[place] > lengths[batch[0]] + _PADDING):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _session(path: Path, threads: int) -> Any:
    import onnxruntime  # here: the web process must not load it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads that spin take the cores from those who have work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=list(_SLOW)
    )


def _tokenizer(path: Path) -> Any:
    """The tokenizer of a file, with the marks that the network wants around a text; cuts and fills up nothing."""
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # that torch is missing is as it should be
    from transformers import PreTrainedTokenizerFast  # here: it takes a second to load

    made: Any = PreTrainedTokenizerFast(tokenizer_file=str(path))  # type: ignore[no-untyped-call,unused-ignore]
    tokenizer = made.backend_tokenizer  # asked directly it need not say where each token stands
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@lru_cache(maxsize=4)
def shared(folder: Path, threads: int = 1) -> OnnxEncoder | StaticEncoder:
    """The encoder of a folder, of whichever kind, loaded once in a process; raises :class:`ModelError`."""
    try:
        kind = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("kind", "")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}: no readable encoder ({error})") from error
    return StaticEncoder(folder) if kind == KIND else OnnxEncoder(folder, threads=threads)
