"""The story of a ticket or a customer as it is read: messages of all channels and events, by days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contactcenter.agent_ui.seals import SealMark, seal_mark
from contactcenter.agent_ui.sheets import has_remote_pictures
from contactcenter.agent_ui.why import silence
from contactcenter.agent_ui.words import PRIORITY, mark
from contactcenter.conversations.timeline import TimelineMessage
from contactcenter.envelope import AuthorType, Channel, Direction, MessageKind
from contactcenter.tickets.overview import EventLine
from contactcenter.triage.masking import mask

JOIN_WITHIN = timedelta(minutes=5)
"""Short messages of one writer within this time stand together under one name."""
_BUBBLES = {Channel.SMS.value, Channel.CHAT.value}

_SENTENCES = {
    "opened": mark("Ticket opened"),
    "reopened": mark("{who} reopened the ticket"),
    "assigned": mark("{who} assigned the ticket to {now}"),
    "released": mark("{who} gave the ticket back"),
    "taken": mark("{who} took the ticket"),
    "resolved": mark("{who} resolved the ticket"),
    "pending": mark("{who} is waiting for the customer"),
    "closed": mark("{who} closed the ticket"),
    "priority": mark("{who} set the priority to {now}"),
    "tagged": mark("{who} added the label {now}"),
    "untagged": mark("{who} removed the label {now}"),
    "moved": mark("{who} moved the ticket to {now}"),
    "category": mark("{who} corrected the category to {now}"),
    "complaint": mark("{who} marked it as a complaint"),
    "no-complaint": mark("{who} said it is no complaint"),
    "snoozed": mark("{who} snoozed the ticket"),
    "woken": mark("{who} woke the ticket"),
    "undelivered": mark("Not delivered to {now}"),
    "blocked": mark("{who} blocked the sender {now}"),
    "unmasked": mark("{who} looked at hidden numbers: {now}"),
    "taken-back": mark("{who} took a reply back"),
    "delayed": mark("The message to {now} has not got through for hours; it is tried further"),
    "merged-into": mark("{who} merged this ticket into #{now}"),
    "merged-from": mark("{who} merged ticket #{now} into this one"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the story. ``form`` is mail, bubble, call, note, receipt or line.

    ``joined``: the same writer went on, no name needed. ``certainty``: of a machine answer, 0 to 1. ``as_sheet``: shown
    as the HTML it came in; else as text with its quotation folded. ``ticket``: number, where several are mixed;
    ``subject``: what that ticket is about. ``seal``: of signed or encrypted mail. ``hides``: there are numbers in it
    that are shown masked.
    """

    id: str
    at: datetime
    form: str
    item: TimelineMessage | None = None
    sentence: str = ""
    joined: bool = False
    certainty: float | None = None
    as_sheet: bool = False
    remote_pictures: bool = False
    ticket: int = 0
    subject: str = ""
    seal: SealMark | None = None
    hides: bool = False

    @property
    def incoming(self) -> bool:
        """Whether the customer wrote it."""
        return self.item is not None and self.item.message.direction == Direction.IN


def story(
    messages: Sequence[TimelineMessage],
    events: Iterable[EventLine],
    gettext: Callable[[str], str],
    category_name: Callable[[str], str],
    tickets: Mapping[str, tuple[int, str]] | None = None,
) -> list[Entry]:
    """Messages and events in one order.

    ``tickets``: conversation id → number and subject, to name each message's ticket.
    """
    entries = _messages(messages, tickets or {})
    entries += [entry for item in messages if (entry := _silence(item, gettext)) is not None]
    entries += [entry for event in events if (entry := _line(event, gettext, category_name)) is not None]
    entries.sort(key=lambda entry: entry.id)
    return entries


def newest_message(messages: Sequence[TimelineMessage]) -> str:
    """Id of the newest message shown; what a reply must have seen."""
    return max((item.message.id for item in messages), default="")


def _messages(messages: Sequence[TimelineMessage], tickets: Mapping[str, tuple[int, str]]) -> list[Entry]:
    entries: list[Entry] = []
    assessment: dict[str, Any] = {}
    previous: TimelineMessage | None = None
    for item in messages:
        message = item.message
        if message.direction == Direction.IN and message.assessment:
            assessment = message.assessment
        form = _form(item, assessment)
        answer = assessment.get("answer") or {}
        number, subject = tickets.get(message.conversation_id or "", (0, ""))
        html = message.html if form == "mail" and message.direction == Direction.IN else ""
        entries.append(
            Entry(
                id=message.id,
                at=message.received_at if message.direction == Direction.IN else message.created_at,
                form=form,
                item=item,
                joined=form == "bubble" and _goes_on(previous, item),
                certainty=answer.get("probability") if message.author_type == AuthorType.MACHINE else None,
                as_sheet=bool(html) and (not message.quoted_text or "<blockquote" in html),
                remote_pictures=bool(html) and has_remote_pictures(html),
                ticket=number,
                subject=subject,
                seal=seal_mark(message.authentication) if form == "mail" else None,
                hides=form != "line" and mask(message.text) != message.text,
            )
        )
        previous = item
    return entries


def _form(item: TimelineMessage, assessment: dict[str, Any]) -> str:
    message = item.message
    if message.kind == MessageKind.NOTE:
        return "note"
    if message.author_type == AuthorType.MACHINE and assessment.get("decision") != "answer":
        return "receipt"
    if message.channel in _BUBBLES:
        return "bubble"
    return "mail" if message.channel in {Channel.EMAIL, Channel.API} else "call"


def _goes_on(previous: TimelineMessage | None, item: TimelineMessage) -> bool:
    if previous is None:
        return False
    before, now = previous.message, item.message
    same = (before.channel, before.direction, before.author_id, before.author_type, before.kind) == (
        now.channel, now.direction, now.author_id, now.author_type, now.kind,
    )  # fmt: skip
    return same and now.created_at - before.created_at < JOIN_WITHIN


def _silence(item: TimelineMessage, gettext: Callable[[str], str]) -> Entry | None:
    """The note behind a message of which triage said nothing."""
    said = silence(item.message.trace, gettext)
    # Behind its message and before whatever came next: ids are in order of time.
    return Entry(id=f"{item.message.id}~", at=item.message.created_at, form="line", sentence=said) if said else None


def _line(line: EventLine, gettext: Callable[[str], str], category_name: Callable[[str], str]) -> Entry | None:
    """An event as a sentence; None for what a message in the story already says."""
    kind, value = _said(line, gettext, category_name)
    if kind not in _SENTENCES:
        return None
    who = line.agent or (gettext("The customer") if kind == "reopened" else gettext("The machine"))
    sentence = gettext(_SENTENCES[kind]).format(who=who, now=value)
    return Entry(id=line.event.id, at=line.event.at, form="line", sentence=sentence)


def _said(line: EventLine, gettext: Callable[[str], str], category_name: Callable[[str], str]) -> tuple[str, str]:
    """Which sentence, and what it speaks of."""
    event, data = line.event, line.event.data
    now = str(data.get("now") or "")
    match event.kind:
        case "assigned" if not now:
            return "released", ""
        case "assigned" if now == event.agent_id:
            return "taken", ""
        case "assigned" | "moved":
            return event.kind, line.names.get(now, "?")
        case "priority":
            return "priority", gettext(PRIORITY.get(now, now))
        case "category":
            return "category", category_name(now)
        case "complaint":
            return ("complaint" if data.get("now") else "no-complaint"), ""
        case "delayed":
            return "delayed", str(data.get("address", ""))
        case "snoozed":
            return ("snoozed" if data.get("until") else "woken"), ""
        case "tags" if data.get("added"):
            return "tagged", ", ".join(data["added"])
        case "tags":
            return "untagged", ", ".join(data.get("removed", []))
        case "undelivered":
            why = " ".join(part for part in (str(data.get("code", "")), str(data.get("said", ""))) if part)
            return event.kind, f"{data.get('address', '')} ({why})" if why else str(data.get("address", ""))
        case "blocked" | "unmasked":
            return event.kind, now
        case "merged":
            into = data.get("into")
            return ("merged-into", str(into)) if into else ("merged-from", str(data.get("from", "")))
        case _:
            return event.kind, ""
