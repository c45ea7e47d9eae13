"""The live stream over HTTP."""

import asyncio
import json

import pytest
from aiohttp import ClientConnectionError, web

from contactcenter.agent_ui import stream
from contactcenter.events import Event, EventKind
from contactcenter.staff import agents
from contactcenter.staff.access import MACHINE


async def line_of(response):
    async with asyncio.timeout(5):
        while True:
            line = (await response.content.readline()).decode().strip()
            if line.startswith(("data:", "event:")) or (not line and response.content.at_eof()):
                return line


async def test_a_stream_begins_with_a_look_at_everything_and_tells_only_of_ones_queues(building):
    ann = await building.person("ann", queues=("service",))
    (own,) = ann.actor.queue_ids
    response = await ann.client.get("/events")
    assert response.content_type == "text/event-stream"
    assert await line_of(response) == "event: refresh"
    assert await line_of(response) == "data: {}"
    building.hub.publish(Event(EventKind.TICKET_CHANGED, ticket=1, queue="claims"))
    building.hub.publish(Event(EventKind.TICKET_CHANGED, ticket=2, queue=own))
    assert json.loads((await line_of(response)).removeprefix("data: "))["ticket"] == 2
    response.close()


async def test_a_disabled_agents_stream_ends(building):
    ann = await building.person("ann", queues=("service",))
    response = await ann.client.get("/events")
    await line_of(response)
    async with building.store.transaction() as uow:
        await agents.disable(uow, MACHINE, ann.actor.agent_id)
    building.hub.publish(Event(EventKind.STAFF_CHANGED, id=ann.actor.agent_id))
    async with asyncio.timeout(5):
        await response.content.read()
    assert response.content.at_eof()


async def test_an_open_stream_does_not_hold_up_the_end_of_the_server(building):
    ann = await building.person("ann", queues=("service",))
    response = await ann.client.get("/events")
    await line_of(response)
    await building.console.close(web.Application())
    async with asyncio.timeout(5):
        await response.content.read()
    assert response.content.at_eof()


async def test_a_browser_that_goes_before_its_stream_begins_is_no_fault(building, monkeypatch, caplog):
    class Gone(web.StreamResponse):
        async def prepare(self, _request):
            raise ConnectionResetError("Cannot write to closing transport")

    ann = await building.person("ann", queues=("service",))
    monkeypatch.setattr(stream.web, "StreamResponse", Gone)
    with pytest.raises(ClientConnectionError):
        await ann.client.get("/events")
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_stranger_hears_nothing(building):
    stranger = await building.stranger()
    response = await stranger.get("/events", headers={"Accept": "text/event-stream"})
    assert response.status == 401
