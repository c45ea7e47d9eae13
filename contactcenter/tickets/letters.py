"""A letter of ours: the agent's words, a signature and the earlier mails of the matter, as text and as HTML.

The HTML carries its style on its elements, for mail programs drop style sheets. Signature and quotation stand in the
containers that mail programs fold and that readers of replies, ours too, cut off: ``gmail_signature``, ``gmail_quote``
and ``blockquote type=cite``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import nh3

from contactcenter.conversations.records import Message
from contactcenter.envelope import AuthorType, Direction
from contactcenter.i18n import translations
from contactcenter.tickets.intake import one_line
from contactcenter.tickets.pictures import html_with_pictures, without_pictures
from contactcenter.triage.masking import mask

MAX_QUOTATION = 20_000
"""Characters of a quotation; what goes beyond is left out, the oldest first."""
ELLIPSIS = "[…]"

_FONT = "font-family:Arial,'PingFang SC','Microsoft YaHei',sans-serif;font-size:14px;line-height:1.6;color:#1f2328"
_CITE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex"
_SIGNATURE = "margin-top:16px;padding-top:8px;border-top:1px solid #d0d7de;color:#57606a;font-size:13px"
_CELL = "border:1px solid #d0d7de;padding:4px 10px;text-align:left;vertical-align:top"
_CODE = "font-family:Consolas,Menlo,monospace;font-size:13px;background-color:#f6f8fa"
_HEADING = "margin:1em 0 .4em;line-height:1.3"
_STYLES = {
    "p": "margin:0 0 1em",
    "ul": "margin:0 0 1em;padding-left:24px",
    "ol": "margin:0 0 1em;padding-left:24px",
    "blockquote": "margin:0 0 1em;padding-left:12px;border-left:3px solid #d0d7de;color:#57606a",
    "pre": f"margin:0 0 1em;padding:10px;white-space:pre-wrap;{_CODE}",
    "code": _CODE,
    "table": "border-collapse:collapse;margin:0 0 1em",
    "th": f"{_CELL};background-color:#f6f8fa",
    "td": _CELL,
    "h1": f"{_HEADING};font-size:20px",
    "h2": f"{_HEADING};font-size:18px",
    "h3": f"{_HEADING};font-size:16px",
    "hr": "border:0;border-top:1px solid #d0d7de;margin:1em 0",
    "a": "color:#0969da",
    "img": "max-width:100%;height:auto",
}
_DRESSER = nh3.Cleaner(
    tags={
        "a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p",
        "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
    },
    attributes={"a": {"href", "title"}, "ol": {"start"}, "img": {"src", "alt"}},
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel=None,
    set_tag_attribute_values={tag: {"style": style} for tag, style in _STYLES.items()},
)  # fmt: skip
_HELD_BACK = re.compile(r'\sdata-remote-src="(https?://[^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a letter in both forms; empty where there is none."""

    text: str = ""
    html: str = ""


NOTHING = Part()
"""No signature, no quotation."""


def dress(html: str) -> str:
    """Safe HTML of ours with the style on its elements."""
    return _DRESSER.clean(html).strip()


def dressed(markdown: str) -> str:
    """A Markdown text as HTML for mail; pictures by their Content-ID."""
    return dress(html_with_pictures(markdown, lambda content_id: f"cid:{content_id}"))


def letter_html(words: str, signature: Part, quotation: Part) -> str:
    """The whole HTML of a letter whose words are Markdown."""
    signed = ""
    if signature.html:
        marks = f'class="gmail_signature" data-smartmail="gmail_signature" style="{_SIGNATURE}"'
        signed = f"<div {marks}>{dress(signature.html)}</div>"
    return f'<div style="{_FONT}">{dressed(words)}{signed}</div>{quotation.html}'


def quotation(messages: Sequence[Message], language: str, own: Quoted) -> Part:
    """Earlier mails, the newest first, each inside of the one that followed it.

    Introductions are in the customer's language. Card and identity numbers go back masked.
    """
    text, html, left = "", "", MAX_QUOTATION
    shown: list[tuple[Message, str]] = []
    for message in messages:
        words = mask(without_pictures(message.visible_text or message.text))
        if not words:
            continue
        shown.append((message, words if len(words) <= left else f"{words[:left].rstrip()}\n{ELLIPSIS}"))
        left -= len(words)
        if left <= 0:
            break
    for message, words in reversed(shown):
        introduction = _introduction(message, language, own)
        inner = f"{words}\n\n{text}" if text else words
        text = f"{introduction}\n\n{_marked(inner)}"
        rich = dressed(words) if message.author_type == AuthorType.AGENT else _lines(words)
        html = (
            f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{escape(introduction)}<br></div>'
            f'<blockquote class="gmail_quote" type="cite" style="{_CITE}">{rich}{html}</blockquote></div>'
        )
    return Part(text, f"<br>{html}" if html else "")


@dataclass(frozen=True, slots=True)
class Quoted:
    """How we are named where a mail of ours is quoted."""

    name: str
    address: str


def _introduction(message: Message, language: str, own: Quoted) -> str:
    """Who wrote when: "On 21 November 2026 at 09:30 UTC, Ann <a@b.c> wrote:"."""
    incoming = message.direction == Direction.IN
    name = message.author_name if incoming or message.author_type == AuthorType.AGENT else own.name
    address = message.identity.partition(":")[2] if incoming else str(message.addresses.get("from") or own.address)
    who = f"{one_line(name)} <{address}>" if name else f"<{address}>"
    _ = translations(language).gettext
    return _("On %(date)s, %(who)s wrote:") % {"date": _moment(message, language), "who": who}


def _moment(message: Message, language: str) -> str:
    at = (message.sent_at or message.received_at) if message.direction == Direction.IN else message.created_at
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M} (UTC)"
    return f"{at.day} {at:%B %Y} at {at:%H:%M} UTC"


def forwarded(message: Message, language: str) -> Part:
    """A message as it is sent on to somebody else: its header as a block, then all of it."""
    _ = translations(language).gettext
    author = message.author_name or message.identity.partition(":")[2]
    address = message.identity.partition(":")[2] if message.direction == Direction.IN else ""
    header: list[tuple[str, str]] = [
        (_("From"), f"{one_line(author)} <{address}>" if address and author != address else one_line(author)),
        (_("Date"), _moment(message, language)),
        (_("Subject"), one_line(message.subject)),
    ]
    recipients: Any = message.addresses.get("to") or message.addresses.get("recipients") or ()
    header.append((_("To"), ", ".join(map(str, recipients))))
    lines = [f"{name}: {value}" for name, value in header if value]
    rule = f"---------- {_('Forwarded message')} ----------"
    text = "\n".join([rule, *lines, "", without_pictures(message.text)])
    body = _HELD_BACK.sub(r' src="\1"', message.html) or _lines(message.text)
    head = "<br>".join(map(escape, [rule, *lines]))
    html = f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{head}<br><br></div>{body}</div>'
    return Part(text, html)


def _marked(text: str) -> str:
    """The lines with quote marks (RFC 3676, 4.5: no space between two of them)."""
    return "\n".join(f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in text.splitlines())


def _lines(text: str) -> str:
    """Plain text as HTML that keeps its lines."""
    return f'<p style="{_STYLES["p"]}">' + escape(text).replace("\n", "<br>\n") + "</p>"
