"""What strangers may try on the public help pages: markup, foreign sites, hidden articles, questions of no sense."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event, Semaphore

import pytest

from contactcenter import clock
from contactcenter.agent_ui import visit
from contactcenter.knowledge import articles, readings, understanding
from contactcenter.knowledge.meaning import Comparer
from contactcenter.knowledge.readings import Reading
from contactcenter.knowledge.understanding import Understanding
from tests.unit.knowledge.concepts import Concepts

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
SECRET = "Sesame-Opens-9931"
NOTHING = "01900000-0000-7000-8000-000000000000"
DAY = timedelta(days=1)


async def write(house, **changes):
    entry = {"title": "Lamp", "text": "Use a cloth.", "language": "en", "status": "published", **changes}
    async with house.store.transaction() as uow:
        return await articles.create_article(uow, **entry)


def hidden():
    today = clock.now().date()
    return {
        "draft": {"status": "draft"},
        "verified": {"audience": "verified"},
        "expired": {"valid_until": today - DAY},
        "future": {"valid_from": today + DAY},
    }


async def test_no_question_becomes_markup(house):
    await write(house, text=f"lamp {EVIL}", title=f"lamp {EVIL}")
    eve = await house.stranger()
    for q in (EVIL, f'lamp"{EVIL}', f"lamp {EVIL}", "lamp script alert"):
        answer = await eve.get("/help/en/search", params={"q": q})
        assert answer.status == 200
        assert "<script>alert" not in answer.page
        assert "<img src=x" not in answer.page
    assert "&lt;<mark>script</mark>&gt;" in answer.page


async def test_no_article_becomes_markup(house):
    links = "[a](javascript:alert(1)) [b](data:text/html,x) ![c](https://evil.example/x.png)"
    text = f"{EVIL}\n\n{links}\n\n<iframe src=x></iframe> {{{{7*7}}}}"
    one = await write(house, title=EVIL, text=text, category=EVIL)
    eve = await house.stranger()
    place = (await eve.get(f"/help/en/articles/{one.id}")).headers["Location"]
    for path in ("/help/en/", place, f"{place}?said={EVIL}"):
        answer = await eve.get(path)
        assert answer.status == 200
        for bad in ("<script", "<img src=x", "<iframe", '="javascript:', '="data:', '="https://evil', ">49<"):
            assert bad not in answer.page, (path, bad)
    assert "{{7*7}}" in (await eve.get(place)).page


@pytest.mark.parametrize("kind", ["draft", "verified", "expired", "future"])
async def test_a_hidden_article_is_answered_like_one_that_does_not_exist(house, kind):
    shown = await write(house, key="topic", language="zh", title="台灯", text="请用布")
    one = await write(house, key="topic", title=SECRET, text=SECRET, questions=[SECRET], **hidden()[kind])
    eve = await house.stranger()
    for way in ("/help/en/articles/{}", "/help/zh/articles/{}", f"/help/en/articles/{{}}-{SECRET.lower()}"):
        there, nowhere = await eve.get(way.format(one.id)), await eve.get(way.format(NOTHING))
        assert (there.status, there.page) == (nowhere.status, nowhere.page) == (404, nowhere.page)
        assert {name: there.headers[name] for name in there.headers if name != "Date"} == {
            name: nowhere.headers[name] for name in nowhere.headers if name != "Date"
        }
    said = await eve.post(f"/help/en/articles/{one.id}/opinion", {"answered": "yes", "seal": "x"})
    assert said.status == 404
    place = (await eve.get(f"/help/zh/articles/{shown.id}")).headers["Location"]
    for path in ("/help/en/", "/help/zh/", place, "/help/en/search?q=Opens", "/help/zh/search?q=" + SECRET):
        page = (await eve.get(path)).page
        assert one.id not in page, path
        assert "Sesame-Opens" not in page.replace(SECRET, "" if "q=Sesame" in path else SECRET), path


async def test_an_opinion_from_another_site_is_refused_and_not_counted(house):
    one = await write(house)
    eve = await house.stranger()
    page = (await eve.get((await eve.get(f"/help/en/articles/{one.id}")).headers["Location"])).page
    fields = {"answered": "no", "seal": re.search(r'name="seal" value="([^"]+)"', page)[1]}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = await eve.post(f"/help/en/articles/{one.id}/opinion", fields, headers=headers)
        assert answer.status == 403
        assert "Help centre" in answer.page
    async with house.store.read() as uow:
        assert (await readings.of_articles(uow, [one.id]))[one.id] == Reading(1, 0, 0)


async def test_a_seal_is_good_for_no_other_article(house):
    one, other = await write(house), await write(house, title="Desk")
    eve = await house.stranger()
    page = (await eve.get((await eve.get(f"/help/en/articles/{one.id}")).headers["Location"])).page
    fields = {"answered": "no", "seal": re.search(r'name="seal" value="([^"]+)"', page)[1]}
    await eve.post(f"/help/en/articles/{other.id}/opinion", fields)
    async with house.store.read() as uow:
        assert await readings.of_articles(uow, [other.id]) == {}


@pytest.mark.parametrize(
    "path",
    [
        "/help/en/articles/{id}-//evil.example", "/help/en/articles/{id}-..%2f..%2fevil", "/help//evil.example",
        "/help/%2f%2fevil.example/", "/help/en/articles/{id}?next=//evil.example", "/help/?lang=//evil.example",
        "/help/?lang=en%0d%0aX:%20y", "/help/en/articles/{id}-%0d%0aX:%20y", "/help/..%5cevil.example/",
    ],
)  # fmt: skip
async def test_no_address_leads_elsewhere(house, path):
    one = await write(house, title="//evil.example\r\nX: y")
    answer = await (await house.stranger()).get(path.format(id=one.id))
    own = {f"/help/en/articles/{one.id}-evil-example-x-y", "/help/en/", "/help/zh/"}
    assert answer.headers.get("Location", "/help/en/") in own
    assert answer.status in {303, 308, 404}
    assert "X" not in answer.headers


@pytest.mark.parametrize(
    "q",
    [
        "x" * 7_000, "lamp " * 1_200, "\x00\x01\x1b", "lamp\x00", "%", "_", "%%%", "'; DROP TABLE article; --", "\\",
        "*:*", "lamp & ! | <->", "((((", "\u202elamp", "\U0001f4a1", "灯" * 800, "{{ 7*7 }}", "lamp:*",
    ],
)  # fmt: skip
async def test_a_question_of_no_sense_gets_a_page(house, q):
    await write(house, text=SECRET)
    answer = await (await house.stranger()).get("/help/en/search", params={"q": q})
    assert answer.status in {200, 303}
    assert SECRET not in answer.page or "lamp" in q
    assert len(answer.page) < 20_000


async def test_halves_of_characters_get_a_page(house):
    eve = await house.stranger()
    for path in ("en/search?q=%ED%A0%80", "en/search?q=%FF%FE%C3", "%ED%A0%80/", "en/articles/%FF"):
        answer = await eve.get(f"/help/{path}")
        assert answer.status in {200, 303, 404}, path
    request = b"GET /help/en/search?q=lamp\xed\xa0\x80\xff HTTP/1.1\r\nHost: desk.example\r\nConnection: close\r\n\r\n"
    assert b" 500 " not in (await _raw(house, request))[:20]


async def _raw(house, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(request)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(4096), 20)
    finally:
        writer.close()


async def test_strangers_in_a_hurry_do_not_take_the_encoder_from_the_agents(house):
    await write(house, title="Reset your password", text="Open the page.", key="password")
    inside, may_go = Semaphore(0), Event()

    def slow(name, *given):
        if name == "nearness":
            inside.release()
            may_go.wait(30)
        return getattr(comparer, name)(*given)

    comparer = Comparer(Concepts)
    sense = Understanding(lambda: ThreadPoolExecutor(visit.BY_MEANING), slow, patience=60)
    understanding.attach(house.store, sense)
    eve = await house.stranger()
    search = {"q": "密码忘了"}
    waiting = [asyncio.create_task(eve.get("/help/zh/search", params=search)) for _ in range(visit.BY_MEANING)]
    for _ in waiting:
        assert await asyncio.to_thread(inside.acquire, timeout=30)
    async with asyncio.timeout(20):  # who had to wait for the encoder would wait for longer
        further = [(await eve.get("/help/zh/search", params=search)).page for _ in range(20)]
    may_go.set()
    pages = [(await task).page for task in waiting]
    sense.close()
    assert ["Reset your" in page for page in pages] == [True] * visit.BY_MEANING
    assert ["Reset your" in page for page in further] == [False] * 20
