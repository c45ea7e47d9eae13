"""Comparing a question with a handful of texts that are no articles, by the same words and meaning as articles are.

The texts have no vectors stored: they are encoded where somebody waits for it, and remembered for a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contactcenter.knowledge import understanding
from contactcenter.knowledge.fusion import Nearness, fused, is_chinese, nearness_of, pairing
from contactcenter.knowledge.scoring import Index, Text
from contactcenter.knowledge.understanding import Material, parts
from contactcenter.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a text fits a question (0 to 1); ``nearness`` is None where only words were compared."""

    id: str
    score: float
    nearness: Nearness | None


async def compared(uow: UnitOfWork, question: str, texts: Sequence[Text], language: str) -> list[Fit]:
    """The texts (all in one language, their ids telling them and their contents) by how well they fit, best first.

    No statement. At most :data:`contactcenter.knowledge.meaning.AT_ONCE` texts are compared by meaning; of more, and
    where there is no encoder in time, words alone decide. Texts that have nothing in common are left out.
    """
    if not texts:
        return []
    sense = understanding.attached_to(uow)
    near: Mapping[int, Nearness] = {}
    if sense and (encoder := await sense.identity()):
        key = (str(uow.session.bind), encoder, tuple(text.id for text in texts))
        places = range(len(texts))
        near = await sense.nearness(key, question, places, (), lambda: [_material(text) for text in texts])
    words = Index(texts).scores(question)
    languages = pairing(is_chinese(question), language)
    fits = []
    for place, text in enumerate(texts):
        nearness = nearness_of(place, near)
        fits.append(Fit(text.id, fused(words.get(text.id, 0.0), nearness, languages), nearness))
    return sorted((fit for fit in fits if fit.score > 0), key=lambda fit: -fit.score)


def _material(text: Text) -> Material:
    """One vector a text, of its title and the beginning of its words: half the waiting of an article's two."""
    return Material(parts(text.title, text.questions, text.text)[-1:])
