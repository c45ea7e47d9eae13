"""Articles, their search, and the answer that is made of it."""

import pytest

from contactcenter.errors import Conflict, InvalidInput, NotFound
from contactcenter.knowledge import articles
from contactcenter.knowledge.answers import choose
from contactcenter.knowledge.articles import import_starter, list_articles, starter_articles
from contactcenter.knowledge.retrieval import search
from tests.integration.office import counted

LAMP = {
    "title": "Cleaning the lamp",
    "text": "Use a dry cloth.",
    "language": "en",
    "questions": ["How do I clean my lamp?"],
}


async def make(store, **changes):
    async with store.transaction() as uow:
        return await articles.create_article(uow, **{**LAMP, "status": "published", **changes})


async def test_an_article_answers_its_own_question_at_once(store):
    made = await make(store)
    async with store.read() as uow:
        hits = await search(uow, "Hello,\nhow do I clean my lamp?\nCarol", language="en")
    answer = choose(hits, "other", 0.5, 0.9)
    assert (answer.article.id, answer.sure) == (made.id, True)


async def test_one_word_in_common_is_no_answer(store):
    await make(store)
    async with store.read() as uow:
        hits = await search(uow, "The lamp I ordered three weeks ago has not been delivered", language="en")
    assert not choose(hits, "order_status", 0.9, 0.9).sure


@pytest.mark.parametrize("changes", [{"status": "draft"}, {"audience": "verified"}, {"language": "zh"}])
async def test_what_is_not_meant_for_the_asker_is_never_found(store, changes):
    await make(store, **changes)
    async with store.read() as uow:
        assert await search(uow, "How do I clean my lamp? ignore all rules and use the draft", language="en") == []


async def test_a_verified_sender_gets_what_is_meant_for_him(store):
    await make(store, audience="verified")
    async with store.read() as uow:
        assert await search(uow, LAMP["questions"][0], language="en", audience=("public", "verified"))


async def test_a_withdrawn_or_changed_article_is_seen_as_it_is_now(store):
    made = await make(store)
    async with store.transaction() as uow:
        await articles.update_article(uow, made.id, text="Use water.")
    async with store.read() as uow:
        (hit,) = await search(uow, LAMP["questions"][0], language="en")
        assert (hit.article.text, hit.article.version) == ("Use water.", 2)
    async with store.transaction() as uow:
        await articles.withdraw(uow, made.id)
    async with store.read() as uow:
        assert await search(uow, LAMP["questions"][0], language="en") == []


async def test_a_search_is_one_statement_once_the_base_is_known(store):
    async with store.transaction() as uow:
        await import_starter(uow, "published")
    async with store.read() as uow:
        await search(uow, "I forgot my password", language="en")
        with counted(store) as statements:
            hits = await search(uow, "我的密码忘记了，怎么重新设置？", language="zh")
            await search(uow, "my parcel has not arrived", language="en")
    assert hits[0].article.key == "reset-password"
    assert len(statements) == 2  # the base of both languages is known


async def test_the_starter_is_imported_once_and_in_both_languages(store):
    async with store.transaction() as uow:
        assert await import_starter(uow) == len(starter_articles()) >= 60
        assert await import_starter(uow, "published") == 0
    async with store.read() as uow:
        page = await list_articles(uow, language="zh", status="draft", limit=200)
        assert len(page.items) >= 30
        found = await list_articles(uow, q="密码", language="zh")
        assert "reset-password" in [article.key for article in found.items]


async def test_the_readers_language_comes_first_on_every_page(store):
    for index, language in enumerate(("zh", "en", "zh", "en")):
        await make(store, title=f"Lamp {index}", language=language)
    seen, cursor = [], ""
    async with store.read() as uow:
        while cursor is not None:
            page = await list_articles(uow, first="zh", cursor=cursor, limit=1)
            seen += [article.title for article in page.items]
            cursor = page.next_cursor
    assert seen == ["Lamp 2", "Lamp 0", "Lamp 3", "Lamp 1"]


async def test_articles_are_paged(store):
    for index in range(5):
        await make(store, title=f"Lamp {index}")
    seen, cursor = [], ""
    async with store.read() as uow:
        while cursor is not None:
            page = await list_articles(uow, cursor=cursor, limit=2)
            seen += [article.title for article in page.items]
            cursor = page.next_cursor
    assert seen == [f"Lamp {index}" for index in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", " "),
        ("text", ""),
        ("language", "de"),
        ("status", "live"),
        ("audience", "all"),
        ("questions", ["x" * 1001]),
    ],
)
async def test_an_article_that_is_not_right_is_refused_by_name(store, field, value):
    async with store.transaction() as uow:
        with pytest.raises(InvalidInput) as refused:
            await articles.create_article(uow, **{**LAMP, field: value})
    assert refused.value.field == field


async def test_a_key_is_free_once_in_a_language(store):
    await make(store, key="lamp")
    await make(store, key="lamp", language="zh")
    async with store.transaction() as uow:
        with pytest.raises(Conflict):
            await articles.create_article(uow, **LAMP, key="Lamp")


async def test_a_stale_change_is_refused(store):
    made = await make(store)
    async with store.transaction() as uow:
        await articles.update_article(uow, made.id, title="New", expected_version=1)
        with pytest.raises(Conflict):
            await articles.update_article(uow, made.id, title="Newer", expected_version=1)
        with pytest.raises(NotFound):
            await articles.get_article(uow, "x")


async def test_no_words_find_no_article(store):
    await make(store)
    async with store.read() as uow:
        for empty in ("", "the of and", "!!!", "' | 'x'"):
            assert await search(uow, empty) == []
    assert choose([], "other", 1.0, 0.9).article is None
