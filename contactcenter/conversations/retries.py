"""When a message that did not get through is tried again (RFC 5321, 4.5.4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from contactcenter.envelope import OutboundMessage
from contactcenter.errors import DeliveryError, NotOffered, TemporaryDelivery, UncertainDelivery

_HOUR = 3600
BACK_OFF = tuple(
    timedelta(seconds=s)
    for s in (10, 60, 300, 900, 1800, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR, 24 * _HOUR, 24 * _HOUR)
)
"""Waits before the second, third … try; after the last, a good three days, the message has failed.

The first ones are for grey-listing, the long ones for full mailboxes."""
GIVE_UP = timedelta(days=4)
"""How long a message waits for a host that is away."""
SHORTEST_AWAY, LONGEST_AWAY = timedelta(seconds=15), timedelta(minutes=10)
"""Between two tries at a host that is away: half of the message's age, within these."""
DELAYED = timedelta(hours=4)
"""After this time without success its writer is told, once."""


@dataclass(frozen=True, slots=True)
class NextTry:
    """After which time; ``counted``: the last try was one of the schedule's; ``quiet``: there is nothing to tell."""

    after: timedelta
    counted: bool = True
    quiet: bool = False


def next_try(message: OutboundMessage, error: DeliveryError, now: datetime) -> NextTry | None:
    """What follows an unsuccessful try; None: nothing.

    What was not even offered says nothing about the message and uses up none of its tries: it comes again when its
    turn is (quietly), or when its host may be back. What the machine wrote is never repeated when it may have arrived.
    """
    if isinstance(error, NotOffered):
        if error.retry_after is not None:
            return NextTry(timedelta(seconds=error.retry_after), counted=False, quiet=True)
        age = now - (message.created_at or now)
        if age > GIVE_UP:
            return None
        return NextTry(min(max(age / 2, SHORTEST_AWAY), LONGEST_AWAY), counted=False)
    if not isinstance(error, TemporaryDelivery | UncertainDelivery) or message.attempt > len(BACK_OFF):
        return None
    if isinstance(error, UncertainDelivery) and message.automatic:
        return None
    return NextTry(BACK_OFF[message.attempt - 1])
