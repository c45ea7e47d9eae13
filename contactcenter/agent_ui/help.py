"""The public help pages: what is published for everybody, to be read and searched without signing in.

They know nobody: no cookie is read or set, and what is counted are numbers a day. They work without JavaScript. Every
article has one address, in its own language; whatever may not be shown answers exactly like what does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from contactcenter import clock
from contactcenter.agent_ui.help_opinions import is_sealed, sealed
from contactcenter.agent_ui.session import peer_of
from contactcenter.agent_ui.visit import Door, Doors, Handler, Visit, retry_headers
from contactcenter.agent_ui.words import ERROR
from contactcenter.errors import ContactCenterError, NotFound
from contactcenter.i18n import LOCALES, negotiate
from contactcenter.knowledge import answers, public, readings, retrieval
from contactcenter.knowledge.public import Heading, PublicArticle
from contactcenter.knowledge.records import Article
from contactcenter.knowledge.snippets import Pieces, looked_for, marked, snippet
from contactcenter.store.unit_of_work import UnitOfWork
from contactcenter.tickets.mailboxes import MailboxRow, list_mailboxes
from contactcenter.tickets.queues import list_categories
from contactcenter.tickets.records import Category

FOUND = 20
"""Articles a search shows, best first."""
MAX_QUERY = 200
"""Characters of a question; what is longer is cut."""
_DESCRIPTION = 160  # characters of an article that search engines show
_SLUG = 60  # characters of a title in an address
_ID = 36
_PURPOSE = "help-opinion"
_ROBOT = re.compile(r"bot|crawl|spider", re.IGNORECASE)
_NO_WORD = re.compile(r"[\W_]+")
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The articles of a category; those of none that is known stand on a shelf without."""

    category: Category | None
    articles: list[Heading]


@dataclass(frozen=True, slots=True)
class Result:
    """An article that was found, in pieces, the words looked for marked."""

    href: str
    language: str
    title: Pieces
    text: Pieces


def doors() -> Doors:
    """Start, search, articles, what readers say of them; any other address below says that there is nothing."""
    return (
        _open("GET", "/help", front),
        _open("GET", "/help/", front),
        _open("GET", "/help/{language}", home),
        _open("GET", "/help/{language}/", home),
        _open("GET", "/help/{language}/search", search),
        _open("GET", "/help/{language}/articles/{name}", article),
        _open("POST", "/help/{language}/articles/{id}/opinion", opinion),
        _open("GET", "/help/{rest:.*}", nothing),
    )


async def front(visit: Visit) -> web.StreamResponse:
    """On to the start page in the visitor's language, or the one that ``lang`` names."""
    asked = visit.query.get("lang", "")
    response = visit.go(f"/help/{asked if asked in LOCALES else visit.locale}/")
    response.headers["Vary"] = "Accept-Language"
    return response


async def home(visit: Visit) -> web.StreamResponse:
    """The start page: the search field, and what there is by category."""
    path = f"/help/{visit.locale}/"
    if visit.request.path != path:
        return _moved(path)
    async with visit.store.read() as uow:
        listed = await public.listed(uow, visit.locale)
        categories = await list_categories(uow)
        ways = await _ways(visit, uow)
    others = {language: f"/help/{language}/" for language in LOCALES}
    response = _page(visit, "help/home.html", others, shelves=_shelves(listed, categories), ways=ways, indexed=True)
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


async def search(visit: Visit) -> web.StreamResponse:
    """What fits a question best; the ways to reach people where nothing does."""
    q = clean(visit.request.query.get("q", ""))
    if not q:
        return visit.go(f"/help/{visit.locale}/")
    async with visit.store.transaction() as uow:
        hits = await _hits(visit, uow, q)
        ways = await _ways(visit, uow)
        if _counts(visit):
            await readings.count_search(uow, visit.locale, found=bool(hits))
    words = looked_for(q)
    others = {language: f"/help/{language}/search?{urlencode({'q': q})}" for language in LOCALES}
    results = [_result(hit, words) for hit in hits]
    response = _page(visit, "help/search.html", others, q=q, results=results, ways=ways)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


async def article(visit: Visit) -> web.StreamResponse:
    """One article, and the question whether it answered the reader's; ``said`` is what he answered a moment ago."""
    said = visit.query.get("said", "")
    said = said if said in {"yes", "no"} else ""
    async with visit.store.transaction() as uow:
        found = await public.read(uow, visit.path["name"][:_ID])
        place = address(found.article)
        if visit.request.path != place:
            return _moved(_quoted(place))
        categories = {category.key: category for category in await list_categories(uow)}
        ways = await _ways(visit, uow) if said == "no" else None
        if _counts(visit) and not said:
            await readings.count_view(uow, found.article.id)
    plain, html = answers.render(found.article.text, "", found.article.language)
    return _page(
        visit,
        "help/article.html",
        _places(found),
        article=found.article,
        html=html,
        description=description_of(plain),
        category=categories.get(found.article.category),
        twins=found.twins,
        said=said,
        seal="" if said else sealed(_key(visit), found.article.id, clock.now().timestamp()),
        ways=ways,
        indexed=True,
    )


async def opinion(visit: Visit) -> web.StreamResponse:
    """Count a yes or a no, once a view; who sends it twice or too late is thanked all the same."""
    said = "yes" if visit.text("answered") == "yes" else "no"
    now = clock.now().timestamp()
    peer = peer_of(visit.request, visit.room.settings.http.trusted_proxies)
    seal = visit.text("seal")
    async with visit.store.transaction() as uow:
        found = (await public.read(uow, visit.path["id"])).article
        good = is_sealed(_key(visit), found.id, seal, now) and visit.text("answered") in {"yes", "no"}
        if good and visit.room.opinions.take(seal, peer, now):
            await readings.count_opinion(uow, found.id, answered=said == "yes")
    return visit.go(f"{_quoted(address(found))}?said={said}#opinion")


async def nothing(_visit: Visit) -> web.StreamResponse:
    """Any other address."""
    raise NotFound("there is no such page")


def clean(q: str) -> str:
    """A question as it is looked for: no control characters, no halves of characters, not too long."""
    return _CONTROL.sub(" ", q[: 4 * MAX_QUERY]).strip()[:MAX_QUERY].strip()


def slug(title: str) -> str:
    """A title as a part of an address: its letters and digits, of any script, joined by hyphens; may be empty."""
    return _NO_WORD.sub("-", title.lower()).strip("-")[:_SLUG].rstrip("-")


def address(one: Heading | Article) -> str:
    """The one address of an article, not quoted; the title in it is decoration."""
    decoration = slug(one.title)
    return f"/help/{one.language}/articles/{one.id}" + (f"-{decoration}" if decoration else "")


def description_of(plain: str) -> str:
    """The beginning of a plain text, for search engines."""
    text = " ".join(plain.split())
    return text if len(text) <= _DESCRIPTION else f"{text[: _DESCRIPTION - 1].rstrip()}…"


def _open(method: str, path: str, handler: Handler) -> Door:
    """A door for everybody, whose pages speak the language that the address names."""

    async def spoken(visit: Visit) -> web.StreamResponse:
        if visit.path.get("language", LOCALES[0]) not in LOCALES:
            raise NotFound("there is no such page")
        return await handler(_spoken(visit))

    return Door(method, path, spoken, public=True, anonymous=True, fault=_fault)


def _spoken(visit: Visit) -> Visit:
    """The visit in the language of its address; where that names none, in the one the browser asks for."""
    named = visit.request.path.split("/")[2:3]
    asked = negotiate(visit.request.headers.get("Accept-Language", ""))
    return replace(visit, locale=named[0] if named and named[0] in LOCALES else asked, theme="auto")


def _fault(visit: Visit, error: ContactCenterError) -> web.Response:
    """What is wrong, in the look of these pages."""
    here = _spoken(visit)
    others = {language: f"/help/{language}/" for language in LOCALES}
    title = "" if error.status == 404 else here.gettext(ERROR.get(error.status, error.title))
    response = _page(here, "help/problem.html", others, status=error.status, problem=title)
    response.headers.update(retry_headers(error) | {"X-Robots-Tag": "noindex"})
    return response


def _page(
    visit: Visit,
    template: str,
    others: Mapping[str, str],
    *,
    status: int = 200,
    indexed: bool = False,
    **values: Any,
) -> web.Response:
    """A page. ``others`` are its addresses by language; search engines are told of them where ``indexed``."""
    base = visit.room.settings.http.public_url if indexed else ""
    alternate = {language: base + href for language, href in others.items()} if base else {}
    shown = {
        "others": others,
        "alternate": alternate,
        "indexed": indexed,
        "q": "",
        "home": f"/help/{visit.locale}/",
        **values,
    }
    return visit.page(template, status, languages=LOCALES, address=lambda one: _quoted(address(one)), **shown)


def _moved(location: str) -> web.Response:
    return web.Response(status=308, headers={"Location": location})


def _quoted(path: str) -> str:
    return quote(path, safe="/-")


def _places(found: PublicArticle) -> dict[str, str]:
    """The article's address in each language: its twin's, where it has one; itself comes first."""
    everywhere: list[Heading | Article] = [found.article, *found.twins]
    return {one.language: _quoted(address(one)) for one in everywhere}


def _shelves(listed: Iterable[Heading], categories: list[Category]) -> list[Shelf]:
    """The articles by category, in the categories' order; those of no known category last."""
    by_key: dict[str, list[Heading]] = {category.key: [] for category in categories}
    others: list[Heading] = []
    for one in listed:
        by_key.get(one.category, others).append(one)
    shelves = [Shelf(category, by_key[category.key]) for category in categories if by_key[category.key]]
    return [*shelves, Shelf(None, others)] if others else shelves


async def _hits(visit: Visit, uow: UnitOfWork, q: str) -> list[retrieval.Hit]:
    """What fits a question; by words alone while others wait, so that strangers in a hurry keep no agent waiting."""
    gate = visit.room.by_meaning
    wanted: dict[str, Any] = {"language": visit.locale, "audience": ("public",), "limit": FOUND, "others": True}
    if gate.locked():
        hits = await retrieval.search(uow, q, **wanted, by_meaning=False)
    else:
        async with gate:
            hits = await retrieval.search(uow, q, **wanted)
    return [hit for hit in hits if hit.is_worth_a_glance]


def _result(hit: retrieval.Hit, words: re.Pattern[str] | None) -> Result:
    found = hit.article
    plain, _ = answers.render(found.text, "", found.language)
    return Result(_quoted(address(found)), found.language, marked(found.title, words), snippet(plain, words))


@dataclass(frozen=True, slots=True)
class Ways:
    """How to reach people: our mailboxes, and our numbers for text messages (E.164)."""

    mailboxes: list[MailboxRow]
    numbers: list[str]


async def _ways(visit: Visit, uow: UnitOfWork) -> Ways:
    settings = visit.room.settings
    numbers = [entry.number for entry in settings.twilio.numbers] if settings.twilio.enabled else []
    return Ways(await list_mailboxes(uow, settings), numbers)


def _counts(visit: Visit) -> bool:
    """Whether the visitor is a person, as far as one can tell."""
    headers = visit.request.headers
    ahead = "prefetch" in headers.get("Sec-Purpose", "") + headers.get("Purpose", "")
    return visit.request.method == "GET" and not ahead and not _ROBOT.search(headers.get("User-Agent", ""))


def _key(visit: Visit) -> bytes:
    return visit.store.secrets.derive(_PURPOSE)
