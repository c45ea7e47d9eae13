"""The inbox's lists: what is found, by whom, in how many statements and by which index."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contactcenter import clock
from contactcenter.errors import InvalidInput, NotFound
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.listing import (
    TicketQuery,
    count_views,
    list_tickets,
    one_row,
    page_statement,
    rows_by_number,
    rows_of_customer,
)
from contactcenter.tickets.queues import ensure_queue
from contactcenter.tickets.views import BUILT_IN
from tests.integration.office import counted, hire, mail, plan, ticket


async def found(store, q="", actor=MACHINE, **options) -> list[int]:
    async with store.read() as uow:
        page = await list_tickets(uow, actor, TicketQuery.parse(q), **options)
    return [row.number for row in page.items]


async def test_a_page_is_one_statement_however_many_its_tickets(store):
    for index in range(12):
        await ticket(store, identity=mail(f"c{index}@example.org"))
    async with store.read() as uow:
        with counted(store) as statements:
            page = await list_tickets(uow, MACHINE, TicketQuery.parse("status:new,open"), limit=10)
    assert (len(page.items), len(statements)) == (10, 1)


async def test_pages_follow_each_other_without_gap_or_repetition(store):
    numbers = [await ticket(store) for _ in range(7)]
    seen, cursor = [], ""
    async with store.read() as uow:
        while cursor is not None:
            page = await list_tickets(uow, MACHINE, TicketQuery(), cursor=cursor, limit=3)
            seen += [row.number for row in page.items]
            cursor = page.next_cursor
    assert seen == numbers[::-1]


async def test_pages_over_several_states_follow_each_other_too(store):
    numbers = [await ticket(store, status=("new", "open", "pending")[index % 3]) for index in range(8)]
    seen, cursor = [], ""
    async with store.read() as uow:
        while cursor is not None:
            page = await list_tickets(uow, MACHINE, TicketQuery.parse("status:new,open"), cursor=cursor, limit=2)
            seen += [row.number for row in page.items]
            cursor = page.next_cursor
    assert seen == [number for index, number in enumerate(numbers) if index % 3 < 2][::-1]


@pytest.mark.parametrize("cursor", ["x", "WyJhIiwiYiJd", "W10", "!!!", "WyIyMDI1LTAxLTAxIiwieCJd"])
async def test_a_cursor_that_is_not_ours_is_refused(store, cursor):
    async with store.read() as uow:
        with pytest.raises(InvalidInput):
            await list_tickets(uow, MACHINE, TicketQuery(), cursor=cursor)


async def test_a_row_says_all_a_list_shows(store):
    number = await ticket(store, "Lamp", subject="Broken", queue="claims", category="refund", priority="high")
    ann = await hire(store, queues=["claims"])
    async with store.transaction() as uow:
        await desk.assign(uow, ann, await access_ticket(uow, ann, number), ann.agent_id)
    async with store.read() as uow:
        row = await one_row(uow, ann, number)
    assert (row.queue.key, row.queue.name, row.urgency, row.category) == ("claims", "Claims", "high", "refund")
    assert (row.assignee.email, row.customer.label) == ("ann@desk.example", "carol@example.org")


async def test_an_agent_sees_his_queues_and_what_is_his(store):
    ann = await hire(store, queues=["service"])
    mine, foreign = await ticket(store), await ticket(store, queue="claims")
    handed = await ticket(store, queue="claims")
    async with store.transaction() as uow:
        await desk.assign(uow, MACHINE, await access_ticket(uow, MACHINE, handed), ann.agent_id)
    assert await found(store, actor=ann) == [handed, mine]
    assert await found(store, "queue:claims", actor=ann) == [handed]
    async with store.read() as uow:
        with pytest.raises(NotFound):
            await one_row(uow, ann, foreign)
        rows = await rows_by_number(uow, ann, [mine, foreign, handed])
        assert [row.number for row in rows] == [handed, mine]


async def test_an_agent_without_queues_sees_nothing(store):
    await ticket(store)
    assert await found(store, actor=await hire(store)) == []


async def test_every_operator_finds_what_it_names(store):
    ann = await hire(store, queues=["service"])
    one = await ticket(store, identity=mail("dora@example.org", "Dora Blum"), files=1, category="refund")
    two = await ticket(store, complaint=True, priority="high", queue="claims", answered_by="machine", status="resolved")
    async with store.transaction() as uow:
        first = await access_ticket(uow, MACHINE, one)
        await desk.set_tags(uow, MACHINE, first, ["vip"])
        await desk.assign(uow, ann, first, ann.agent_id)
    for q in (
        "from:dora@example.org", "from:DORA@Example.org", 'from:"dora blum"', "category:refund", "status:open",
        "queue:service", "assignee:ann@desk.example", "has:attachment", "tag:VIP", "complaint:no",
        "channel:email priority:normal",
        "answered:none", f"#{one}", str(one),
    ):  # fmt: skip
        assert await found(store, q) == [one], q
    assert await found(store, "assignee:me", actor=ann) == [one]
    for q in ("complaint:yes", "priority:high", "assignee:none", "answered:machine", "queue:claims", "status:resolved"):
        assert await found(store, q) == [two], q
    assert await found(store, "before:2001-01-01") == []
    assert await found(store, "after:yesterday") == [one, two]


async def test_words_and_phrases_are_looked_up_in_one_message(store):
    lamp = await ticket(store, "The green lamp is broken", subject="Order P-1234567")
    await ticket(store, "A broken chair")
    assert await found(store, "lamp broken") == [lamp]
    assert await found(store, '"green lamp"') == [lamp]
    assert await found(store, '"lamp green"') == []
    assert await found(store, "P-1234567") == [lamp]
    assert await found(store, "1234567") == [lamp]


async def test_two_chinese_characters_find_the_ticket_that_has_them_together(store):
    number = await ticket(store, "你好，我的保单还没有收到，请尽快处理。")
    await ticket(store, "我想保留这个订单")
    assert await found(store, "保单") == [number]
    assert await found(store, "保 单 处理") == [number]


@pytest.mark.parametrize("q", ["100%", "_", "a'b", "x & !y", "\\", "' OR 1=1 --", "%" * 400, "(", "<->"])
async def test_signs_of_other_languages_are_only_signs(store, q):
    await ticket(store, "nothing of the kind")
    assert await found(store, q) == []
    assert await found(store, f'"{q}"') == []
    assert await found(store, f'from:"{q}"') == []


async def test_a_snoozed_ticket_is_hidden_until_it_is_asked_for_or_wakes(store):
    number = await ticket(store)
    async with store.transaction() as uow:
        await desk.snooze(uow, MACHINE, await access_ticket(uow, MACHINE, number), clock.now() + timedelta(hours=1))
    assert await found(store) == []
    assert await found(store, "is:snoozed") == [number]
    async with store.read() as uow:
        page = await list_tickets(uow, MACHINE, TicketQuery.parse("", hide_snoozed=False))
        assert [row.number for row in page.items] == [number]


async def test_a_merged_ticket_is_listed_no_more_but_found_by_its_number(store):
    first, second = await ticket(store), await ticket(store)
    async with store.transaction() as uow:
        source, target = await access_ticket(uow, MACHINE, second), await access_ticket(uow, MACHINE, first)
        await desk.merge(uow, MACHINE, source, target)
    assert await found(store) == [first]
    async with store.read() as uow:
        assert (await one_row(uow, MACHINE, second)).merged_into == first


async def test_all_views_are_counted_in_one_statement_and_agree_with_their_lists(store):
    ann = await hire(store, queues=["service"])
    for status in ("new", "open", "pending", "resolved"):
        await ticket(store, status=status, complaint=status == "new")
    queries = [TicketQuery.parse(view.query) for view in BUILT_IN]
    async with store.read() as uow:
        with counted(store) as statements:
            counts = await count_views(uow, ann, queries)
        lists = [len((await list_tickets(uow, ann, query)).items) for query in queries]
    assert (counts, len(statements)) == (lists, 1)
    assert counts[2] == 3


async def test_a_customers_tickets_are_one_statement(store):
    await ticket(store)
    newest = await ticket(store)
    async with store.read() as uow:
        customer_id = (await access_ticket(uow, MACHINE, newest)).customer_id
        with counted(store) as statements:
            rows = await rows_of_customer(uow, MACHINE, customer_id)
    assert (rows[0].number, len(rows), len(statements)) == (newest, 2, 1)


@pytest.mark.parametrize(
    ("q", "index"),
    [
        ("", "ix_ticket_updated"),
        ("status:open", "ix_ticket_status_updated"),
        ("status:new,open,pending", "ix_ticket_status_updated"),
        ("category:refund", "ix_ticket_category"),
        ("lamp", "ix_message_search"),
        ("保单", "ix_message_search"),
        ("#1001", "number"),
        ("from:a@b.c", "uq_customer_identity_kind_value"),
    ],
)
async def test_each_list_reads_an_index_and_no_whole_table(store, q, index):
    async with store.read() as uow:
        lines = await plan(uow, page_statement(MACHINE, TicketQuery.parse(q)))
    assert index in lines
    assert "Seq Scan on ticket" not in lines
    assert "Seq Scan on message" not in lines


async def test_a_queues_list_reads_its_own_index(store):
    async with store.transaction() as uow:
        queue = await ensure_queue(uow, "service")
        query = replace(TicketQuery.parse("queue:service"), queue_ids=(queue.id,))
        assert "ix_ticket_queue_updated" in await plan(uow, page_statement(MACHINE, query))
        assert (await list_tickets(uow, MACHINE, TicketQuery.parse("queue:nowhere"))).items == []


async def test_an_agents_own_lists_read_their_indexes(store):
    ann = await hire(store, queues=["service"], role=Role.AGENT)
    async with store.read() as uow:
        mine = await plan(uow, page_statement(ann, TicketQuery.parse("assignee:me")))
        assert "ix_ticket_assignee_updated" in mine or "ix_ticket_updated" in mine
        assert "Seq Scan on ticket" not in mine
