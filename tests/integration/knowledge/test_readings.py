"""Counters of the help pages: by day, added to in one statement, gone with their article."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, text

from contactcenter import clock
from contactcenter.errors import NotFound
from contactcenter.knowledge import articles, public, readings
from contactcenter.knowledge.readings import Reading, Summary
from contactcenter.knowledge.records import Article
from tests.integration.office import counted

DAY = timedelta(days=1)


async def make(store, **changes):
    told = {"title": "Cleaning the lamp", "text": "Use a dry cloth.", "language": "en", "status": "published"}
    async with store.transaction() as uow:
        return await articles.create_article(uow, **{**told, **changes})


async def count(store, *steps):
    async with store.transaction() as uow:
        for step, values, named in steps:
            await step(uow, *values, **named)


async def test_views_opinions_and_searches_add_up(store):
    lamp, desk = await make(store), await make(store, title="The desk")
    view, said, search = readings.count_view, readings.count_opinion, readings.count_search
    await count(store, *[(view, (lamp.id,), {})] * 3, (view, (desk.id,), {}), (said, (lamp.id,), {"answered": True}))
    await count(store, (said, (lamp.id,), {"answered": False}), (said, (desk.id,), {"answered": False}))
    await count(store, (search, ("en",), {"found": True}), (search, ("en",), {"found": False}))
    await count(store, (search, ("zh",), {"found": False}))
    async with store.read() as uow:
        assert await readings.of_articles(uow, [lamp.id, desk.id]) == {
            lamp.id: Reading(3, 1, 1),
            desk.id: Reading(1, 0, 1),
        }
        assert await readings.summary(uow) == Summary(Reading(4, 1, 2), 3, 2)
        assert [(one.title, one.reading.views) for one in await readings.article_days(uow, 1)] == [
            ("Cleaning the lamp", 3),
            ("The desk", 1),
        ]
        assert [(one.language, one.searches, one.without_result) for one in await readings.search_days(uow, 1)] == [
            ("en", 2, 1),
            ("zh", 1, 1),
        ]


async def test_a_count_is_one_statement_and_none_is_lost_to_another(store):
    lamp = await make(store)
    with counted(store) as statements:
        await count(store, (readings.count_view, (lamp.id,), {}))
    assert len(statements) == 1, statements
    await asyncio.gather(*(count(store, (readings.count_view, (lamp.id,), {})) for _ in range(8)))
    async with store.read() as uow:
        assert (await readings.of_articles(uow, [lamp.id]))[lamp.id].views == 9


async def test_days_before_the_period_are_left_out(store):
    lamp = await make(store)
    today = clock.now().date()
    async with store.transaction() as uow:
        for back in (0, 29, 30):
            row = {"day": today - back * DAY, "id": lamp.id}
            await uow.session.execute(text("INSERT INTO article_reading VALUES (:day, :id, 1, 0, 0)"), row)
            await uow.session.execute(text("INSERT INTO help_search VALUES (:day, 'en', 1, 1)"), row)
    async with store.read() as uow:
        assert await readings.summary(uow) == Summary(Reading(2), 2, 2)
        assert (await readings.of_articles(uow, [lamp.id]))[lamp.id] == Reading(2)
        assert len(await readings.article_days(uow, 31)) == 3


async def test_the_counters_of_an_article_go_with_it(store):
    lamp = await make(store)
    await count(store, (readings.count_view, (lamp.id,), {}))
    async with store.transaction() as uow:
        await uow.session.execute(delete(Article))
    async with store.read() as uow:
        assert await readings.summary(uow) == Summary(Reading(), 0, 0)


async def test_nothing_is_kept_but_days_languages_articles_and_numbers(store):
    wanted = text("SELECT column_name FROM information_schema.columns WHERE table_name = :table ORDER BY 1")
    async with store.read() as uow:
        columns = {
            table: list(await uow.session.scalars(wanted, {"table": table}))
            for table in ("article_reading", "help_search")
        }
    assert columns == {
        "article_reading": ["article_id", "day", "said_no", "said_yes", "views"],
        "help_search": ["day", "language", "searches", "without_result"],
    }


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({}, True),
        ({"valid_from": 0, "valid_until": 0}, True),
        ({"status": "draft"}, False),
        ({"audience": "verified"}, False),
        ({"valid_from": 1}, False),
        ({"valid_until": -1}, False),
    ],
)
async def test_only_what_is_published_for_everybody_and_valid_today_is_public(store, change, shown):
    today = clock.now().date()
    days = {name: today + value * DAY for name, value in change.items() if name.startswith("valid")}
    lamp = await make(store, key="lamp", **{**change, **days})
    twin = await make(store, key="lamp", language="zh", title="台灯")
    async with store.read() as uow:
        assert [one.id for one in await public.listed(uow, "en")] == [lamp.id] * shown
        assert [one.id for one in (await public.read(uow, twin.id)).twins] == [lamp.id] * shown
        if shown:
            assert (await public.read(uow, lamp.id)).article.title == "Cleaning the lamp"
        else:
            with pytest.raises(NotFound):
                await public.read(uow, lamp.id)
