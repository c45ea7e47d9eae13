"""The quarantine: what could not be understood, and mail of blocked senders, with its raw source and "run again".

What is shown of the source is text and nothing else: control and direction characters become visible, so that a
hostile mail can neither act nor reorder the words around it.
"""

from __future__ import annotations

import re

from aiohttp import web

from contactcenter.agent_ui.visit import Doors, Visit, get, post
from contactcenter.agent_ui.words import mark
from contactcenter.conversations import quarantine
from contactcenter.conversations.blocking import list_blocked
from contactcenter.conversations.records import Message, MessageState
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import blocking
from contactcenter.tickets.access import held_queues

SHOWN = 64_000
"""Bytes of a raw source that the page shows; the whole is a download."""
COUNT_CAP = 99
"""The badge counts up to here."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_DONE = {
    "again": mark("The message runs again. It leaves this list when it is understood."),
    "blocked": mark("The sender is blocked. What he sends from now on is kept here."),
    "unblocked": mark("The sender is not blocked any more. Run again what you want of his mail."),
}
_TABS = {"failed": MessageState.QUARANTINED, "blocked": MessageState.BLOCKED}


def doors() -> Doors:
    """The list, one message, its way back, and the number beside the place in the rail."""
    return (
        get("/quarantine", listing),
        get("/quarantine/count", count),
        get("/quarantine/senders", senders),
        post("/quarantine/senders", block_sender),
        post("/quarantine/senders/{id}/unblock", unblock_sender),
        get("/quarantine/{id}", one),
        post("/quarantine/{id}/run-again", run_again),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """What failed or (``?tab=blocked``) came from blocked senders, newest first."""
    tab = visit.query.get("tab", "failed")
    state = _TABS.get(tab, MessageState.QUARANTINED)
    async with visit.store.read() as uow:
        queues = await held_queues(uow, visit.actor)
        page = await quarantine.list_held(uow, states=(state,), queues=queues, cursor=visit.query.get("cursor", ""))
    return visit.page(
        "quarantine/list.html",
        messages=page.items,
        next_cursor=page.next_cursor,
        done=_done(visit),
        tab=tab if tab in _TABS else "failed",
    )


async def senders(visit: Visit) -> web.StreamResponse:
    """Who is blocked, by whom and why."""
    async with visit.store.read() as uow:
        page = await list_blocked(uow, cursor=visit.query.get("cursor", ""))
    return visit.page(
        "quarantine/senders.html", senders=page.items, next_cursor=page.next_cursor, done=_done(visit), tab="senders"
    )


async def block_sender(visit: Visit) -> web.StreamResponse:
    """Block an address, or (supervisors) a domain."""
    async with visit.store.transaction() as uow:
        await blocking.block_sender(uow, visit.actor, visit.text("sender"), visit.text("reason"))
    return visit.go("/quarantine/senders?done=blocked")


async def unblock_sender(visit: Visit) -> web.StreamResponse:
    """Take his mail again."""
    async with visit.store.transaction() as uow:
        await blocking.unblock_sender(uow, visit.actor, visit.path["id"])
    return visit.go("/quarantine/senders?done=unblocked")


def _done(visit: Visit) -> str:
    said = _DONE.get(visit.query.get("done", ""))
    return visit.gettext(said) if said else ""


async def count(visit: Visit) -> web.StreamResponse:
    """The badge of the rail, as a fragment."""
    async with visit.store.read() as uow:
        number = await quarantine.count_quarantined(uow, COUNT_CAP + 1, await held_queues(uow, visit.actor))
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
        blocked = message.state == MessageState.BLOCKED
        await quarantine.run_again(uow, message.id)
    return visit.go(f"/quarantine?{'tab=blocked&' if blocked else ''}done=again")


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
    return await quarantine.held(uow, visit.path["id"], await held_queues(uow, visit.actor))
