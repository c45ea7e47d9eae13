"""Queues, the board, categories, canned answers, views, drafts, mailboxes, seeds."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update
from sqlmodel import col

from contactcenter import clock
from contactcenter.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from contactcenter.knowledge.articles import starter_articles
from contactcenter.settings import Mailbox, Settings
from contactcenter.staff import agents
from contactcenter.staff.access import MACHINE, Role
from contactcenter.tickets import canned, desk, drafts, mailboxes, queues, views
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.listing import one_row
from contactcenter.tickets.overview import customer_work, list_events
from contactcenter.tickets.records import Category, Ticket
from contactcenter.tickets.seeds import CATEGORIES, seed_defaults, starter_canned_answers
from contactcenter.triage import places, registry
from tests.integration.office import counted, hire, mail, ticket

SETTINGS = Settings(mailboxes=(Mailbox(address="shop@desk.example", queue="shop"),))


async def test_seeding_twice_changes_nothing_made_since(store):
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
        billing = await queues.get_queue(uow, "billing")
        await queues.set_category_queue(uow, MACHINE, "refund", None, auto_answer=False)
        await queues.update_queue(uow, MACHINE, billing.id, name="Money")
        await seed_defaults(uow, SETTINGS)
        assert [one.key for one in await queues.list_queues(uow)] == [
            "service",
            "complaints",
            "claims",
            "billing",
            "shop",
        ]
        assert (await queues.category_queues(uow))["refund"] is None
        assert (await queues.get_queue(uow, "billing")).name == "Money"
        assert len(await queues.list_categories(uow)) == len(CATEGORIES) == 26
        assert len(await canned.list_canned(uow)) == len(starter_canned_answers())


async def test_an_instance_that_lacks_categories_gets_them_by_seeding_again(store):
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
        await uow.session.execute(delete(Category).where(col(Category.key).in_(["card", "fraud"])))
        await queues.set_category_queue(uow, MACHINE, "refund", None, auto_answer=False)
        await seed_defaults(uow, SETTINGS)
        found = {one.key: one for one in await queues.list_categories(uow)}
        assert (found["card"].name_zh, found["card"].auto_answer) == ("银行卡", True)
        assert (found["refund"].queue_id, found["refund"].auto_answer) == (None, False)


def test_no_machine_answers_what_may_be_fraud():
    answered = {key: auto_answer for key, _, _, _, auto_answer in CATEGORIES}
    assert not answered["fraud"]
    assert answered["card"]


def test_every_label_of_the_starter_model_and_every_starter_article_has_its_category():
    keys = {category[0] for category in CATEGORIES}
    labels = registry.load(places.find(places.DEFAULT_MODEL)).linear.head("category").labels
    assert set(labels) == keys
    for language in ("en", "zh"):
        told = {one["category"] for one in starter_articles() if one["language"] == language}
        assert keys - told == {"other", "feedback"}


async def test_the_board_is_three_statements_and_adds_up(store):
    ann = await hire(store, queues=["service"])
    for index in range(5):
        await ticket(store, identity=mail(f"c{index}@example.org"), complaint=index == 0)
    await ticket(store, status="resolved", answered_by="machine")
    await ticket(store, queue="claims", status="pending")
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, 1001)
        await desk.assign(uow, ann, found, ann.agent_id)
        long_ago, soon = clock.now() - timedelta(minutes=5), clock.now() + timedelta(minutes=5)
        await uow.session.execute(
            update(Ticket).where(col(Ticket.id) == found.id).values(waiting_since=long_ago, due_at=soon)
        )
    async with store.read() as uow:
        with counted(store) as statements:
            board = await queues.board(uow, MACHINE)
        own = await queues.board(uow, ann)
    tiles = {tile.queue.key: tile for tile in board.tiles}
    service = tiles["service"]
    assert len(statements) == 3
    assert (service.open, service.waiting, service.unassigned, service.at_risk, service.complaints) == (5, 5, 4, 1, 1)
    assert 300 <= service.longest_wait_seconds < 400
    assert (service.answered_by_machine_today, service.resolved_today) == (1, 1)
    assert (tiles["claims"].open, tiles["claims"].waiting) == (1, 0)
    assert [(one.agent.name, one.open_tickets) for one in board.agents] == [("ann", 1)]
    assert [tile.queue.key for tile in own.tiles] == ["service"]


async def test_queues_are_made_once_renamed_and_removed_when_unused(store):
    async with store.transaction() as uow:
        made = await queues.ensure_queue(uow, " Claims East ", "Claims east")
        assert (await queues.ensure_queue(uow, "claims-east")).id == made.id
        assert (await queues.get_queue(uow, made.id)).name == "Claims east"
        for wrong in ("", "  ", "a/b", "<b>"):
            with pytest.raises(InvalidInput):
                await queues.ensure_queue(uow, wrong)
        await queues.delete_queue(uow, MACHINE, made.id)
        with pytest.raises(NotFound):
            await queues.get_queue(uow, "claims-east")
    await ticket(store)
    async with store.transaction() as uow:
        with pytest.raises(Conflict):
            await queues.delete_queue(uow, MACHINE, "service")


async def test_members_are_set_by_administrators(store):
    ann = await hire(store)
    async with store.transaction() as uow:
        queue = await queues.ensure_queue(uow, "service")
        with pytest.raises(Forbidden):
            await queues.set_members(uow, ann, queue.id, [ann.agent_id])
        await queues.set_members(uow, MACHINE, queue.id, [ann.agent_id])
        assert [one.name for one in (await queues.members(uow))[queue.id]] == ["ann"]
        with pytest.raises(InvalidInput):
            await queues.set_members(uow, MACHINE, queue.id, [clock.new_id()])


async def test_a_disabled_member_keeps_his_place_when_the_members_are_set(store):
    ann, ben = await hire(store, queues=["service"]), await hire(store, "ben", queues=["service"])
    async with store.transaction() as uow:
        await agents.disable(uow, MACHINE, ben.agent_id)
        queue = await queues.get_queue(uow, "service")
        await queues.set_members(uow, MACHINE, queue.id, [ann.agent_id])
        await agents.enable(uow, MACHINE, ben.agent_id)
        assert [one.name for one in (await queues.members(uow))[queue.id]] == ["ann", "ben"]


async def test_canned_answers_are_written_by_supervisors_and_filled_with_the_ticket(store):
    ann, boss = await hire(store, queues=["service"]), await hire(store, "boss", Role.SUPERVISOR)
    number = await ticket(store, subject="Lamp", identity=mail("dora@example.org", "Dora"))
    text = {
        "shortcut": "/Hello",
        "language": "en",
        "title": "",
        "text": "Hi {{ customer.name }}, {{ticket.number}} {{7*7}}",
    }
    async with store.transaction() as uow:
        with pytest.raises(Forbidden):
            await canned.save_canned(uow, ann, **text)
        made = await canned.save_canned(uow, boss, **text)
        with pytest.raises(Conflict):
            await canned.save_canned(uow, boss, **text)
        await canned.save_canned(uow, boss, **text | {"title": "Greeting"}, canned_id=made.id)
        row = await one_row(uow, ann, number)
        shown = canned.render_canned(made.text, canned.variables(row, ann))
        assert shown == f"Hi Dora, #{number} {{{{7*7}}}}"
        for wrong in ({"shortcut": "a b"}, {"language": "xx"}, {"text": " "}):
            with pytest.raises(InvalidInput):
                await canned.save_canned(uow, boss, **text | wrong)
        await canned.delete_canned(uow, boss, made.id)
        with pytest.raises(NotFound):
            await canned.get_canned(uow, made.id)


def test_every_built_in_view_and_starter_answer_can_be_read():
    for view in views.BUILT_IN:
        assert views.TicketQuery.parse(view.query)
        assert view.label("zh") != view.label("en")
    for entry in starter_canned_answers():
        values = dict.fromkeys(canned.VARIABLES, "x")
        assert "{{" not in canned.render_canned(entry["text"], values), entry["shortcut"]


async def test_views_are_ones_own_or_shared(store):
    ann, bob = await hire(store, queues=["service"]), await hire(store, "bob")
    boss = await hire(store, "boss", Role.SUPERVISOR)
    async with store.transaction() as uow:
        mine = await views.save_view(uow, ann, "Lamps", "lamp status:open")
        shared = await views.save_view(uow, boss, "VIP", "tag:vip", shared=True)
        with pytest.raises(Forbidden):
            await views.save_view(uow, ann, "x", "lamp", shared=True)
        with pytest.raises(InvalidInput):
            await views.save_view(uow, ann, "x", "nonsense:1")
        names = [view.name for view in await views.list_views(uow, ann)]
        assert names == [*(view.name for view in views.BUILT_IN), "VIP", "Lamps"]
        assert "Lamps" not in [view.name for view in await views.list_views(uow, bob)]
        with pytest.raises(NotFound):
            await views.delete_view(uow, bob, mine.key)
        with pytest.raises(Forbidden):
            await views.delete_view(uow, ann, shared.key)
        await views.delete_view(uow, ann, mine.key)
        with pytest.raises(NotFound):
            await views.find_view(uow, ann, mine.key)


async def test_a_draft_is_ones_own_and_goes_when_it_is_empty(store):
    number, ann, bob = await ticket(store), await hire(store), await hire(store, "bob")
    async with store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        await drafts.save_draft(uow, ann, found.id, "reply", "Dear")
        await drafts.save_draft(uow, ann, found.id, "note", "Dear C")
        kept = await drafts.load_draft(uow, ann, found.id)
        assert (kept.text, kept.mode) == ("Dear C", "note")
        assert await drafts.load_draft(uow, bob, found.id) is None
        await drafts.save_draft(uow, ann, found.id, "note", " ")
        assert await drafts.load_draft(uow, ann, found.id) is None
        with pytest.raises(TooLarge):
            await drafts.save_draft(uow, ann, found.id, "note", "x" * 200_001)


async def test_mailboxes_of_the_file_are_read_only_and_none_is_doubled(store):
    async with store.transaction() as uow:
        await seed_defaults(uow, SETTINGS)
        box = {"name": "Help", "queue": "service"}
        made = await mailboxes.create_mailbox(uow, MACHINE, SETTINGS, address="Help@Desk.example", **box)
        listed = await mailboxes.list_mailboxes(uow, SETTINGS)
        assert [(one.address, one.queue, one.read_only) for one in listed] == [
            ("shop@desk.example", "shop", True),
            ("help@desk.example", "service", False),
        ]
        for taken in ("help@desk.example", "SHOP@desk.example"):
            with pytest.raises(Conflict):
                await mailboxes.create_mailbox(uow, MACHINE, SETTINGS, address=taken, **box)
        for wrong in ("help", "a+b@desk.example", "a@b\r\nc"):
            with pytest.raises(InvalidInput):
                await mailboxes.create_mailbox(uow, MACHINE, SETTINGS, address=wrong, **box)
        await mailboxes.delete_mailbox(uow, MACHINE, made.id)
        with pytest.raises(NotFound):
            await mailboxes.delete_mailbox(uow, MACHINE, made.id)


async def test_a_ticket_tells_what_happened_to_it_and_the_customer_what_he_has_open(store):
    ann, number = await hire(store, queues=["service", "claims"]), await ticket(store)
    settled = await ticket(store, status="resolved", answered_by="machine")
    async with store.transaction() as uow:
        found = await access_ticket(uow, ann, number)
        await desk.assign(uow, ann, found, ann.agent_id)
        await desk.move(uow, ann, found, (await queues.get_queue(uow, "claims")).id)
        with counted(store) as statements:
            lines = await list_events(uow, found)
        assert len(statements) == 3
        assert [(line.event.kind, line.agent) for line in lines] == [
            ("opened", ""),
            ("assigned", "ann"),
            ("moved", "ann"),
        ]
        assert sorted(lines[2].names.values()) == ["Claims", "Service"]
        work = await customer_work(uow, ann, found.customer_id)
        assert [[row.number for row in rows] for rows in (work.open, work.settled)] == [[number], [settled]]
