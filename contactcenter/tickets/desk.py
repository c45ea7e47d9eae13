"""The desk: every command on a ticket, in one place to look.

::

    from the pipeline   open_ticket  tickets_of  conversations_of  customer_wrote  count_messages  relate   (intake)
    the ticket's life   assign  resolve  reopen  pend  close  snooze  mark_read                  (lifecycle)
    putting it right    set_priority  set_tags  move  correct_category  mark_complaint           (lifecycle)
    writing             reply  undo_reply  note  forward  compose                                (writing)
    joining             merge  bring_together                                                    (merging)

Each takes a ticket from the door (:func:`contactcenter.tickets.access.access_ticket`), locks it, refuses a stale
``expected_version`` with :class:`contactcenter.errors.Conflict`, writes a ticket event, raises the version and
publishes ``ticket.changed``.
"""

from contactcenter.tickets.intake import (
    conversations_of,
    count_messages,
    customer_wrote,
    open_ticket,
    relate,
    tickets_of,
)
from contactcenter.tickets.lifecycle import (
    assign,
    close,
    correct_category,
    mark_complaint,
    mark_read,
    move,
    pend,
    reopen,
    resolve,
    set_priority,
    set_tags,
    snooze,
)
from contactcenter.tickets.merging import bring_together, merge
from contactcenter.tickets.writing import compose, forward, note, reply, undo_reply

__all__ = [
    "assign",
    "bring_together",
    "close",
    "compose",
    "conversations_of",
    "correct_category",
    "count_messages",
    "customer_wrote",
    "forward",
    "mark_complaint",
    "mark_read",
    "merge",
    "move",
    "note",
    "open_ticket",
    "pend",
    "relate",
    "reopen",
    "reply",
    "resolve",
    "set_priority",
    "set_tags",
    "snooze",
    "tickets_of",
    "undo_reply",
]
