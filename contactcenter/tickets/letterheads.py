"""In whose name a queue's mail goes out, and what stands below it: sender, signature, and the variables of both."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlmodel import col

from contactcenter.errors import InvalidInput
from contactcenter.events import Event, EventKind
from contactcenter.knowledge.rendering import fill, render
from contactcenter.staff.access import Actor, Role, require
from contactcenter.staff.records import Agent
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.intake import one_line
from contactcenter.tickets.letters import NOTHING, Part
from contactcenter.tickets.queues import get_queue
from contactcenter.tickets.records import Queue

VARIABLES = ("agent.name", "queue.name")
"""What may stand between ``{{`` and ``}}`` in a signature or a sender's name."""
MAX_SIGNATURE = 4_000
"""Characters of a signature."""
MAX_SENDER_NAME = 200
_VARIABLE = re.compile(r"\{\{\s*([^{}]{0,100}?)\s*\}\}")


class SignatureChoice(StrEnum):
    """Which signature stands below a mail. ``AUTO``: the queue's, where it has none the agent's own."""

    AUTO = "auto"
    QUEUE = "queue"
    OWN = "own"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What a queue's mail of one agent has in common, in one language.

    ``sender`` is the queue's own address, empty for the one the customer wrote to; ``sender_name`` empty for the
    mailbox's.
    """

    sender: str = ""
    sender_name: str = ""
    queue: Part = NOTHING
    own: Part = NOTHING

    def signature(self, choice: SignatureChoice) -> Part:
        """The signature of a choice."""
        match choice:
            case SignatureChoice.QUEUE:
                return self.queue
            case SignatureChoice.OWN:
                return self.own
            case SignatureChoice.NONE:
                return NOTHING
        return self.queue if self.queue.text else self.own


async def letterhead(uow: UnitOfWork, actor: Actor, queue_id: str, language: str) -> Letterhead:
    """The letterhead of a queue for one agent, in the customer's language. One statement."""
    own = select(col(Agent.signature)).where(col(Agent.id) == (actor.agent_id or None)).scalar_subquery()
    row = (await uow.session.execute(select(Queue, own).where(col(Queue.id) == queue_id))).one_or_none()
    return _letterhead(row[0], row[1] or "", actor, language) if row is not None else Letterhead()


def _letterhead(queue: Queue, own: str, actor: Actor, language: str) -> Letterhead:
    chinese = language == "zh"
    values = {"agent.name": actor.name, "queue.name": (chinese and queue.name_zh) or queue.name}
    first, second = (queue.signature_zh, queue.signature) if chinese else (queue.signature, queue.signature_zh)
    return Letterhead(
        sender=queue.sender_address,
        sender_name=one_line(fill(queue.sender_name, values))[:MAX_SENDER_NAME],
        queue=_rendered(first or second, values),
        own=_rendered(own, values),
    )


def _rendered(markdown: str, values: Mapping[str, str]) -> Part:
    """A signature with its variables filled in; the values are text, never markup."""
    both = render(markdown.strip(), values)
    return Part(both.text, both.html) if both.text else NOTHING


async def set_letterhead(
    uow: UnitOfWork,
    actor: Actor,
    queue_id: str,
    *,
    sender_address: str,
    sender_name: str,
    signature: str,
    signature_zh: str,
    ours: Collection[str],
) -> Queue:
    """Say in whose name a queue's mail goes out, and what stands below it. For administrators.

    ``ours`` are the addresses of our mailboxes; an empty one means the address that the customer wrote to. Raises
    :class:`InvalidInput` for any other address, for a signature that is too long, and for a variable we do not have.
    """
    require(actor, Role.ADMIN)
    queue = await get_queue(uow, queue_id)
    address = sender_address.strip().lower()
    if address and address not in ours:
        raise InvalidInput("that is not one of our mailboxes", field="sender_address")
    for field, text in (("sender_name", sender_name), ("signature", signature), ("signature_zh", signature_zh)):
        if len(text) > MAX_SIGNATURE:
            raise InvalidInput(f"a signature has at most {MAX_SIGNATURE} characters", field=field)
        if any(name not in VARIABLES for name in _VARIABLE.findall(text)):
            raise InvalidInput("the variables are {{ agent.name }} and {{ queue.name }}", field=field)
    queue.sender_address, queue.sender_name = address, one_line(sender_name)[:MAX_SENDER_NAME]
    queue.signature, queue.signature_zh = _clean(signature), _clean(signature_zh)
    await uow.session.flush()
    uow.publish(Event(EventKind.STAFF_CHANGED))
    return queue


def _clean(signature: str) -> str:
    return signature.replace("\x00", "").replace("\r\n", "\n").strip()
