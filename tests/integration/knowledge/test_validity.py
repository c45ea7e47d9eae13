"""When, where and by whom an article is let out to customers, and what it said before."""

from datetime import date, timedelta

import pytest

from contactcenter import clock
from contactcenter.errors import InvalidInput
from contactcenter.knowledge import articles
from contactcenter.knowledge.retrieval import search

QUESTION = "How do I clean my lamp?"
DAY = timedelta(days=1)


def today() -> date:
    return clock.now().date()


async def make(store, **changes):
    told = {"title": "Cleaning the lamp", "text": "Use a dry cloth.", "questions": [QUESTION], "language": "en"}
    async with store.transaction() as uow:
        return await articles.create_article(uow, **{**told, "status": "published", **changes})


async def found(store, **asked):
    async with store.read() as uow:
        return [hit.article.id for hit in await search(uow, QUESTION, language="en", **asked)]


@pytest.mark.parametrize(
    ("first", "last", "answers"),
    [(0, 0, True), (None, 0, True), (0, None, True), (1, None, False), (None, -1, False), (-9, 9, True)],
)
async def test_an_article_answers_on_its_days_only_the_first_and_the_last_among_them(store, first, last, answers):
    days = [None if offset is None else today() + offset * DAY for offset in (first, last)]
    made = await make(store, valid_from=days[0], valid_until=days[1])
    assert (await found(store) == [made.id]) is answers


async def test_an_expired_article_is_still_found_by_those_who_tend_it(store):
    made = await make(store, valid_until=today() - DAY)
    assert await found(store, published_only=False) == [made.id]


async def test_an_article_of_a_queue_answers_there_and_in_no_other(store):
    made = await make(store, queue="claims")
    assert await found(store, queue="claims") == await found(store) == [made.id]
    assert await found(store, queue="service") == await found(store, queue="") == []


async def test_a_last_day_before_the_first_is_refused(store):
    with pytest.raises(InvalidInput) as refused:
        await make(store, valid_from=today(), valid_until=today() - DAY)
    assert refused.value.field == "valid_until"


async def test_every_version_is_kept_with_who_wrote_it(store):
    made = await make(store, by="sue")
    async with store.transaction() as uow:
        await articles.update_article(uow, made.id, text="Use water.", by="bob")
        await articles.update_article(uow, made.id, text="Use soap.", by="eve")
    async with store.read() as uow:
        kept = await articles.versions(uow, made.id)
        now = await articles.get_article(uow, made.id)
    assert [(one.version, one.content["text"], one.author_id) for one in kept] == [
        (2, "Use water.", "bob"),
        (1, "Use a dry cloth.", "sue"),
    ]
    assert (now.version, now.author_id) == (3, "eve")


async def test_a_published_article_names_who_approved_it_and_a_draft_nobody(store):
    made = await make(store, status="draft", by="bob")
    assert (made.approved_by, made.approved_at) == ("", None)
    async with store.transaction() as uow:
        approved = await articles.publish(uow, made.id, "sue")
    assert (approved.approved_by, approved.approved_at is None) == ("sue", False)
    async with store.transaction() as uow:
        assert (await articles.withdraw(uow, made.id)).approved_at is None


async def test_validity_and_queue_survive_an_export_and_an_import(store):
    made = await make(store, valid_from=today(), valid_until=today() + DAY, queue="claims")
    entry = articles.as_entry(made) | {"key": "another"}
    async with store.transaction() as uow:
        assert await articles.import_articles(uow, [entry]) == 1
        page = await articles.list_articles(uow)
    other = next(one for one in page.items if one.key == "another")
    assert (other.valid_from, other.valid_until, other.queue) == (made.valid_from, made.valid_until, "claims")


async def test_a_day_that_is_none_is_refused_by_an_import(store):
    entry = {"title": "t", "text": "x", "language": "en", "valid_until": "soon"}
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput, match=r"2026-12-31"):
            await articles.import_articles(uow, [entry])
