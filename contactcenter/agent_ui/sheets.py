"""What strangers wrote, shown so that it can do no harm: their HTML, their raw source, their files.

A sheet is a page of its own in a sandboxed frame: no script, no form, nothing loaded but images of the same message;
remote pictures only when the agent asked for them, and then without telling where from. Files are downloads; only
raster images are shown in place, and only when their content is one.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.conversations.records import Attachment, Message
from contactcenter.errors import NotFound
from contactcenter.tickets.access import access_message
from contactcenter.tickets.pictures import image_type
from contactcenter.tickets.unmasking import note_unmasked
from contactcenter.triage.masking import mask_html

_SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin"
_FILE_POLICY = "sandbox; default-src 'none'"
_BLOCKQUOTE = re.compile(r"<(/?)blockquote\b[^>]*>", re.IGNORECASE)
_REMOTE = re.compile(r'\bdata-remote-src="((?:https?:)?//[^"]*)"', re.IGNORECASE)
"""A picture from elsewhere that was held back. An address without a host would name a page of ours: it stays held."""
_CID = re.compile(r'\bsrc="cid:([^"]*)"', re.IGNORECASE)


def doors() -> Doors:
    """Sheets, raw sources and files."""
    return (
        get("/messages/{id}/sheet", sheet),
        get("/messages/{id}/raw", raw),
        post("/messages/{id}/unmask", unmask),
        get("/attachments/{id}", attachment),
    )


async def sheet(visit: Visit) -> web.StreamResponse:
    """A message's HTML at its own address; ``?pictures=1`` loads remote pictures, ``?alone=1`` is no frame."""
    pictures = visit.query.get("pictures") == "1"
    async with visit.store.read() as uow:
        message, _ = await access_message(uow, visit.actor, visit.path["id"])
        files = await uow.session.scalars(select(Attachment).where(col(Attachment.message_id) == message.id))
        inline = {file.content_id.strip("<>"): file.id for file in files if file.content_id}
    alone = visit.query.get("alone") == "1"
    response = visit.page("sheet.html", body=_body(message, inline, pictures=pictures), alone=alone)
    images = "img-src 'self' data:" + (" https: http:" if pictures else "")
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self' 'unsafe-inline'; {images}; frame-ancestors 'self'; base-uri 'none'; "
        f"form-action 'none'; {_SANDBOX}"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def unmask(visit: Visit) -> web.StreamResponse:
    """A message's text with the numbers that are masked everywhere else, for a reason that is kept."""
    async with visit.store.transaction() as uow:
        message, ticket = await access_message(uow, visit.actor, visit.path["id"])
        if ticket is None:
            raise NotFound("the message is on no ticket yet")
        await note_unmasked(uow, visit.actor, ticket, message.id, visit.text("reason"))
    return visit.fragments(visit.render("fragments/unmasked.html", message=message))


async def raw(visit: Visit) -> web.StreamResponse:
    """The message as it came over the wire, as a text file."""
    async with visit.store.read() as uow:
        message, _ = await access_message(uow, visit.actor, visit.path["id"])
    if not message.raw_blob:
        raise NotFound("there is no raw source of this message")
    return _download(await visit.store.blobs.read(message.raw_blob), "text/plain", f"message-{message.id}.eml.txt")


async def attachment(visit: Visit) -> web.StreamResponse:
    """A file: a download, or with ``?inline=1`` an image in place."""
    identifier = visit.path["id"]
    async with visit.store.read() as uow:
        file = await uow.session.get(Attachment, identifier) if clock.is_id(identifier) else None
        if file is None:
            raise NotFound("there is no such file")
        await access_message(uow, visit.actor, file.message_id)
    content = await visit.store.blobs.read(file.sha256)
    if visit.query.get("inline") == "1" and (kind := image_type(content)) is not None:
        response = _download(content, kind, file.filename)
        response.headers["Content-Disposition"] = "inline"
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response
    return _download(content, "application/octet-stream", file.filename or "file")


def has_remote_pictures(html: str) -> bool:
    """Whether pictures of this sheet were held back."""
    return _REMOTE.search(html) is not None


def fold_quotes(html: str) -> str:
    """Each outermost quotation behind a fold. The markup is well-formed: it was cleaned when it came in."""
    pieces: list[str] = []
    depth = position = 0
    for match in _BLOCKQUOTE.finditer(html):
        depth += -1 if match[1] else 1
        if not match[1] and depth == 1:
            pieces += [html[position : match.start()], "<details><summary>•••</summary>"]
            position = match.start()
        elif match[1] and depth == 0:
            pieces += [html[position : match.end()], "</details>"]
            position = match.end()
        depth = max(depth, 0)
    return "".join([*pieces, html[position:]])


def _body(message: Message, inline: dict[str, str], *, pictures: bool) -> str:
    def own_image(match: re.Match[str]) -> str:
        identifier = inline.get(unescape(match[1]))
        return f'src="/attachments/{identifier}?inline=1"' if identifier else 'alt=""'

    html = message.html or f"<pre>{escape(message.text)}</pre>"
    html = _CID.sub(own_image, fold_quotes(mask_html(html)))
    return _REMOTE.sub(r'src="\1"', html) if pictures else html


def _download(content: bytes, content_type: str, filename: str) -> web.Response:
    """A file the browser keeps its hands off (RFC 6266; RFC 8187 for the name)."""
    name = re.sub(r"[\x00-\x1f\x7f/\\]+", "_", filename)[:200]
    plain = re.sub(r'[^ -~]|["%]', "_", name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {
        "Content-Disposition": disposition,
        "Content-Security-Policy": _FILE_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=content, content_type=content_type, charset=charset, headers=headers)
