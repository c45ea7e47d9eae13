"""Who hears of what on the live stream."""

import pytest

from contactcenter.agent_ui.stream import line, visible
from contactcenter.events import Event, EventKind
from contactcenter.staff.access import Actor, Role

ANN = Actor("ann", "Ann", "ann@desk.example", Role.AGENT, queue_ids=frozenset({"service"}))
SUE = Actor("sue", "Sue", "sue@desk.example", Role.SUPERVISOR)


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        (Event(EventKind.TICKET_CHANGED, ticket=1, queue="service"), True),
        (Event(EventKind.TICKET_CHANGED, ticket=1, queue="claims"), False),
        (Event(EventKind.TICKET_CHANGED, ticket=1, queue="claims", agent="ann"), True),
        (Event(EventKind.TICKET_CHANGED, ticket=1), False),
        (Event(EventKind.MESSAGE_ADDED, queue="claims"), False),
        (Event(EventKind.QUARANTINE_CHANGED, id="m"), False),
        (Event(EventKind.DELIVERY_CHANGED, id="m", conversation="c"), True),
    ],
)
def test_an_agent_hears_of_his_queues_and_his_own_tickets(event, heard):
    assert visible(event, ANN) is heard
    assert visible(event, SUE)


def test_an_event_on_the_stream_has_ids_alone():
    event = Event(EventKind.TICKET_CHANGED, ticket=7, queue="secret")
    assert line(event) == b'data: {"kind": "ticket.changed", "ticket": 7}\n\n'


def test_a_gap_means_look_at_everything():
    assert line(Event(EventKind.GAP)).startswith(b"event: refresh\n")
