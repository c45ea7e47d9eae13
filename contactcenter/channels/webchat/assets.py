"""The widget's files, served to the pages of other sites.

The modules name each other as ``"./name.js"``; here the version of the whole set is put behind each name, so that a
browser keeps them for a year and still never mixes two releases. Only the loader's own address stays the same, so it
is asked for again after five minutes. Indentation and comments stay here.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ETag, web

STATIC = Path(__file__).parent / "static"
LOADER = "widget.js"

_TYPES = {".js": "text/javascript", ".css": "text/css"}
_NAME = re.compile(r'"(\./(?:widget/)?[a-z]+\.(?:js|css))"')
_COMMENT = re.compile(r"^[ \t]*(//.*|/\*[^\n]*\*/)$", re.MULTILINE)
_INDENT = re.compile(r"\n\s+")
_SHORTLY = "public, max-age=300"
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it goes out: plain, gzipped, and its type."""

    content: bytes
    packed: bytes
    content_type: str
    etag: str


class Assets:
    """All files of the widget, read once."""

    def __init__(self, folder: Path = STATIC) -> None:
        sources = {
            path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.suffix in _TYPES
        }
        self.version = hashlib.sha256("\0".join(sources.values()).encode()).hexdigest()[:12]
        self._assets = {name: self._asset(name, text) for name, text in sources.items()}

    def _asset(self, name: str, text: str) -> Asset:
        lean = _INDENT.sub("\n", _COMMENT.sub("", text)).lstrip()
        content = _NAME.sub(rf'"\1?v={self.version}"', lean).encode()
        digest = hashlib.sha256(content).hexdigest()[:16]
        return Asset(content, gzip.compress(content, 9, mtime=0), _TYPES[Path(name).suffix], digest)

    def routes(self) -> list[web.AbstractRouteDef]:
        """``/widget.js`` and ``/widget/…``."""
        return [web.get("/widget.js" if name == LOADER else f"/widget/{name}", self.serve) for name in self._assets]

    async def serve(self, request: web.Request) -> web.Response:
        """One file, or 304 when the browser has it."""
        asset = self._assets[request.path.rpartition("/")[2]]
        response = web.Response(
            headers={
                "Cache-Control": _FOREVER if request.query.get("v") == self.version else _SHORTLY,
                "Vary": "Accept-Encoding",
                # Modules are fetched with CORS; without the second header an isolated page could not load the loader.
                "Access-Control-Allow-Origin": "*",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "X-Content-Type-Options": "nosniff",
            }
        )
        response.etag = ETag(asset.etag, is_weak=True)
        if any(tag.value in {asset.etag, "*"} for tag in request.if_none_match or ()):
            response.set_status(304)
            return response
        response.content_type = asset.content_type
        response.charset = "utf-8"
        if _takes_gzip(request.headers.get("Accept-Encoding", "")):
            response.headers["Content-Encoding"] = "gzip"
            response.body = asset.packed
        else:
            response.body = asset.content
        return response

    def __contains__(self, name: str) -> bool:
        return name in self._assets

    @property
    def packed_sizes(self) -> dict[str, int]:
        """Bytes of each file as it goes over the wire."""
        return {name: len(asset.packed) for name, asset in self._assets.items()}


def _takes_gzip(accept_encoding: str) -> bool:
    codings = {part.partition(";")[0].strip().lower(): part.partition(";")[2] for part in accept_encoding.split(",")}
    return "gzip" in codings and re.fullmatch(r"\s*q=0(\.0*)?\s*", codings["gzip"]) is None
