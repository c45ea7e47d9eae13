"""Searching by meaning: across languages, in threads and in a child, and what happens without it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from contactcenter.app.meaning import in_child, meaning_attached
from contactcenter.errors import ModelError
from contactcenter.knowledge import articles, understanding
from contactcenter.knowledge.articles import import_starter, starter_articles
from contactcenter.knowledge.fusion import MIXTURES
from contactcenter.knowledge.meaning import Comparer
from contactcenter.knowledge.mixing import Remembering, contests, first_places
from contactcenter.knowledge.questions import read_questions
from contactcenter.knowledge.records import Article
from contactcenter.knowledge.retrieval import search
from contactcenter.knowledge.understanding import Understanding, fill
from contactcenter.triage.bilingual import CHINESE, bilingual
from contactcenter.triage.places import find_encoder
from tests.integration.office import counted
from tests.unit.knowledge.concepts import Concepts

PASSWORD = {"key": "password", "language": "en", "title": "Reset your password", "text": "Open the page."}
PARCEL = {"key": "parcel", "language": "zh", "title": "包裹在哪里", "text": "在网站上看。"}


def attached(store, encoder, patience=5.0):
    comparer = Comparer(lambda: encoder)
    found = Understanding(lambda: ThreadPoolExecutor(1), lambda name, *given: getattr(comparer, name)(*given), patience)
    understanding.attach(store, found)
    return found


@pytest.fixture
def encoder(store):
    concepts = Concepts()
    found = attached(store, concepts)
    yield concepts
    found.close()


async def write(store, *entries):
    async with store.transaction() as uow:
        await articles.import_articles(uow, [{"status": "published", **entry} for entry in entries])


async def keys(store, text, **wanted):
    async with store.read() as uow:
        return [hit.article.key for hit in await search(uow, text, **wanted)]


async def test_a_question_finds_the_article_in_the_other_language_where_its_own_has_none(store, encoder):
    await write(store, PASSWORD, PARCEL)
    assert (await keys(store, "密码忘了", language="zh", others=True))[0] == "password"
    assert (await keys(store, "where is the parcel", language="en", others=True))[0] == "parcel"
    assert await keys(store, "密码忘了", language="zh") == []


async def test_without_meaning_the_encoder_is_not_asked_and_words_decide(store, encoder):
    await write(store, PASSWORD, PARCEL)
    assert await keys(store, "密码忘了", language="zh", others=True, by_meaning=False) == []
    async with store.read() as uow:
        (hit,) = await search(uow, "reset the password", language="en", by_meaning=False)
    assert (hit.article.key, hit.nearness) == ("password", None)


async def test_an_article_in_the_askers_language_keeps_its_twin_away(store, encoder):
    await write(store, PASSWORD, {**PASSWORD, "language": "zh", "title": "重设密码"})
    async with store.read() as uow:
        (hit,) = await search(uow, "密码忘了", language="zh", others=True)
    assert hit.article.language == "zh"


@pytest.mark.parametrize(
    "changes", [{"status": "draft"}, {"audience": "verified"}, {"valid_until": "2001-01-01"}, {"queue": "elsewhere"}]
)
async def test_meaning_finds_nothing_that_words_may_not(store, encoder, changes):
    await write(store, {**PASSWORD, **changes})
    assert await keys(store, "密码 password", queue="here") == []


async def test_a_search_by_meaning_is_one_statement_once_the_base_is_known(store, encoder):
    await write(store, PASSWORD, PARCEL)
    await keys(store, "password")
    before = encoder.encoded
    with counted(store) as statements:
        assert (await keys(store, "密码"))[0] == "password"
    assert (len(statements), encoder.encoded) == (1, before + 1)


async def test_stored_vectors_spare_the_next_process_the_work(store, encoder):
    await write(store, PASSWORD, PARCEL)
    assert await fill(store) == 0  # nobody has asked for anything yet
    assert await fill(store, wake=True) == 2
    assert await fill(store) == 0
    later = Concepts()
    attached(store, later)
    assert (await keys(store, "密码"))[0] == "password"
    assert later.encoded == 1


async def test_a_changed_article_gets_new_vectors_and_is_found_by_them_at_once(store, encoder):
    await write(store, PASSWORD)
    await fill(store, wake=True)
    async with store.transaction() as uow:
        (hit,) = await search(uow, "password")
        await articles.update_article(uow, hit.article.id, title="Lamp care")
    async with store.read() as uow:
        (hit,) = await search(uow, "灯坏了")
    assert hit.nearness.nearest == pytest.approx(1, abs=0.01)
    assert await fill(store) == 1


@pytest.mark.parametrize("trouble", ["missing", "slow"])
async def test_without_an_encoder_words_have_to_do(store, trouble):
    waiting = threading.Event()

    def load():
        if trouble == "missing":
            raise ModelError("there is none")
        waiting.wait(20)
        return Concepts()

    comparer = Comparer(load)
    found = Understanding(
        lambda: ThreadPoolExecutor(1), lambda name, *given: getattr(comparer, name)(*given), patience=0.05
    )
    understanding.attach(store, found)
    await write(store, PASSWORD, PARCEL)
    async with store.read() as uow:
        (hit,) = await search(uow, "my password")
    assert (hit.article.key, hit.nearness) == ("password", None)
    waiting.set()
    found.close()


async def test_a_child_that_died_is_replaced(store):
    found = in_child(None)
    assert len(await found.encode([("here",)])) == 1
    for process in psutil.Process().children(recursive=True):
        if "spawn_main" in " ".join(process.cmdline()):
            process.kill()
    with pytest.raises(ModelError):
        await found.encode([("gone",)])
    assert len(await found.encode([("here again",)])) == 1
    found.close()


@pytest.fixture(scope="module")
def starter():
    made = []
    for place, entry in enumerate(starter_articles()):
        content = {name: entry[name] for name in ("key", "language", "title", "text", "questions")}
        made.append(Article(id=str(place), **content))
    return made


@pytest.mark.parametrize(("language", "least"), [("en", 0.85), ("zh", 0.85)])
def test_chinese_questions_written_apart_find_their_starter_articles(starter, language, least):
    asked = read_questions(find_encoder(CHINESE) / "questions.jsonl")
    base = [article for article in starter if article.language == language]
    first, _ = first_places(contests(base, asked, Remembering(bilingual())), dict(MIXTURES))
    assert len(asked) >= 150
    assert first >= least


async def test_a_command_searches_by_meaning(store):
    async with store.transaction() as uow:
        await import_starter(uow, "published")
    with meaning_attached(store, None):
        await fill(store, wake=True)
        found = await keys(store, "钱包里的银行卡被人偷走了", language="en", audience=("public", "verified"))
    assert found[0] == "lost-card"
