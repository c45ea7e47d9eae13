"""Events go to JSON and back, and a slow listener is told that it missed some."""

from contactcenter.events import Event, EventHub, EventKind


def test_an_event_survives_json() -> None:
    event = Event(EventKind.TICKET_CHANGED, ticket=7, queue="q")
    assert Event.from_json(event.to_json()) == event


def test_fields_of_a_newer_process_are_passed_over() -> None:
    assert Event.from_json('{"kind":"gap","mood":"fine"}') == Event(EventKind.GAP)


async def test_every_listener_hears_an_event() -> None:
    hub = EventHub()
    with hub.subscribe() as one, hub.subscribe() as two:
        hub.publish(Event(EventKind.TICKET_CHANGED, ticket=1))
        assert (await one.get(), await two.get()) == (Event(EventKind.TICKET_CHANGED, ticket=1),) * 2


async def test_a_listener_that_falls_behind_gets_one_gap() -> None:
    hub = EventHub(depth=3)
    with hub.subscribe() as heard:
        for number in range(4):
            hub.publish(Event(EventKind.TICKET_CHANGED, ticket=number))
        assert heard.qsize() == 1
        assert (await heard.get()).kind is EventKind.GAP


async def test_a_listener_that_left_costs_nothing() -> None:
    hub = EventHub()
    with hub.subscribe() as heard:
        pass
    hub.publish(Event(EventKind.GAP))
    assert heard.empty()
