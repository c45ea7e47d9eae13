"""Texts that people wrote (articles, replies, canned answers) → plain text and safe HTML.

Variables are replaced by their exact names and nothing else is evaluated: ``{{7*7}}`` stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import nh3
from markdown_it import MarkdownIt

_VARIABLE = re.compile(r"\{\{\s*([a-z]+(?:\.[a-z]+)*)\s*\}\}")
_TAGS = {
    "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_STARS = re.compile(r"(?<![\\*])(\*\*|\*)(?=[^\s*])(.+?)(?<=[^\s*])\1(?!\*)")
_BRACES = re.compile(r"(`[^`\n]*`)|(\{[^{}\n]*\})")
_UNDERSCORE = re.compile(r"(?<!\\)([_*])")
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6}\s+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text as it goes out: both forms of the same."""

    text: str
    html: str


def fill(text: str, variables: Mapping[str, str]) -> str:
    """Replace ``{{ name }}`` by its value for the names given; every other brace stays literally.

    One pass: a value that itself looks like a variable is not looked at again.
    """
    return _VARIABLE.sub(lambda match: variables.get(match[1], match[0]), text)


def to_html(markdown: str) -> str:
    """Safe HTML of a Markdown text (CommonMark and tables); raw HTML in it is shown, not obeyed.

    What stands in braces and is no variable of ours is shown letter by letter, underscores and stars too.
    """
    shown = _BRACES.sub(lambda match: match[1] or _UNDERSCORE.sub(r"\\\1", match[2]), markdown)
    return nh3.clean(
        _markdown().render(shown),
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    ).strip()


def to_plain(markdown: str) -> str:
    """The text for readers without HTML: emphasis and heading marks gone, links as ``text (address)``."""
    plain = _HEADING.sub("", markdown)
    plain = _LINK.sub(lambda match: match[1] if match[1] == match[2] else f"{match[1]} ({match[2]})", plain)
    return _STARS.sub(r"\2", _STARS.sub(r"\2", plain)).strip()


def render(markdown: str, variables: Mapping[str, str]) -> Rendered:
    """Both forms of a text with its variables filled in. Values are text, never markup."""
    plain = fill(to_plain(markdown), {name: " ".join(value.split()) for name, value in variables.items()})
    shown = fill(markdown, {name: _literal(value) for name, value in variables.items()})
    return Rendered(plain, to_html(shown))


def _literal(value: str) -> str:
    """The value so that Markdown shows it letter by letter."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~&])", r"\\\1", " ".join(value.split()))


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True}).enable("table")
