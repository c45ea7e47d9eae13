"""What people hold of a message against what the machine said of it, for the triage strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contactcenter.conversations.timeline import TimelineMessage
from contactcenter.envelope import Direction, MessageKind
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets import feedback


@dataclass(frozen=True, slots=True)
class Held:
    """What people hold of a message: the label, who said so, and whether the machine had said the same."""

    label: str
    by: str
    confirms: bool


async def held_of(
    uow: UnitOfWork, messages: Sequence[TimelineMessage], triaged: str, agents: Sequence[Agent]
) -> dict[str, Held]:
    """Head → what stands: the category of the message the ticket was sorted by, the rest of ``triaged``.

    Two statements at most; ``agents`` lend the names.
    """
    first = next((item.message.id for item in messages if _opens(item)), "")
    names = {agent.id: agent.name for agent in agents}
    found: dict[str, Held] = {}
    for message_id in dict.fromkeys(one for one in (first, triaged) if one):
        for row in await feedback.standing(uow, message_id):
            wanted = first if row.head == feedback.CATEGORY else triaged
            if message_id == wanted and row.head != feedback.ANSWER:
                found[row.head] = Held(row.label, names.get(row.agent_id, ""), row.label == row.was)
    return found


def _opens(item: TimelineMessage) -> bool:
    message = item.message
    return message.direction == Direction.IN and message.kind == MessageKind.MESSAGE and message.assessment is not None
