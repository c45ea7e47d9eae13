"""The quarantine: messages that could not be understood, with the reason, the raw source, and "run again".

What is shown of the source is text and nothing else: control and direction characters become visible, so that a
hostile mail can neither act nor reorder the words around it.
"""

from __future__ import annotations

import re

from aiohttp import web

from contactcenter import clock
from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.agent_ui.words import mark
from contactcenter.conversations import quarantine
from contactcenter.conversations.records import Message
from contactcenter.errors import NotFound
from contactcenter.staff.access import Role
from contactcenter.store.unit_of_work import UnitOfWork

SHOWN = 64_000
"""Bytes of a raw source that the page shows; the whole is a download."""
COUNT_CAP = 99
"""The badge counts up to here."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_DONE = {"again": mark("The message runs again. It leaves this list when it is understood.")}


def doors() -> Doors:
    """The list, one message, its way back, and the number beside the place in the rail."""
    return (
        get("/quarantine", listing, Role.SUPERVISOR),
        get("/quarantine/count", count, Role.SUPERVISOR),
        get("/quarantine/{id}", one, Role.SUPERVISOR),
        post("/quarantine/{id}/run-again", run_again, Role.SUPERVISOR),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """What is in quarantine, newest first."""
    async with visit.store.read() as uow:
        page = await quarantine.list_quarantined(uow, cursor=visit.query.get("cursor", ""))
    done = visit.gettext(_DONE.get(visit.query.get("done", ""), "")) if visit.query.get("done") else ""
    return visit.page("quarantine/list.html", messages=page.items, next_cursor=page.next_cursor, done=done)


async def count(visit: Visit) -> web.StreamResponse:
    """The badge of the rail, as a fragment."""
    async with visit.store.read() as uow:
        number = await quarantine.count_quarantined(uow, COUNT_CAP + 1)
    return visit.fragments(visit.render("quarantine/count.html", number=number, cap=COUNT_CAP))


async def one(visit: Visit) -> web.StreamResponse:
    """One message: why it is here, and its source as text."""
    async with visit.store.read() as uow:
        message = await _message(uow, visit)
    raw = await visit.store.blobs.read(message.raw_blob) if message.raw_blob else message.text.encode()
    stage, _, reason = message.failure.partition(": ")
    return visit.page(
        "quarantine/message.html",
        message=message,
        stage=stage,
        reason=reason or message.failure,
        source=visible_text(raw[:SHOWN]),
        size=len(raw),
        shown=SHOWN,
    )


async def run_again(visit: Visit) -> web.StreamResponse:
    """Send the message through the pipeline once more."""
    async with visit.store.transaction() as uow:
        message = await _message(uow, visit)
        await quarantine.run_again(uow, message.id)
    return visit.go("/quarantine?done=again")


def visible_text(raw: bytes) -> str:
    """Bytes as text for reading: UTF-8 where it is, one kind of line end, nothing invisible."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub(lambda match: _picture(match[0]), text)


def _picture(character: str) -> str:
    """A control as its Unicode picture, a direction mark as its code point."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"⟨U+{code:04X}⟩"


async def _message(uow: UnitOfWork, visit: Visit) -> Message:
    if not clock.is_id(visit.path["id"]):
        raise NotFound("there is no such message in quarantine")
    return await quarantine.quarantined(uow, visit.path["id"])
