"""Pictures inside of what an agent writes.

In the composer a picture is an uploaded file that the text names: ``![words](attached:name.png)``. What is sent and
kept names it by its Content-ID (RFC 2392): ``![words](cid:…)``. Only raster images can be shown in place, by their
content and whatever name or type they came under.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape

from contactcenter import clock
from contactcenter.envelope import FileContent
from contactcenter.knowledge.rendering import to_html

_ATTACHED = re.compile(r"!\[([^\]\n]{0,300})\]\(attached:([^()\s]{1,300})\)")
_KEPT = re.compile(r"!\[([^\]\n]{0,300})\]\(cid:([^()\s]{1,300})\)")
_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}


def image_type(content: bytes) -> str | None:
    """The type of a raster image by its first bytes, whatever name or type it came under; None for anything else."""
    for signature, kind in _SIGNATURES.items():
        if content.startswith(signature):
            return kind
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def place_pictures(text: str, files: Sequence[FileContent], domain: str) -> tuple[str, tuple[FileContent, ...]]:
    """The text and its files as a mail has them: pictures that the text names go inside of it."""
    named = {match[2] for match in _ATTACHED.finditer(text)}
    placed: list[FileContent] = []
    ids: dict[str, str] = {}
    for file in files:
        kind = image_type(file.content) if file.filename in named and file.filename not in ids else None
        if kind is None:
            placed.append(file)
            continue
        ids[file.filename] = f"{clock.new_id()}@{domain or 'contactcenter.invalid'}"
        placed.append(replace(file, content_type=kind, inline=True, content_id=ids[file.filename]))
    return _ATTACHED.sub(lambda match: f"![{match[1]}](cid:{ids[match[2]]})" if match[2] in ids else "", text), tuple(
        placed
    )


def without_pictures(text: str) -> str:
    """The text with its pictures' words in brackets, for where there are no pictures."""
    shown = _KEPT.sub(lambda match: f"[{match[1]}]" if match[1] else "", text)
    return _ATTACHED.sub(lambda match: f"[{match[1]}]" if match[1] else "", shown).strip()


def html_with_pictures(text: str, source: Callable[[str], str]) -> str:
    """Safe HTML of a Markdown text; ``source`` gives a picture's address by its Content-ID, empty: left out."""
    tags: dict[str, str] = {}

    def hold(match: re.Match[str]) -> str:
        token = f"picture{clock.new_id().replace('-', '')}"
        address = source(match[2])
        tags[token] = f'<img src="{escape(address)}" alt="{escape(match[1])}">' if address else ""
        return token

    html = to_html(_KEPT.sub(hold, text))
    for token, tag in tags.items():
        html = html.replace(token, tag)
    return html
