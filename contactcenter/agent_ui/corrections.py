"""Corrections in the triage strip: an agent says what the machine should have said of a message."""

from __future__ import annotations

from collections.abc import Mapping

from contactcenter.agent_ui.ticket_list import place_of
from contactcenter.agent_ui.visit import Visit
from contactcenter.agent_ui.words import SENTIMENT, URGENCY
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import desk, feedback, judging
from contactcenter.tickets.access import access_message
from contactcenter.tickets.records import Ticket

_WORDS: Mapping[str, Mapping[str, str]] = {feedback.URGENCY: URGENCY, feedback.SENTIMENT: SENTIMENT}


async def judge(visit: Visit, uow: UnitOfWork, ticket: Ticket) -> str:
    """Set right (or confirm) that ``head`` of ``message``, one of this ticket, is ``label``; the machine learns it.

    ``head`` is urgency, sentiment or complaint; a complaint marks the ticket too. Gives the notice that says so.
    """
    head, label = visit.text("head"), visit.text("label")
    if head not in {*_WORDS, feedback.COMPLAINT}:
        raise InvalidInput("that cannot be corrected here", field="head")
    message, on = await access_message(uow, visit.actor, visit.text("message"))
    if on is None or on.id != ticket.id:
        raise NotFound("there is no such message")
    stood = {one.head: one.label for one in await feedback.standing(uow, message.id)}
    was = stood.get(head) or feedback.machine_said(message.assessment or {}, head)
    if head == feedback.COMPLAINT and label in {"yes", "no"} and ticket.complaint != (label == "yes"):
        await desk.mark_complaint(uow, visit.actor, ticket, label == "yes", message_id=message.id)
    else:
        await judging.judge_message(uow, visit.actor, message.id, {head: label})
    said = visit.gettext("The machine will learn from it: {word}.").format(word=_word(visit, head, label))
    way_back = f"/tickets/{ticket.number}/judge{place_of(visit).suffix}" if was else ""
    return visit.toast(said, undo=way_back, values={"head": head, "label": was, "message": message.id})


def _word(visit: Visit, head: str, label: str) -> str:
    if head == feedback.COMPLAINT:
        return visit.gettext("a complaint") if label == "yes" else visit.gettext("no complaint")
    return visit.gettext(_WORDS[head].get(label, label))
