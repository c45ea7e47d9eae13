"""Live events for the console as server-sent events: one stream a browser, hints only, of what its agent may see.

A stream begins with ``refresh`` and says it again whenever events may have been lost; the browser then looks at
everything anew. It ends when the agent's session does.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from aiohttp import web

from contactcenter import clock
from contactcenter.agent_ui.session import COOKIE
from contactcenter.agent_ui.visit import Doors, Visit, get
from contactcenter.errors import Forbidden
from contactcenter.events import Event, EventKind
from contactcenter.staff import agents, sessions
from contactcenter.staff.access import Actor

SIGN_EVERY = timedelta(minutes=1)
"""An open stream says this often that its agent is there."""
HEARTBEAT = 25.0
"""Seconds of silence after which a comment keeps proxies from closing the stream."""
CHECK_EVERY = 12
"""Heartbeats between two looks at whether the session still stands."""
RETRY_MS = 2000


def doors() -> Doors:
    """The stream."""
    return (get("/events", events),)


def visible(event: Event, actor: Actor) -> bool:
    """Whether the agent may hear of it: tickets of his queues or his own; other hints carry nothing but opaque ids."""
    if event.kind in {EventKind.QUARANTINE_CHANGED, EventKind.AUTOMATION_CHANGED}:
        return actor.sees_all_queues
    if event.ticket or event.queue:
        return actor.sees_queue(event.queue) or (bool(event.agent) and event.agent == actor.agent_id)
    return True


def line(event: Event) -> bytes:
    """An event in the stream's format. Of the ids only those the page needs."""
    if event.kind is EventKind.GAP:
        return b"event: refresh\ndata: {}\n\n"
    data = {
        "kind": event.kind.value,
        "id": event.id,
        "ticket": event.ticket,
        "customer": event.customer,
        "conversation": event.conversation,
        "agent": event.agent,
    }
    return f"data: {json.dumps({key: value for key, value in data.items() if value})}\n\n".encode()


async def events(visit: Visit) -> web.StreamResponse:
    """Send hints until the browser goes away, the session ends, or the server stops.

    Refused to what is no script of ours: six "pictures" of it in a mail would use up the browser's connections.
    """
    if visit.request.headers.get("Sec-Fetch-Dest", "empty") != "empty":
        raise Forbidden("this is a stream for the console's pages")
    signed = await _sign_of_life(visit)
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            "X-Content-Type-Options": "nosniff",
        }
    )
    with visit.room.hub.subscribe() as queue, suppress(ConnectionResetError):  # the browser may go at any moment
        await response.prepare(visit.request)
        await response.write(f"retry: {RETRY_MS}\n\n".encode() + line(Event(EventKind.GAP)))
        await _tell(visit, response, queue, signed)
    return response


async def _tell(visit: Visit, response: web.StreamResponse, queue: asyncio.Queue[Event], signed: datetime) -> None:
    """Pass on what he may hear; returns when his session ends or the server stops. ``signed``: his last sign."""
    silent = 0
    while not visit.room.closing.is_set():
        event = await _next(queue)
        if event is None:
            silent += 1
            await response.write(b": beat\n\n")
        if (event is None and silent % CHECK_EVERY == 0) or _concerns_session(event, visit.actor):
            renewed = await _look_again(visit)
            if renewed is None:
                return
            visit = renewed
        if clock.now() - signed > SIGN_EVERY:
            signed = await _sign_of_life(visit)
        if event is not None and visible(event, visit.actor):
            await response.write(line(event))


async def _sign_of_life(visit: Visit) -> datetime:
    """Note that the agent has the console open; returns when."""
    async with visit.store.transaction() as uow:
        await agents.give_sign_of_life(uow, visit.actor.agent_id)
    return clock.now()


async def _next(queue: asyncio.Queue[Event]) -> Event | None:
    """The next event, or None after the silence of a heartbeat."""
    try:
        async with asyncio.timeout(HEARTBEAT):
            return await queue.get()
    except TimeoutError:
        return None


def _concerns_session(event: Event | None, actor: Actor) -> bool:
    """Whether rights may have changed: his own, or those of a whole queue."""
    return event is not None and event.kind is EventKind.STAFF_CHANGED and event.id in {"", actor.agent_id}


async def _look_again(visit: Visit) -> Visit | None:
    """The visit with the agent's present rights; None when his session has ended. Does not prolong the session."""
    async with visit.store.read() as uow:
        session = await sessions.resolve(uow, visit.request.cookies.get(COOKIE, ""))
    return None if session is None else replace(visit, signed_in=session.actor)
