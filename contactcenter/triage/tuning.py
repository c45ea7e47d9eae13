"""Making a sentence transformer faster and teaching it to tell labels apart, before it is exported.

First its feed-forward layers lose the neurons they miss least (:mod:`contactcenter.triage.narrowing`). Then it learns
to say of unlabelled texts what it said before (distillation, Hinton et al. 2015): its vectors by their cosine, those of
its tokens by their distance. At last it learns to tell the labels of tables apart, by cross entropy over the cosines to
a learned centre of each label (Wang et al. 2017), while unlabelled texts still hold it to what it said: what is learned
for the tables is not paid for by all else. Word vectors stay as they are.

Needs torch (the extra ``export``); what is written is a Hugging Face folder for :mod:`contactcenter.triage.export`.
Repeatable for a seed on one machine.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contactcenter.errors import InvalidInput
from contactcenter.triage import taught
from contactcenter.triage.assess import CATEGORY
from contactcenter.triage.corpus import Corpus
from contactcenter.triage.narrowing import narrowed
from contactcenter.triage.scoring import OUTSIDE

LONGEST = 200
"""Tokens read of a text while learning."""

_SEEN = 800
"""Texts by which it is told what a neuron is good for."""

_JOINED = (3, 14)
"""Sentences of a text made of several: tables hold sentences, customers write mails."""

_SHARPNESS = 20.0  # of the softmax over cosines
_SMOOTHING = 0.05
_DISTILLED = 20.0  # weight of the texts' vectors beside their tokens'


@dataclass(frozen=True, slots=True)
class Recipe:
    """How much is learned, and how fast."""

    keep: float  # share of the feed-forward neurons
    passes: float  # over the unlabelled texts before any label is learned
    epochs: float  # over the tables
    spare: float = 0.15  # share of their rows that is not taught
    rate: float = 5e-5
    centre_rate: float = 5e-3
    batch: int = 1024  # tokens
    hold: float = 10.0  # weight of what was said before, beside the labels
    joined: float = 0.1  # share of texts made of several sentences
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """Texts and the label of each."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]


def of_table(corpus: Corpus) -> Table:
    """What can be learned of a table: its rows but those of no label, which have nothing in common."""
    rows = [(example.text, example.labels[CATEGORY]) for example in corpus.examples]
    known = [(text, label) for text, label in rows if label not in OUTSIDE]
    return Table(tuple(text for text, _ in known), tuple(label for _, label in known))


def without_spared(table: Table, share: float) -> Table:
    """The table without the share of its rows that is not to be taught; a text and its repetitions stay together.

    Training on the table judges the encoder by them (:mod:`contactcenter.triage.taught`).
    """
    drawn = taught.fingerprints(table.texts) >= share * 2**32
    rows = [row for row, wanted in zip(zip(table.texts, table.labels, strict=True), drawn, strict=True) if wanted]
    return Table(tuple(text for text, _ in rows), tuple(label for _, label in rows))


def joined(sources: Sequence[Sequence[str]], count: int, chance: np.random.Generator) -> list[str]:
    """Texts of several sentences, those of each drawn from one source."""
    made = []
    for _ in range(count):
        pool = sources[int(chance.integers(len(sources)))]
        size = min(len(pool), int(chance.integers(_JOINED[0], _JOINED[1] + 1)))
        made.append(" ".join(pool[place] for place in chance.choice(len(pool), size, replace=False)))
    return made


def batches(lengths: Sequence[int], tokens: int, chance: np.random.Generator) -> list[list[int]]:
    """Every text once, in batches of like lengths and at most so many tokens (or one text), in random order."""
    found: list[list[int]] = []
    order = chance.permutation(len(lengths))
    for start in range(0, len(order), 2_048):
        batch: list[int] = []
        for place in sorted(order[start : start + 2_048].tolist(), key=lengths.__getitem__):
            if batch and lengths[place] * (len(batch) + 1) > tokens:
                found.append(batch)
                batch = []
            batch.append(place)
        found.append(batch)
    return [found[place] for place in chance.permutation(len(found))]


def pace(done: float, steps: int) -> float:
    """What part of the learning rate is used: it rises for 50 steps and falls to nothing when all is done."""
    return min(1.0, (steps + 1) / 50) * max(0.01, math.cos(done * math.pi / 2))


def tune(
    source: str,
    sources: Sequence[Sequence[str]],
    tables: Sequence[Table],
    out: Path,
    recipe: Recipe,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, float]:
    """Write the folder of the narrowed and taught network; returns how like the original it is before and after.

    ``sources`` are unlabelled texts, kind by kind. Raises :class:`InvalidInput` where torch is missing, the model
    cannot be loaded or narrowed, or there is nothing to learn from.
    """
    try:
        import torch
        from transformers import AutoModel, AutoTokenizer
    except ImportError as error:
        raise InvalidInput(f"{error}; install what this needs: pip install 'contactcenter[export]'") from error
    sources = [texts for texts in sources if texts]
    if not sources:
        raise InvalidInput("name texts that hold the network to what it said before")
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)  # nosec B615 - the user names the model
        network = AutoModel.from_pretrained(source).eval()  # nosec B615
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{source}: no sentence transformer ({error})") from error
    if recipe.keep < 1 and not hasattr(network, "encoder"):
        raise InvalidInput(f"{source}: only networks built like BERT can be narrowed; keep all neurons")
    tables = [without_spared(table, recipe.spare) for table in tables]
    lesson = _Lesson(torch, network, tokenizer, sources, recipe, tell)
    lesson.narrow()
    said = {"cosine_narrowed": lesson.likeness()}
    lesson.distil()
    lesson.learn(tables)
    said["cosine"] = lesson.likeness()
    lesson.network.save_pretrained(out)
    tokenizer.save_pretrained(out)
    taught.write(out, (text for table in tables for text in table.texts))
    return said


class _Lesson:
    """A network while it learns, beside the one it comes from."""

    def __init__(
        self, torch: Any, original: Any, tokenizer: Any, sources: Sequence[Sequence[str]], recipe: Recipe,
        tell: Callable[[str], None],
    ) -> None:  # fmt: skip
        torch.manual_seed(recipe.seed)
        self._torch, self._original, self._tokenizer = torch, original, tokenizer
        self._recipe, self._tell = recipe, tell
        self._chance = np.random.default_rng(recipe.seed)
        plain = [text for texts in sources for text in texts]
        together = joined(sources, round(recipe.joined * len(plain)), self._chance)
        self._texts = self._read([*plain, *together])
        self._aside, self._texts = self._texts[-200:], self._texts[:-200]
        self.network = copy.deepcopy(original)

    def _read(self, texts: Sequence[str]) -> list[list[int]]:
        found: list[list[int]] = self._tokenizer(list(texts), truncation=True, max_length=LONGEST)["input_ids"]
        return found

    def _tensors(self, ids: Sequence[list[int]]) -> dict[str, Any]:
        """Token ids and mask of a batch."""
        tokens = np.zeros((len(ids), max(map(len, ids))), dtype=np.int64)
        mask = np.zeros_like(tokens)
        for row, found in enumerate(ids):
            tokens[row, : len(found)], mask[row, : len(found)] = found, 1
        return {"input_ids": self._torch.from_numpy(tokens), "attention_mask": self._torch.from_numpy(mask)}

    def _vectors(self, hidden: Any, mask: Any) -> Any:
        """Vectors of texts: the mean of their tokens', of unit length."""
        weights = mask.unsqueeze(-1).float()
        return self._torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)

    def likeness(self) -> float:
        """Mean cosine between what is said and what was said of texts that are not learned from."""
        found = []
        self.network.eval()
        with self._torch.no_grad():
            for start in range(0, len(self._aside), 20):
                fed = self._tensors(self._aside[start : start + 20])
                one, other = (
                    self._vectors(network(**fed).last_hidden_state, fed["attention_mask"])
                    for network in (self._original, self.network)
                )
                found.append((one * other).sum(1))
        return float(self._torch.cat(found).mean())

    def narrow(self) -> None:
        """Take neurons out of each feed-forward layer, the first first: the next one learns from what is left."""
        width = self.network.config.intermediate_size
        keep = round(self._recipe.keep * width)
        if keep == width:
            return
        texts = [self._texts[place] for place in self._chance.permutation(len(self._texts))[:_SEEN]]
        fed = [
            self._tensors([texts[place] for place in batch])
            for batch in batches([len(text) for text in texts], 4 * self._recipe.batch, self._chance)
        ]
        layers = self.network.encoder.layer
        wanted = self._said(self._original, [layer.output.dense for layer in self._original.encoder.layer], fed, 1)
        for number, layer in enumerate(layers):
            self._tell(f"narrowing layer {number + 1} to {keep} of {width}")
            up, down = layer.intermediate.dense, layer.output.dense
            self.network.encoder.layer = layers[: number + 1]  # what comes later says nothing of this one
            (neurons,) = self._said(self.network, [down], fed, 0)
            said = wanted[number] - down.bias.detach()
            moments, together = (neurons.T @ neurons) / len(said), (neurons.T @ said) / len(said)
            weights = down.weight.detach().T.double().numpy()
            alive, weights = narrowed(moments.double().numpy(), together.double().numpy(), weights, keep)
            layer.intermediate.dense = self._linear(up.weight.detach()[alive], up.bias.detach()[alive])
            layer.output.dense = self._linear(self._torch.from_numpy(weights.T).float(), down.bias.detach())
        self.network.encoder.layer = layers
        self.network.config.intermediate_size = keep

    def _linear(self, weights: Any, bias: Any) -> Any:
        made = self._torch.nn.Linear(weights.shape[1], weights.shape[0])
        made.weight.data, made.bias.data = weights.contiguous().clone(), bias.clone()
        return made

    def _said(self, network: Any, parts: Sequence[Any], fed: Sequence[dict[str, Any]], side: int) -> list[Any]:
        """What goes into (``side`` 0) or comes out of (1) parts of a network, a row for each token of the batches."""
        seen: list[list[Any]] = [[] for _ in parts]
        read: list[Any] = []
        hooks = [
            part.register_forward_hook(
                lambda _, given, said, own=own: own.append((given[0], said)[side][read[-1]].clone())
            )
            for part, own in zip(parts, seen, strict=True)
        ]
        with self._torch.no_grad():
            for batch in fed:
                read.append(batch["attention_mask"].bool())
                network(**batch)
        for hook in hooks:
            hook.remove()
        return [self._torch.cat(own) for own in seen]

    def _teachable(self, dropout: float) -> list[Any]:
        """The weights that learn: all but the word vectors."""
        self.network.train()
        self.network.embeddings.requires_grad_(False)
        for part in self.network.modules():
            if isinstance(part, self._torch.nn.Dropout):
                part.p = dropout
        return [weights for weights in self.network.parameters() if weights.requires_grad]

    def _now(self, fed: dict[str, Any]) -> Any:
        """What the network says while it learns, in half precision: twice as fast where the processor can."""
        with self._torch.autocast("cpu", self._torch.bfloat16):
            return self.network(**fed, output_hidden_states=True)

    def _held(self, fed: dict[str, Any], weight: float, *, tokens: bool) -> Any:
        """How far what is said lies from what was said: of the texts by a weight, and of their tokens if asked."""
        with self._torch.no_grad():
            before = self._original(**fed, output_hidden_states=True).hidden_states
        now = self._now(fed).hidden_states
        mask = fed["attention_mask"]
        cosines = (self._vectors(now[-1].float(), mask) * self._vectors(before[-1], mask)).sum(1)
        loss = weight * (1 - cosines).mean()
        if tokens:
            read = mask.bool()
            for number in (len(before) // 2, len(before) - 1):  # the middle layer and the last
                was = before[number][read]
                loss = loss + ((now[number].float()[read] - was) ** 2).mean() / was.var()
        return loss

    def _step(self, optimiser: Any, loss: Any) -> None:
        optimiser.zero_grad()
        loss.backward()
        self._torch.nn.utils.clip_grad_norm_(optimiser.param_groups[0]["params"], 1.0)
        optimiser.step()

    def _optimiser(self, *groups: tuple[list[Any], float]) -> Any:
        return self._torch.optim.AdamW(
            [{"params": weights, "lr": rate, "most": rate} for weights, rate in groups], weight_decay=0.0
        )

    def _rated(self, optimiser: Any, steps: int, step: int) -> None:
        for group in optimiser.param_groups:
            group["lr"] = group["most"] * pace(step / steps, step)

    def _endless(self, tokens: int) -> Iterator[dict[str, Any]]:
        """Batches of unlabelled texts, again and again in another order."""
        while True:
            for batch in batches([len(text) for text in self._texts], tokens, self._chance):
                yield self._tensors([self._texts[place] for place in batch])

    def distil(self) -> None:
        """Learn to say of the unlabelled texts what was said before."""
        all_of_them = batches([len(text) for text in self._texts], self._recipe.batch, self._chance)
        steps = round(self._recipe.passes * len(all_of_them))
        optimiser = self._optimiser((self._teachable(0.0), self._recipe.rate))
        texts = self._endless(self._recipe.batch)
        for step in range(steps):
            self._rated(optimiser, steps, step)
            loss = self._held(next(texts), _DISTILLED, tokens=True)
            self._step(optimiser, loss)
            if step % 100 == 0:
                self._tell(f"distilling, step {step} of {steps}: loss {loss.item():.3f}")

    def learn(self, tables: Sequence[Table]) -> None:
        """Learn to tell the labels of the tables apart."""
        read = [self._read(table.texts) for table in tables]
        numbers = [np.unique(table.labels, return_inverse=True)[1] for table in tables]
        centres = [self._centres(ids, own) for ids, own in zip(read, numbers, strict=True)]
        plan = [
            (which, batch)
            for which, ids in enumerate(read)
            for _ in range(math.ceil(self._recipe.epochs))
            for batch in batches([len(text) for text in ids], self._recipe.batch, self._chance)
        ]
        steps = round(len(plan) * self._recipe.epochs / max(1, math.ceil(self._recipe.epochs)))
        plan = [plan[place] for place in self._chance.permutation(len(plan))[:steps]]
        optimiser = self._optimiser((self._teachable(0.05), self._recipe.rate), (centres, self._recipe.centre_rate))
        texts = self._endless(self._recipe.batch * 2 // 3)
        for step, (which, batch) in enumerate(plan):
            self._rated(optimiser, steps, step)
            loss = self._told_apart(read[which], numbers[which], centres[which], batch)
            if step % 2 == 0:
                loss = loss + self._held(next(texts), self._recipe.hold, tokens=False)
            self._step(optimiser, loss)
            if step % 50 == 0:
                self._tell(f"learning labels, step {step} of {steps}: loss {loss.item():.3f}")

    def _told_apart(self, read: Sequence[list[int]], numbers: Any, centres: Any, batch: Sequence[int]) -> Any:
        """Cross entropy of the labels of a batch over the cosines to the labels' centres."""
        functional = self._torch.nn.functional
        fed = self._tensors([read[place] for place in batch])
        vectors = self._vectors(self._now(fed).last_hidden_state.float(), fed["attention_mask"])
        cosines = vectors @ functional.normalize(centres, dim=1).T
        right = self._torch.from_numpy(numbers[list(batch)])
        return functional.cross_entropy(_SHARPNESS * cosines, right, label_smoothing=_SMOOTHING)

    def _centres(self, read: Sequence[list[int]], numbers: Any) -> Any:
        """Where each label's texts lie at first, as weights that learn."""
        sums = self._torch.zeros(int(numbers.max()) + 1, self.network.config.hidden_size)
        self.network.eval()
        with self._torch.no_grad():
            for batch in batches([len(text) for text in read], 4 * self._recipe.batch, self._chance):
                fed = self._tensors([read[place] for place in batch])
                vectors = self._vectors(self._now(fed).last_hidden_state.float(), fed["attention_mask"])
                sums.index_add_(0, self._torch.from_numpy(numbers[batch]), vectors)
        return self._torch.nn.Parameter(self._torch.nn.functional.normalize(sums, dim=1))
