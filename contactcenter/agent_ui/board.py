"""The live board: a tile per queue, the agents by state; on a desk, or on the wall (``?display=1``).

Every number is a link to the search that finds its tickets. The page looks again every two seconds and whenever the
live stream reports a change; between two looks the longest wait counts on in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from contactcenter.agent_ui.visit import Doors, Visit, get
from contactcenter.conversations.guards import receipts_paused
from contactcenter.staff.agents import Availability
from contactcenter.staff.tokens import is_program
from contactcenter.tickets import queues
from contactcenter.tickets.queues import AgentTile, Board, Tile

LIVE = "status:new,open,pending"
SEARCHES: Mapping[str, str] = {
    "waiting": "status:new,open is:waiting is:any",
    "open": f"{LIVE} is:any",
    "unassigned": f"{LIVE} is:unassigned is:any",
    "at_risk": "status:new,open is:at-risk is:any",
    "complaints": f"{LIVE} complaint:yes is:any",
    "machine": "status:resolved,closed resolved:today answered:machine is:any",
    "resolved": "status:resolved,closed resolved:today is:any",
}
"""What the inbox must be asked to show the tickets a number counts."""


def doors() -> Doors:
    """The page, and the part of it that changes."""
    return (get("/board", page), get("/board/live", live))


async def page(visit: Visit) -> web.StreamResponse:
    """The board."""
    return visit.page("board/page.html", **await _values(visit))


async def live(visit: Visit) -> web.StreamResponse:
    """The board's figures alone."""
    return visit.page("board/live.html", **await _values(visit))


def search(name: str, queue: str = "") -> str:
    """Address of the inbox with the tickets behind a number; of one queue, or of all."""
    terms = f"queue:{queue} {SEARCHES[name]}" if queue else SEARCHES[name]
    return f"/inbox?{urlencode({'q': terms})}"


def duration(seconds: int, days_text: str = "{n} d") -> str:
    """A wait as a wall shows it: ``4:05``, ``1:04:05``, and from a day on ``2 d 01:04``."""
    minutes, second = divmod(max(0, seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days_text.replace('{n}', str(days))} {hour:02}:{minute:02}"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def totals(board: Board) -> dict[str, int]:
    """The sums over the queues shown; the wait is the longest one."""
    tiles = board.tiles
    return {
        "waiting": sum(tile.waiting for tile in tiles),
        "wait": max((tile.longest_wait_seconds for tile in tiles), default=0),
        "open": sum(tile.open for tile in tiles),
        "unassigned": sum(tile.unassigned for tile in tiles),
        "at_risk": sum(tile.at_risk for tile in tiles),
        "complaints": sum(tile.complaints for tile in tiles),
        "machine": sum(tile.answered_by_machine_today for tile in tiles),
        "resolved": sum(tile.resolved_today for tile in tiles),
    }


def figures(tile: Tile) -> dict[str, int]:
    """The numbers of one queue, named as in :data:`SEARCHES`."""
    return {
        "waiting": tile.waiting,
        "wait": tile.longest_wait_seconds,
        "open": tile.open,
        "unassigned": tile.unassigned,
        "at_risk": tile.at_risk,
        "complaints": tile.complaints,
        "machine": tile.answered_by_machine_today,
        "resolved": tile.resolved_today,
    }


def by_state(board: Board) -> dict[str, list[AgentTile]]:
    """People (not programs) by availability, online first."""
    people = [tile for tile in board.agents if not is_program(tile.agent)]
    return {state.value: [tile for tile in people if tile.availability is state] for state in Availability}


async def _values(visit: Visit) -> dict[str, Any]:
    async with visit.store.read() as uow:
        board = await queues.board(uow, visit.actor)
        paused = visit.actor.sees_all_queues and await receipts_paused(uow, visit.room.settings.limits)
    return {
        "receipts_paused": paused,
        "board": board,
        "total": totals(board),
        "people": by_state(board),
        "figures": figures,
        "search": search,
        "duration": duration,
        "display": visit.query.get("display") == "1",
    }
