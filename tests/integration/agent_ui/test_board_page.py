"""The board shows what the actor may see, and each number leads to the tickets it counts."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from contactcenter import clock
from contactcenter.agent_ui.board import SEARCHES, figures, search
from contactcenter.staff import agents
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.listing import TicketQuery, count_views
from contactcenter.tickets.queues import board
from tests.integration.office import hire, mail, ticket


async def test_every_number_equals_the_search_behind_it(store):
    late = await ticket(store)
    await ticket(store, identity=mail("dan@example.org"), complaint=True)
    done = await ticket(store, identity=mail("eve@example.org"))
    boss = await hire(store, "boss", Role.ADMIN)
    async with store.transaction() as uow:
        await desk.resolve(uow, boss, await access_ticket(uow, MACHINE, done))
        (await access_ticket(uow, MACHINE, late)).due_at = clock.now()
    async with store.read() as uow:
        (tile,) = (await board(uow, boss)).tiles
        shown = figures(tile)
        asked = [TicketQuery.parse(parse_qs(urlsplit(search(name, "service")).query)["q"][0]) for name in SEARCHES]
        counted = await count_views(uow, boss, asked)
    assert dict(zip(SEARCHES, counted, strict=True)) == {name: shown[name] for name in SEARCHES}
    assert (shown["open"], shown["at_risk"], shown["complaints"], shown["resolved"]) == (2, 1, 1, 1)


async def test_an_agent_sees_the_tiles_of_his_queues_alone(building):
    ann = await building.person("ann", queues=["service"])
    await hire(building.store, "bob", queues=["claims"])
    page = (await ann.get("/board/live")).page
    assert "tile-service" in page
    assert "tile-claims" not in page


async def test_someone_without_a_queue_is_told_what_to_do(building):
    ann = await building.person("ann")
    assert "No queue to watch yet" in (await ann.get("/board")).page


async def test_the_wall_screen_has_no_rail_and_asks_for_its_own_figures(building):
    ann = await building.person("ann", queues=["service"])
    page = (await ann.get("/board?display=1")).page
    assert 'class="rail"' not in page
    assert 'data-source="/board/live?display=1"' in page


async def test_links_of_the_board_are_searches_the_inbox_understands(building):
    ann = await building.person("ann", queues=["service"])
    links = re.findall(r'href="(/inbox\?q=[^"]+)"', (await ann.get("/board")).page)
    queries = {parse_qs(urlsplit(unescape(link)).query)["q"][0] for link in links}
    assert all(TicketQuery.parse(query) for query in queries)
    assert len(queries) > 6


async def states(building):
    """Whom the board says to be there, by name."""
    async with building.store.read() as uow:
        return {tile.agent.name: tile.availability.value for tile in (await board(uow, MACHINE)).agents}


async def test_who_signs_in_is_online_until_he_signs_out(building):
    ann = await building.person("ann", queues=["service"])
    name = ann.actor.name
    assert (await states(building))[name] == "online"
    await ann.post("/sign-out")
    assert (await states(building))[name] == "offline"


async def test_who_says_he_is_away_stays_away_with_the_console_open(building):
    ann = await building.person("ann", queues=["service"])
    await ann.post("/preferences", {"availability": "away"})
    (await ann.client.get("/events")).close()
    assert (await states(building))[ann.actor.name] == "away"
    assert "me-away" in (await ann.get("/board")).page


async def test_after_two_minutes_without_a_sign_of_life_one_is_offline_and_an_open_stream_is_one(building):
    ann = await building.person("ann", queues=["service"])
    async with building.store.transaction() as uow:
        (await agents.get_agent(uow, ann.actor.agent_id)).last_seen_at = clock.now() - agents.PRESENT_FOR * 2
    assert (await states(building))[ann.actor.name] == "offline"
    response = await ann.client.get("/events")
    assert (await states(building))[ann.actor.name] == "online"
    response.close()
