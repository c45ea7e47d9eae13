"""The public help pages: start, search, articles, what readers say, and what the console shows of it."""

import re
from urllib.parse import unquote

import pytest

from contactcenter.knowledge import articles, readings
from contactcenter.knowledge.readings import Reading
from contactcenter.settings import Mailbox, Number, Twilio
from contactcenter.staff.access import Role
from contactcenter.tickets.records import Category
from tests.integration.agent_ui.visitor import PUBLIC_URL, Building
from tests.integration.office import counted

LAMP = {
    "key": "lamp",
    "title": "Cleaning the lamp",
    "text": "Dear {{ customer.name }}, use a **dry** cloth.\n\n[More](https://desk.example/more)",
    "questions": ["How do I clean my lamp?"],
    "language": "en",
    "category": "care",
    "status": "published",
}
LAMP_ZH = {
    **LAMP,
    "title": "清洁台灯",
    "text": "请用**干布**擦拭台灯。",
    "language": "zh",
    "questions": ["怎么擦台灯？"],
}
_SEAL = re.compile(r'name="seal" value="([^"]+)"')


@pytest.fixture
async def desk(store):
    """A console whose company has two mailboxes and a number."""
    boxes = (Mailbox(address="help@desk.example", name="Desk"), Mailbox(address="vip@desk.example"))
    twilio = Twilio(account_sid="AC1", auth_token="x" * 32, numbers=(Number(number="+12025550100"),))
    made = await Building(store, mailboxes=boxes, twilio=twilio).start()
    async with store.transaction() as uow:
        uow.session.add(Category(key="care", name="Care of lamps", name_zh="灯具保养"))
    yield made
    await made.stop()


async def publish(house, *entries):
    async with house.store.transaction() as uow:
        return [await articles.create_article(uow, **entry) for entry in entries]


async def figures(house, one):
    async with house.store.read() as uow:
        return (await readings.of_articles(uow, [one.id])).get(one.id, Reading())


async def searched(house):
    async with house.store.read() as uow:
        found = await readings.summary(uow)
    return found.searches, found.without_result


async def test_the_front_leads_to_the_visitors_language(desk):
    anybody = await desk.stranger()
    for headers, query, language in (
        ({"Accept-Language": "zh-CN,en;q=0.5"}, "", "zh"),
        ({"Accept-Language": "fr"}, "", "en"),
        ({"Accept-Language": "zh-CN"}, "?lang=en", "en"),
        ({}, "?lang=//evil.example", "en"),
    ):
        answer = await anybody.get(f"/help/{query}", headers=headers)
        assert (answer.status, answer.headers["Location"]) == (303, f"/help/{language}/")
        assert answer.headers["Vary"] == "Accept-Language"
    assert (await anybody.get("/help/zh")).headers["Location"] == "/help/zh/"


async def test_the_start_page_lists_public_articles_by_category(desk):
    await publish(desk, LAMP, LAMP_ZH, {**LAMP, "key": "x", "title": "No category", "category": "gone"})
    page = (await (await desk.stranger()).get("/help/en/")).page
    assert page.index("Care of lamps") < page.index("Cleaning the lamp") < page.index("Other topics")
    assert page.index("Other topics") < page.index("No category")
    assert "清洁台灯" not in page
    assert 'type="search" name="q"' in page
    assert "灯具保养" in (await (await desk.stranger()).get("/help/zh/")).page


async def test_an_empty_start_page_says_so_and_how_to_reach_people(desk):
    page = (await (await desk.stranger()).get("/help/zh/")).page
    assert "这里还没有中文文章。" in page
    assert 'href="mailto:help@desk.example"' in page


async def test_an_article_is_shown_with_its_twin_and_a_neutral_word_for_the_customer(desk):
    lamp, twin = await publish(desk, LAMP, LAMP_ZH)
    page = (await (await desk.stranger()).get(f"/help/en/articles/{lamp.id}-cleaning-the-lamp")).page
    assert "<h1>Cleaning the lamp</h1>" in page
    assert "Dear customer, use a <strong>dry</strong> cloth." in page
    assert "Last updated" in page
    links = [unquote(link) for link in re.findall(r'href="([^"]+)"', page)]
    assert f"/help/zh/articles/{twin.id}-清洁台灯" in links
    assert f"{PUBLIC_URL}/help/zh/articles/{twin.id}-清洁台灯" in links
    assert f'<link rel="canonical" href="{PUBLIC_URL}/help/en/articles/{lamp.id}-cleaning-the-lamp">' in page
    assert "noindex" not in page
    assert '<meta name="description" content="Dear customer, use a dry cloth.' in page


@pytest.mark.parametrize("name", ["{id}", "{id}-wrong", "{id}-cleaning-the-lamp/", "{id}cleaning"])
async def test_any_decoration_leads_to_the_one_address(desk, name):
    (lamp,) = await publish(desk, LAMP)
    answer = await (await desk.stranger()).get(f"/help/en/articles/{name.format(id=lamp.id)}")
    if name.endswith("/"):
        assert answer.status == 404
    else:
        assert answer.status == 308
        assert answer.headers["Location"] == f"/help/en/articles/{lamp.id}-cleaning-the-lamp"


async def test_an_article_asked_for_in_another_language_is_shown_in_its_own(desk):
    (twin,) = await publish(desk, LAMP_ZH)
    anybody = await desk.stranger()
    answer = await anybody.get(f"/help/en/articles/{twin.id}")
    place = answer.headers["Location"]
    assert unquote(place) == f"/help/zh/articles/{twin.id}-清洁台灯"
    assert (await anybody.get(place)).status == 200


async def test_a_view_is_counted_and_an_opinion_once(desk):
    (lamp,) = await publish(desk, LAMP)
    anybody = await desk.stranger()
    place = f"/help/en/articles/{lamp.id}-cleaning-the-lamp"
    seal = _SEAL.search((await anybody.get(place)).page)[1]
    for answered in ("yes", "yes", "no"):
        answer = await anybody.post(f"/help/en/articles/{lamp.id}/opinion", {"seal": seal, "answered": answered})
        assert answer.status == 303
        assert answer.headers["Location"] == f"{place}?said={answered}#opinion"
    assert await figures(desk, lamp) == Reading(1, 1, 0)
    thanks = (await anybody.get(f"{place}?said=yes")).page
    assert "We are glad that it helped" in thanks
    assert "mailto:" not in thanks
    assert not _SEAL.search(thanks)
    assert await figures(desk, lamp) == Reading(1, 1, 0)


async def test_after_a_no_the_ways_to_reach_people_are_shown(desk):
    (lamp,) = await publish(desk, LAMP)
    anybody = await desk.stranger()
    place = f"/help/en/articles/{lamp.id}-cleaning-the-lamp"
    seal = _SEAL.search((await anybody.get(place)).page)[1]
    await anybody.post(f"/help/en/articles/{lamp.id}/opinion", {"seal": seal, "answered": "no"})
    page = (await anybody.get(f"{place}?said=no")).page
    for way in ("mailto:help@desk.example", "mailto:vip@desk.example", "sms:+12025550100"):
        assert f'href="{way}"' in page
    assert await figures(desk, lamp) == Reading(1, 0, 1)


@pytest.mark.parametrize("fields", [{}, {"seal": "x"}, {"seal": "kept", "answered": "perhaps"}])
async def test_an_opinion_without_a_seal_or_without_sense_is_not_counted(desk, fields):
    (lamp,) = await publish(desk, LAMP)
    anybody = await desk.stranger()
    seal = _SEAL.search((await anybody.get(f"/help/en/articles/{lamp.id}-cleaning-the-lamp")).page)[1]
    sent = {"answered": "yes", **fields} | ({"seal": seal} if fields.get("seal") == "kept" else {})
    assert (await anybody.post(f"/help/en/articles/{lamp.id}/opinion", sent)).status == 303
    assert await figures(desk, lamp) == Reading(1, 0, 0)


async def test_robots_and_those_who_only_look_ahead_are_not_counted(desk):
    (lamp,) = await publish(desk, LAMP)
    anybody = await desk.stranger()
    place = f"/help/en/articles/{lamp.id}-cleaning-the-lamp"
    for headers in ({"User-Agent": "Googlebot/2.1"}, {"User-Agent": "a Spider"}, {"Sec-Purpose": "prefetch"}):
        assert (await anybody.get(place, headers=headers)).status == 200
        assert (await anybody.get("/help/en/search?q=lamp", headers=headers)).status == 200
    assert (await anybody.client.head(place)).status == 200
    assert await figures(desk, lamp) == Reading()
    assert await searched(desk) == (0, 0)


async def test_a_search_shows_the_best_with_its_words_marked_and_is_counted(desk):
    await publish(desk, LAMP, {**LAMP, "key": "tea", "title": "Tea", "text": "Boil water.", "questions": ["Tea?"]})
    answer = await (await desk.stranger()).get("/help/en/search?q=clean+my+lamp")
    assert "<mark>Clean</mark>ing the <mark>lamp</mark>" in answer.page
    assert "Boil water" not in answer.page
    assert 'value="clean my lamp"' in answer.page
    assert '<meta name="robots" content="noindex">' in answer.page
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert await searched(desk) == (1, 0)


async def test_what_is_not_found_says_so_and_how_to_reach_people(desk):
    await publish(desk, LAMP)
    page = (await (await desk.stranger()).get("/help/en/search?q=xylophone")).page
    assert "We found nothing for “xylophone”" in page
    assert 'href="mailto:help@desk.example"' in page
    assert await searched(desk) == (1, 1)
    assert (await (await desk.stranger()).get("/help/en/search?q=++")).headers["Location"] == "/help/en/"
    assert await searched(desk) == (1, 1)


async def test_an_article_of_another_language_stands_in_and_says_which(desk):
    await publish(desk, {**LAMP_ZH, "text": "台灯 WX-2000 用干布擦。"})
    page = (await (await desk.stranger()).get("/help/en/search?q=WX-2000")).page
    assert "清洁台灯" in page
    assert "in Chinese" in page
    await publish(desk, LAMP)
    assert "清洁台灯" not in (await (await desk.stranger()).get("/help/en/search?q=WX-2000")).page


async def test_the_number_of_articles_does_not_change_the_number_of_statements(desk):
    anybody = await desk.stranger()
    (lamp,) = await publish(desk, LAMP)
    place = f"/help/en/articles/{lamp.id}-cleaning-the-lamp"
    paths = ("/help/en/", place, "/help/en/search?q=lamp")
    few = []
    for path in paths:
        await anybody.get(path)
        with counted(desk.store) as statements:
            assert (await anybody.get(path)).status == 200
        few.append(len(statements))
    await publish(desk, LAMP_ZH, *({**LAMP, "key": f"k{n}", "category": f"c{n % 5}"} for n in range(30)))
    for path, before in zip(paths, few, strict=True):
        await anybody.get(path)
        with counted(desk.store) as statements:
            assert (await anybody.get(path)).status == 200
        assert len(statements) == before <= 4, statements


async def test_the_pages_know_nobody_and_are_as_strict_as_the_console(desk):
    (lamp,) = await publish(desk, LAMP)
    ann = await desk.person("ann")
    await ann.post("/preferences", {"language": "zh"})
    place = f"/help/en/articles/{lamp.id}-cleaning-the-lamp"
    for path, kept in (("/help/en/", "public, max-age=60"), (place, "no-store"), ("/help/en/search?q=x", "no-store")):
        signed_in, stranger = await ann.get(path), await (await desk.stranger()).get(path)
        assert _SEAL.sub("", signed_in.page) == _SEAL.sub("", stranger.page)
        assert "Set-Cookie" not in signed_in.headers
        assert "ann@" not in signed_in.page
        assert "<script" not in signed_in.page
        assert "frame-ancestors 'none'" in signed_in.headers["Content-Security-Policy"]
        assert signed_in.headers["X-Content-Type-Options"] == "nosniff"
        assert signed_in.headers["Cache-Control"] == kept


async def test_the_console_shows_what_the_pages_achieve(desk):
    lamp, _ = await publish(desk, LAMP, {**LAMP, "key": "other", "title": "Unread"})
    sue = await desk.person("sue", Role.SUPERVISOR)
    assert "Nobody has read them" in (await sue.get("/knowledge")).page
    async with desk.store.transaction() as uow:
        for answered in (True, True, False):
            await readings.count_view(uow, lamp.id)
            await readings.count_opinion(uow, lamp.id, answered=answered)
        await readings.count_search(uow, "en", found=False)
    page = (await sue.get("/knowledge")).page
    told = "3 readings of the help pages; 2 said that it answered their question, 1 that it did not. 1 of 1 searches"
    assert told in page
    assert "2 yes, 1 no" in page
    assert 'href="/help/en/"' in page
