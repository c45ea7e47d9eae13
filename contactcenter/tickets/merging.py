"""Two tickets about one matter become one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, text

from contactcenter import clock
from contactcenter.errors import Conflict, InvalidInput
from contactcenter.staff.access import MACHINE, Actor
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.changes import Happening, begin, changed, finish
from contactcenter.tickets.colleagues import FORGED
from contactcenter.tickets.records import Ticket, TicketStatus

_ID = Ticket.__table__.c.id.type  # type: ignore[attr-defined]

_MOVE_MESSAGES = text(
    "UPDATE message SET conversation_id = :target WHERE conversation_id = :source RETURNING id::text"
).bindparams(bindparam("target", type_=_ID), bindparam("source", type_=_ID))
_JOIN = text(
    "INSERT INTO participant (conversation_id, identity) "
    "SELECT :target, identity FROM participant WHERE conversation_id = :source ON CONFLICT DO NOTHING"
).bindparams(bindparam("target", type_=_ID), bindparam("source", type_=_ID))
_REMEMBER_AUTOMATIC = text(
    "UPDATE automatic_mail SET conversation_id = :target WHERE conversation_id = :source"
).bindparams(bindparam("target", type_=_ID), bindparam("source", type_=_ID))
_REDIRECT = text(
    "UPDATE conversation SET merged_into_id = :target WHERE id = :source OR merged_into_id = :source"
).bindparams(bindparam("target", type_=_ID), bindparam("source", type_=_ID))


async def merge(
    uow: UnitOfWork,
    actor: Actor,
    source: Ticket,
    target: Ticket,
    *,
    expected_version: int | None = None,
    let_in: bool = False,
) -> Ticket:
    """Put ``source`` into ``target``: its messages join the target's conversation, later replies land there.

    ``expected_version`` is the source's. The event on the source names the messages moved. Raises
    :class:`InvalidInput` for a ticket and itself, and :class:`Conflict` when one of them is merged already or they
    belong to different customers: nobody is to read another's mail by a slip (merge the customers first). ``let_in``
    is an agent's word that this is no slip: the writer of a mail that claims to belong to the target takes part in it
    from now on. A ticket whose sender may be forged is never let in.
    """
    if source.id == target.id:
        raise InvalidInput("a ticket cannot be merged into itself", field="into")
    for ticket in sorted((source, target), key=lambda ticket: ticket.id):
        await begin(uow, ticket, expected_version if ticket is source else None)
    claims = let_in and target.id in source.related and FORGED not in source.tags
    if source.customer_id != target.customer_id and not claims:
        raise Conflict("the tickets belong to different customers")
    ends = {"source": source.conversation_id, "target": target.conversation_id}
    moved = list(await uow.session.scalars(_MOVE_MESSAGES, ends))
    for statement in (_JOIN, _REMEMBER_AUTOMATIC, _REDIRECT):
        await uow.session.execute(statement, ends)
    now = clock.now()
    was_waiting = source.waiting_since
    source.merged_into_id = target.id
    source.status = TicketStatus.CLOSED.value
    source.closed_at = source.resolved_at = now
    source.waiting_since = None
    source.unread = False
    target.messages_count += source.messages_count
    target.complaint = target.complaint or source.complaint
    target.tags = list(dict.fromkeys([*target.tags, *source.tags]))
    if was_waiting is not None:
        target.waiting_since = min(target.waiting_since or was_waiting, was_waiting)
        if target.status not in {TicketStatus.NEW, TicketStatus.OPEN}:
            target.status = TicketStatus.OPEN.value
            target.resolved_at = target.closed_at = None
    await finish(uow, actor, source, Happening.MERGED, into=target.number, messages=moved)
    source.messages_count = 0
    await finish(uow, actor, target, Happening.MERGED, **{"from": source.number})
    return target


async def bring_together(uow: UnitOfWork, target: Ticket, younger: Sequence[Ticket]) -> list[Ticket]:
    """Merge tickets that a late mail shows to be one with ``target``; the machine does it, and says so.

    One in which an agent has answered, or whose customer is another, stays and is linked instead. Returns those that
    were merged.
    """
    merged = []
    for source in younger:
        if source.id == target.id or source.merged_into_id is not None:
            continue
        if source.answered_by == "agent" or source.customer_id != target.customer_id:
            target.related = list(dict.fromkeys([*target.related, source.id]))
            source.related = list(dict.fromkeys([*source.related, target.id]))
            uow.publish(changed(source))
            continue
        await merge(uow, MACHINE, source, target)
        merged.append(source)
    return merged
