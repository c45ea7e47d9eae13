"""Commands on tickets: each does one thing, shows what changed, and offers the way back where there is one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta

from aiohttp import web
from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.agent_ui.corrections import judge
from contactcenter.agent_ui.rendering import zone
from contactcenter.agent_ui.ticket_list import categories_by_key, place_of
from contactcenter.agent_ui.ticket_page import category_name
from contactcenter.agent_ui.tickets import PATH, answer, number_of
from contactcenter.agent_ui.visit import Doors, Visit, post
from contactcenter.agent_ui.words import PRIORITY
from contactcenter.conversations.records import Message
from contactcenter.envelope import Channel, Direction
from contactcenter.errors import InvalidInput
from contactcenter.staff.agents import get_agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.blocking import block_sender
from contactcenter.tickets.listing import rows_by_number
from contactcenter.tickets.records import Ticket

Command = Callable[[Visit, UnitOfWork, Ticket], Awaitable[str]]
"""Does it in the transaction and gives the notice that says so."""

MORNING = time(9)
BULK = 200


def doors() -> Doors:
    """One address a command, and one for many tickets at once."""
    table: dict[str, Command] = {
        "assign": assign,
        "resolve": resolve,
        "reopen": reopen,
        "pend": pend,
        "close": close,
        "priority": set_priority,
        "tags": set_tags,
        "move": move,
        "category": correct_category,
        "complaint": mark_complaint,
        "judge": judge,
        "snooze": snooze,
        "unread": mark_unread,
        "block": block,
    }
    return (
        *(post(f"{PATH}/{name}", _runs(command)) for name, command in table.items()),
        post(f"{PATH}/merge", merge),
        post("/inbox/bulk", bulk),
    )


def _runs(command: Command) -> Callable[[Visit], Awaitable[web.StreamResponse]]:
    async def run(visit: Visit) -> web.StreamResponse:
        async with visit.store.transaction() as uow:
            ticket = await access_ticket(uow, visit.actor, number_of(visit))
            notice = await command(visit, uow, ticket)
            await uow.session.flush()
            if not visit.actor.sees_queue(ticket.queue_id) and ticket.assignee_id != visit.actor.agent_id:
                return visit.fragments(notice, headers={"HX-Redirect": f"/inbox{place_of(visit).suffix}"})
            return await answer(visit, uow, ticket, notice)

    return run


async def assign(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Give it to ``agent``: an id, ``me``, or nobody."""
    wanted = visit.text("agent")
    agent_id = visit.actor.agent_id if wanted == "me" else wanted or None
    was = ticket.assignee_id
    await desk.assign(uow, visit.actor, ticket, agent_id, expected_version=_version(visit))
    _ = visit.gettext
    if agent_id is None:
        message = _("#{number} is nobody's now")
    elif agent_id == visit.actor.agent_id:
        message = _("#{number} is yours")
    else:
        message = _("#{number} is with {name} now")
    name = (await get_agent(uow, agent_id)).name if agent_id is not None else ""
    return _notice(visit, ticket, message.format(number=ticket.number, name=name), "assign", {"agent": was or ""})


async def resolve(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """The matter is settled."""
    await desk.resolve(uow, visit.actor, ticket, expected_version=_version(visit))
    message = visit.gettext("#{number} is resolved").format(number=ticket.number)
    return _notice(visit, ticket, message, "reopen")


async def reopen(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """There is something to do after all."""
    await desk.reopen(uow, visit.actor, ticket)
    return visit.toast(visit.gettext("#{number} is open").format(number=ticket.number))


async def pend(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """The customer's turn."""
    await desk.pend(uow, visit.actor, ticket, expected_version=_version(visit))
    message = visit.gettext("#{number} waits for the customer").format(number=ticket.number)
    return _notice(visit, ticket, message, "reopen")


async def close(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Done and filed."""
    await desk.close(uow, visit.actor, ticket, expected_version=_version(visit))
    message = visit.gettext("#{number} is closed").format(number=ticket.number)
    return _notice(visit, ticket, message, "reopen")


async def set_priority(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Say how soon it is wanted."""
    was = ticket.priority
    await desk.set_priority(uow, visit.actor, ticket, visit.text("priority"))
    word = visit.gettext(PRIORITY[ticket.priority])
    message = visit.gettext("Priority of #{number}: {priority}").format(number=ticket.number, priority=word)
    return _notice(visit, ticket, message, "priority", {"priority": was})


async def set_tags(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Put exactly these labels on it: ``tags``, parted by commas or blanks."""
    was = " ".join(ticket.tags)
    await desk.set_tags(uow, visit.actor, ticket, visit.text("tags").replace(",", " ").replace("，", " ").split())
    return _notice(visit, ticket, visit.gettext("Labels changed"), "tags", {"tags": was})


async def move(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Hand it to another queue."""
    was = ticket.queue_id
    await desk.move(uow, visit.actor, ticket, visit.text("queue"))
    message = visit.gettext("#{number} is in another queue now").format(number=ticket.number)
    return _notice(visit, ticket, message, "move", {"queue": was})


async def correct_category(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Set right what triage said: it learns from it."""
    was = ticket.category
    await desk.correct_category(uow, visit.actor, ticket, visit.text("category"))
    name = category_name(await categories_by_key(uow), ticket.category, visit.locale)
    message = visit.gettext("Category: {name}. The machine will learn from it.").format(name=name)
    return _notice(visit, ticket, message, "category", {"category": was}) if was else visit.toast(message)


async def mark_complaint(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Say that it is a complaint, or (``complaint=no``) that it is none."""
    complaint = visit.text("complaint", "yes") == "yes"
    await desk.mark_complaint(uow, visit.actor, ticket, complaint)
    message = visit.gettext("Marked as a complaint") if complaint else visit.gettext("Not a complaint any more")
    return _notice(visit, ticket, message, "complaint", {"complaint": "no" if complaint else "yes"})


async def snooze(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Hide it ``until`` later, tomorrow, week, a local date and time; empty wakes it."""
    until = moment_of(visit.text("until"), visit.request.cookies.get("zone", "UTC"))
    await desk.snooze(uow, visit.actor, ticket, until)
    if until is None:
        return visit.toast(visit.gettext("#{number} is awake again").format(number=ticket.number))
    message = visit.gettext("#{number} is snoozed").format(number=ticket.number)
    return _notice(visit, ticket, message, "snooze", {"until": ""})


async def mark_unread(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Let somebody look again."""
    await desk.mark_read(uow, visit.actor, ticket, unread=True)
    return visit.toast(visit.gettext("Marked as unread"))


async def block(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Block who wrote the last mail of the ticket."""
    writer = await uow.session.scalar(
        select(col(Message.identity))
        .where(
            col(Message.conversation_id) == ticket.conversation_id,
            col(Message.direction) == Direction.IN.value,
            col(Message.channel) == Channel.EMAIL.value,
        )
        .order_by(col(Message.id).desc())
        .limit(1)
    )
    if writer is None:
        raise InvalidInput(visit.gettext("Nobody wrote a mail on this ticket"), field="sender")
    address = writer.partition(":")[2]
    await block_sender(uow, visit.actor, address, ticket=ticket)
    message = visit.gettext("{name} is blocked. What he sends is kept in the quarantine.").format(name=address)
    return visit.toast(message)


async def merge(visit: Visit) -> web.StreamResponse:
    """Put this ticket into another one, and go there; ``claimed``: into one that its writer claims to belong to."""
    written = visit.text("into").strip().removeprefix("#")
    if not written.isdecimal():
        raise InvalidInput(visit.gettext("Give the number of the other ticket"), field="into")
    async with visit.store.transaction() as uow:
        source = await access_ticket(uow, visit.actor, number_of(visit))
        target = await access_ticket(uow, visit.actor, int(written[:18]))
        await desk.merge(uow, visit.actor, source, target, let_in=visit.text("claimed") == "yes")
    return visit.go(f"/tickets/{target.number}{place_of(visit).suffix}")


async def bulk(visit: Visit) -> web.StreamResponse:
    """One command on many tickets: ``action`` with ``value`` on ``numbers``; ``set`` of ``number:value`` goes back."""
    action = visit.text("action")
    wanted = _pairs(visit)
    before: list[str] = []
    async with visit.store.transaction() as uow:
        for number, value in wanted:
            ticket = await access_ticket(uow, visit.actor, number)
            before.append(f"{number}:{await _one_of_many(visit, uow, ticket, action, value)}")
        await uow.session.flush()
        rows = await rows_by_number(uow, visit.actor, [number for number, _ in wanted])
        categories = await categories_by_key(uow)
    back = {"assign": "assign", "resolve": "reopen", "reopen": "reopen", "priority": "priority"}[action]
    message = visit.gettext("{n} tickets changed").replace("{n}", str(len(wanted)))
    undone = "set" in visit.form
    notice = visit.toast(
        message, undo="" if undone else "/inbox/bulk", values={"action": back, "set": ",".join(before)}
    )
    place = place_of(visit)
    changed = [
        visit.render("fragments/row.html", row=row, place=place, categories=categories, swap=True) for row in rows
    ]
    return visit.fragments(*changed, notice, headers={"HX-Trigger": "tickets-changed"})


def _pairs(visit: Visit) -> list[tuple[int, str]]:
    """Ticket numbers, each with the value to set. Raises :class:`InvalidInput`."""
    given = [part.partition(":") for part in visit.text("set").split(",") if part]
    same = [(number, visit.text("value")) for number in visit.texts("numbers")]
    pairs = [(number, value) for number, _, value in given] or same
    if not pairs or len(pairs) > BULK or not all(number.isdecimal() and len(number) <= 18 for number, _ in pairs):
        raise InvalidInput(visit.gettext("Select tickets first"), field="numbers")
    return sorted((int(number), value) for number, value in pairs)


async def _one_of_many(visit: Visit, uow: UnitOfWork, ticket: Ticket, action: str, value: str) -> str:
    """Do it to one ticket; gives the value that takes it back."""
    match action:
        case "assign":
            was = ticket.assignee_id or ""
            agent_id = visit.actor.agent_id if value == "me" else value or None
            await desk.assign(uow, visit.actor, ticket, agent_id, force=True)
            return was
        case "priority":
            was = ticket.priority
            await desk.set_priority(uow, visit.actor, ticket, value)
            return was
        case "resolve":
            await desk.resolve(uow, visit.actor, ticket)
        case "reopen":
            await desk.reopen(uow, visit.actor, ticket)
        case _:
            raise InvalidInput("there is no such action", field="action")
    return ""


def moment_of(written: str, zone_name: str) -> datetime | None:
    """When a snooze ends, None for an empty text.

    ``later`` is three hours, ``tomorrow`` and ``week`` (next Monday) are nine o'clock; else a local date and time as a
    browser writes it. Raises :class:`InvalidInput`.
    """
    if not written:
        return None
    here = clock.now().astimezone(zone(zone_name))
    match written:
        case "later":
            return here + timedelta(hours=3)
        case "tomorrow":
            return datetime.combine(here.date() + timedelta(days=1), MORNING, here.tzinfo)
        case "week":
            return datetime.combine(here.date() + timedelta(days=7 - here.weekday()), MORNING, here.tzinfo)
    try:
        return datetime.fromisoformat(written).replace(tzinfo=here.tzinfo)
    except ValueError as error:
        raise InvalidInput("that is no date and time", field="until") from error


def _version(visit: Visit) -> int | None:
    written = visit.text("version")
    return int(written) if written.isdecimal() and len(written) < 10 else None


def _notice(visit: Visit, ticket: Ticket, message: str, command: str, values: dict[str, str] | None = None) -> str:
    """A toast whose undo is a command on the same ticket."""
    address = f"/tickets/{ticket.number}/{command}{place_of(visit).suffix}"
    return visit.toast(message, undo=address, values=values)
