"""The reliability diagram of a model as a picture (SVG): what it said, against how often it was right.

Every set of test rows has a panel, every language a line with points of its own shape. A point's area grows with the
rows behind it; on the diagonal the model is right exactly as often as it says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from contactcenter.triage.assess import CATEGORY

NAME = "reliability.svg"

_SIDE, _LEFT, _TOP, _GAP, _BOTTOM = 200, 44, 34, 34, 66
"""A panel's side, the room before, above, between and below panels, in pixels."""

_LARGEST = 9.0
"""Radius of the point with the most rows, in pixels."""

_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .quiet { fill: #57606a; }
  .frame { fill: none; stroke: #8c959f; }
  .even { stroke: #8c959f; stroke-dasharray: 3 4; }
  .first { stroke: #0550ae; fill: #0550ae; }
  .second { stroke: #953800; fill: #953800; }
  .point { fill-opacity: 0.55; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9da7b1; }
    .first { stroke: #6cb6ff; fill: #6cb6ff; }
    .second { stroke: #f0883e; fill: #f0883e; }
  }
  .line { fill: none; stroke-width: 1.5; }
"""
_CLASSES = ("first", "second")


def reliability_diagram(reports: Mapping[str, Mapping[str, Any]]) -> str:
    """The diagram of the categories in reports of the evaluation, for light and dark pages."""
    width = _LEFT + len(reports) * (_SIDE + _GAP)
    height = _TOP + _SIDE + _BOTTOM
    languages = sorted({name for report in reports.values() for name in report["heads"][CATEGORY]["languages"]})
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="what">',
        '<title id="what">How often the category was right, against the probability that the model gave it</title>',
        f"<style>{_STYLE}</style>",
    ]
    for place, (name, report) in enumerate(reports.items()):
        parts += _panel(_LEFT + place * (_SIDE + _GAP), name, report["heads"][CATEGORY]["languages"], languages)
    parts += _legend(languages, height)
    return "\n".join([*parts, "</svg>", ""])


def _panel(left: int, name: str, figures: Mapping[str, Any], languages: Sequence[str]) -> Iterator[str]:
    bottom = _TOP + _SIDE
    yield f'<text class="title" x="{left}" y="{_TOP - 14}">{escape(name)}</text>'
    yield f'<rect class="frame" x="{left}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}"/>'
    yield f'<line class="even" x1="{left}" y1="{bottom}" x2="{left + _SIDE}" y2="{_TOP}"/>'
    for share in (0, 0.5, 1):
        at = round(share * _SIDE)
        yield f'<text class="quiet" x="{left + at}" y="{bottom + 16}" text-anchor="middle">{share:g}</text>'
        yield f'<text class="quiet" x="{left - 6}" y="{bottom - at + 4}" text-anchor="end">{share:g}</text>'
    for language, own in figures.items():
        yield from _line(left, own["reliability"], languages.index(language))


def _line(left: int, bins: Sequence[Mapping[str, Any]], number: int) -> Iterator[str]:
    """One language: its points joined; circles for the first, squares for the second."""
    style = _CLASSES[number % len(_CLASSES)]
    most = max(one["rows"] for one in bins)
    spots = [(left + one["said"] * _SIDE, _TOP + (1 - one["right"]) * _SIDE, one) for one in bins]
    yield f'<polyline class="{style} line" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in spots)}"/>'
    for x, y, one in spots:
        radius = max(_LARGEST * math.sqrt(one["rows"] / most), 2.0)
        told = f"<title>said {one['said']:.2f}, right {one['right']:.2f}, {one['rows']} rows</title>"
        yield _point(style, number, x, y, radius, told)


def _point(style: str, number: int, x: float, y: float, radius: float, told: str) -> str:
    if number % 2 == 0:
        return f'<circle class="{style} point" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">{told}</circle>'
    side = radius * math.sqrt(math.pi)  # of the same area as the circle
    corner = f'x="{x - side / 2:.1f}" y="{y - side / 2:.1f}"'
    return f'<rect class="{style} point" {corner} width="{side:.1f}" height="{side:.1f}">{told}</rect>'


def _legend(languages: Sequence[str], height: int) -> Iterator[str]:
    y = height - 14
    yield (
        f'<text class="quiet" x="{_LEFT}" y="{y - 18}">across: probability said · up: share right · '
        "area: rows · dashed: as often as said</text>"
    )
    for number, language in enumerate(languages):
        x = _LEFT + 8 + number * 70
        yield _point(_CLASSES[number % len(_CLASSES)], number, x, y - 4, 6, "")
        yield f'<text x="{x + 14}" y="{y}">{escape(language)}</text>'
