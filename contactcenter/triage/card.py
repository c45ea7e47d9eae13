"""The figures of a model's card: tables in Markdown and the reliability diagram, from reports of the evaluation.

A card is the ``README.md`` in a model's folder. What stands between its two marks is written by
``contactcenter triage evaluate --card`` and by nobody else, so that the figures are those of the model beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from contactcenter.errors import InvalidInput
from contactcenter.triage.assess import CATEGORY, COMPLAINT
from contactcenter.triage.diagram import NAME as DIAGRAM
from contactcenter.triage.diagram import reliability_diagram

CARD = "README.md"
BEGIN = "<!-- figures, written by `contactcenter triage evaluate --card` -->"
END = "<!-- end of figures -->"

Report = Mapping[str, Any]


def write(folder: Path, reports: Mapping[str, Report]) -> None:
    """Put the figures of a model into the card in its folder, and the diagram beside it.

    ``reports`` has a report of :func:`contactcenter.triage.evaluation.evaluate` for each set of test rows. Raises
    :class:`InvalidInput` when there is no card with the two marks.
    """
    card = folder / CARD
    try:
        before, rest = card.read_text(encoding="utf-8").split(BEGIN)
        _, after = rest.split(END)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{card}: no card with the lines {BEGIN} and {END}") from error
    card.write_text(f"{before}{BEGIN}\n{markdown(reports)}\n{END}{after}", encoding="utf-8")
    (folder / DIAGRAM).write_text(reliability_diagram(reports), encoding="utf-8")


def markdown(reports: Mapping[str, Report]) -> str:
    """All tables: a section for each set of test rows, then how far probabilities can be believed."""
    sections = ["\n".join(_section(name, report)) for name, report in reports.items()]
    return "\n\n".join([*sections, "\n".join(_reliability(reports))])


def _section(name: str, report: Report) -> Iterator[str]:
    heads = report["heads"]
    yield f"### {name}: {report['rows']:,} rows"
    yield from _heads(heads)
    yield ""
    yield f"The right category is among the first three in {_percent(heads[CATEGORY]['among_three'])}."
    yield from ("", *_threshold(heads[COMPLAINT]["at_threshold"]))
    for head, figures in heads.items():
        yield from ("", *_labels(head, figures))


def _heads(heads: Mapping[str, Report]) -> Iterator[str]:
    yield from _table_head("head", "language", "rows", "accuracy", "macro-F1", "calibration error (ECE, 10 bins)")
    for head, figures in heads.items():
        for language, own in {"all": figures, **figures["languages"]}.items():
            yield _row(
                head if language == "all" else "", language, f"{own['rows']:,}", _percent(own["accuracy"]),
                f"{own['macro_f1']:.3f}", f"{own['ece']:.3f}",
            )  # fmt: skip


def _threshold(figures: Mapping[str, Any]) -> Iterator[str]:
    yield from _table_head(f"complaints from {figures['threshold']} on", "complaints", "recall", "precision")
    for language, own in figures.items():
        if language != "threshold":
            yield _row(language, str(own["complaints"]), _percent(own["recall"]), _percent(own["precision"]))


def _labels(head: str, figures: Report) -> Iterator[str]:
    """Precision, recall and F1 of every label, and the F1 in each language."""
    languages = figures["languages"]
    yield from _table_head(head, "rows", "precision", "recall", "F1", *(f"F1 {language}" for language in languages))
    for label, own in figures["labels"].items():
        in_languages = [one["labels"].get(label) for one in languages.values()]
        values = [f"{own[key]:.2f}" for key in ("precision", "recall", "f1")]
        yield _row(label, str(own["rows"]), *values, *(f"{one['f1']:.2f}" if one else "–" for one in in_languages))


def _reliability(reports: Mapping[str, Report]) -> Iterator[str]:
    yield "### What the probability of a category is worth"
    yield f"![Reliability diagram: how often the category was right against how likely it was called]({DIAGRAM})"
    yield ""
    columns = [f"{name}, {language}" for name, report in reports.items() for language in _spoken(report)]
    yield "Share of right categories, and rows, where the model said a probability of"
    yield ""
    yield from _table_head("", *columns)
    for bin_ in range(10):
        yield _row(f"{bin_ / 10:.1f}–{(bin_ + 1) / 10:.1f}", *_cells(reports, bin_ / 10))


def _cells(reports: Mapping[str, Report], start: float) -> Iterator[str]:
    for report in reports.values():
        for language in _spoken(report):
            bins = report["heads"][CATEGORY]["languages"][language]["reliability"]
            found = next((one for one in bins if one["from"] == start), None)
            yield f"{_percent(found['right'])} of {found['rows']}" if found else "–"


def _spoken(report: Report) -> Sequence[str]:
    return list(report["heads"][CATEGORY]["languages"])


def _table_head(*columns: str) -> Iterator[str]:
    yield _row(*columns)
    yield "|" + "---|" * len(columns)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
