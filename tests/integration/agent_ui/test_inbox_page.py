"""The list: views, search, pages of rows, commands on many."""

import re

import pytest

from contactcenter.staff.access import Role
from contactcenter.tickets.listing import TicketQuery, list_tickets
from tests.integration.office import hire, mail, ticket


def numbers(page):
    return [int(found) for found in re.findall(r'id="row-(\d+)"', page)]


async def test_an_agent_sees_the_tickets_of_his_queues_alone(building):
    ann = await building.person("ann", queues=("service",))
    mine = await ticket(building.store)
    await ticket(building.store, queue="claims")
    assert numbers((await ann.get("/inbox?view=open")).page) == [mine]


async def test_views_are_counted(building):
    ann = await building.person("ann", queues=("service",))
    await ticket(building.store)
    await ticket(building.store, complaint=True)
    page = (await ann.get("/inbox/views?view=open")).page
    counts = dict(re.findall(r'view=(\w+)"(?:(?!</a>).)*<span class="count">(\d+)', page, re.DOTALL))
    assert counts["open"] == counts["unassigned"] == "2"
    assert counts["complaints"] == "1"


async def test_a_search_finds_by_words_and_operators(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store, "我的保单什么时候到期", identity=mail("li@example.cn", "李雷"))
    await ticket(building.store, "Something else")
    assert numbers((await ann.get("/inbox", params={"q": "保单"})).page) == [number]
    assert numbers((await ann.get("/inbox", params={"q": "from:li@example.cn"})).page) == [number]


@pytest.mark.parametrize("q", ["order_by:1", "status:nothing", "before:never", "x" * 501])
async def test_a_search_that_cannot_be_read_says_why(building, q):
    ann = await building.person("ann", queues=("service",))
    response = await ann.get("/inbox", params={"q": q})
    assert response.status == 200
    assert "list-empty" in response.page
    assert "This search cannot be read" in response.page


async def test_rows_come_in_pages(building):
    ann = await building.person("ann", queues=("service",))
    made = [await ticket(building.store, f"Question {count}") for count in range(43)]
    first = (await ann.get("/inbox/rows?view=open")).page
    following = re.search(r'hx-get="([^"]+cursor[^"]+)"', first)[1].replace("&amp;", "&")
    second = (await ann.get(following)).page
    assert numbers(first) + numbers(second) == made[::-1]
    assert (await ann.get("/inbox/rows?view=open&cursor=forged")).status == 400


async def test_an_empty_inbox_says_what_will_be_here(building):
    ann = await building.person("ann", queues=("service",))
    assert "The inbox is empty" in (await ann.get("/inbox")).page
    assert "Nothing is waiting for you" in (await ann.get("/inbox?view=mine")).page


async def test_many_tickets_are_taken_at_once_and_given_back_by_undo(building):
    ann = await building.person("ann", queues=("service",))
    other = await hire(building.store, "bob", queues=("service",))
    first, second = await ticket(building.store, assignee_id=other.agent_id), await ticket(building.store)
    fields = [("csrf", ann.csrf), ("action", "assign"), ("value", "me"), ("numbers", first), ("numbers", second)]
    response = await ann.client.post("/inbox/bulk?view=open", data=fields)
    assert response.status == 200
    assert len(await held_by(building.store, ann.actor)) == 2
    back = re.search(r'"set": "([^"]+)"', (await response.text()).replace("&#34;", '"'))[1]
    await ann.post("/inbox/bulk?view=open", {"action": "assign", "set": back})
    assert await held_by(building.store, ann.actor) == []
    assert len(await held_by(building.store, other)) == 1


async def held_by(store, actor):
    async with store.read() as uow:
        return (await list_tickets(uow, actor, TicketQuery(assignee="me"))).items


@pytest.mark.parametrize("fields", [{}, {"numbers": "1 OR 1=1"}, {"set": "a:b"}])
async def test_a_command_on_nothing_is_refused(building, fields):
    ann = await building.person("ann", queues=("service",))
    assert (await ann.post("/inbox/bulk", {"action": "resolve", **fields})).status == 400


async def test_one_foreign_ticket_among_many_stops_them_all(building):
    ann = await building.person("ann", queues=("service",))
    own, foreign = await ticket(building.store), await ticket(building.store, queue="claims")
    fields = [("csrf", ann.csrf), ("action", "resolve"), ("numbers", own), ("numbers", foreign)]
    assert (await ann.client.post("/inbox/bulk", data=fields)).status == 404
    assert numbers((await ann.get("/inbox?view=open")).page) == [own]


NASTY = '"><script>alert(1)</script>'


async def test_markup_in_names_subjects_tags_and_queues_stays_text_on_every_page(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    number = await ticket(building.store, NASTY, identity=mail("x@example.org", NASTY), subject=NASTY, queue="service")
    await sue.post(f"/tickets/{number}/tags", {"tags": "<script>"})
    await sue.post(f"/tickets/{number}/note", {"text": NASTY})
    customer = re.search(r'href="(/customers/[0-9a-f-]+)"', (await sue.get(f"/tickets/{number}")).page)[1]
    for path in ("/inbox", f"/tickets/{number}", f"/inbox?q={NASTY}", "/customers", customer, "/tickets/new"):
        page = (await sue.get(path)).page
        assert "<script>alert" not in page, path
        assert "<script>" not in page.replace('<script src="', ""), path
