"""The console's own files and htmx, read once and served under ``/static/`` for a year.

Every address carries the version of the whole set (``?v=…``), in pages as in the modules' own imports (written
``"./name.js"``), so a browser never mixes two releases and never asks twice.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ETag, web

STATIC = Path(__file__).parent / "static"
ASSETS = Path(__file__).parent.parent / "_assets"
PREFIX = "/static/"
LIBRARIES = ("htmx.min.js",)
"""What is served of the fetched npm packages."""

_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_IMPORT = re.compile(r'"(\./[a-z-]+\.js)"')
_FOREVER = "public, max-age=31536000, immutable"
_SHORTLY = "public, max-age=300"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it goes out: plain, gzipped, and its type."""

    content: bytes
    packed: bytes
    content_type: str
    etag: str


class StaticFiles:
    """All files of the console. Their number is fixed when the process starts: no path of a request meets the disk."""

    def __init__(self) -> None:
        sources = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in _TYPES}
        sources |= {f"assets/{name}": (ASSETS / name).read_bytes() for name in LIBRARIES}
        self.version = hashlib.sha256(b"\0".join(sources.values())).hexdigest()[:12]
        self._files = {name: self._file(name, content) for name, content in sources.items()}

    def _file(self, name: str, content: bytes) -> StaticFile:
        suffix = Path(name).suffix
        if suffix == ".js" and not name.startswith("assets/"):
            content = _IMPORT.sub(rf'"\1?v={self.version}"', content.decode()).encode()
        digest = hashlib.sha256(content).hexdigest()[:16]
        return StaticFile(content, gzip.compress(content, 9, mtime=0), _TYPES[suffix], digest)

    def url(self, name: str) -> str:
        """The address of a file, with the version; raises :class:`KeyError` for one that does not exist."""
        return f"{PREFIX}{name}?v={self.version}" if self._files[name] else ""

    @property
    def packed_sizes(self) -> dict[str, int]:
        """Bytes of each file as it goes over the wire."""
        return {name: len(file.packed) for name, file in self._files.items()}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One file, or 304 when the browser has it."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        response = web.Response(
            headers={
                "Cache-Control": _FOREVER if request.query.get("v") == self.version else _SHORTLY,
                "Vary": "Accept-Encoding",
                "X-Content-Type-Options": "nosniff",
                "Cross-Origin-Resource-Policy": "same-origin",
            }
        )
        response.etag = ETag(file.etag, is_weak=True)
        if any(tag.value in {file.etag, "*"} for tag in request.if_none_match or ()):
            response.set_status(304)
            return response
        response.content_type = file.content_type
        response.charset = "utf-8"
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            response.headers["Content-Encoding"] = "gzip"
            response.body = file.packed
        else:
            response.body = file.content
        return response
