"""The demo's shop: a page of an invented insurer that carries the chat widget as any web site would.

It shows that the widget asks nothing of its page: the content security policy allows no inline script or style.
"""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from contactcenter.i18n import negotiate

_FOLDER = Path(__file__).parent
_PAGES = {"en": "shop.html", "zh": "shop.zh.html"}
_FILES = {"/demo/shop.css": ("shop.css", "text/css"), "/demo/shop.js": ("shop.js", "text/javascript")}
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


def shop_routes() -> list[web.AbstractRouteDef]:
    """``/demo/shop`` (English, or Chinese by ``?lang=zh`` or the browser's languages) and its files."""
    return [web.get("/demo/shop", _page), *(web.get(path, _file) for path in _FILES)]


async def _page(request: web.Request) -> web.Response:
    language = request.query.get("lang") or negotiate(request.headers.get("Accept-Language", ""))
    text = (_FOLDER / _PAGES.get(language, _PAGES["en"])).read_text(encoding="utf-8")
    headers = {"Content-Security-Policy": _policy(request.host), "Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return web.Response(text=text, content_type="text/html", headers=headers)


async def _file(request: web.Request) -> web.Response:
    name, content_type = _FILES[request.path]
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type=content_type, headers={"Cache-Control": "no-cache"})


def _policy(host: str) -> str:
    # Not every browser takes 'self' to include this host's WebSocket.
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{sockets}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
