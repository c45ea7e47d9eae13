"""How much the public help pages are read, and whether they answer: counters by day (UTC), and nothing of anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col

from contactcenter import clock
from contactcenter.knowledge.records import Article, ArticleReading, HelpSearch
from contactcenter.store.schema import table_of
from contactcenter.store.unit_of_work import UnitOfWork

DAYS = 30
"""Days that the console sums up, today among them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How often an article, or all of them, were read, and how often people said that it answered their question."""

    views: int = 0
    yes: int = 0
    no: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """All articles together, and the searches."""

    readings: Reading
    searches: int
    without_result: int


@dataclass(frozen=True, slots=True)
class ArticleDay:
    """An article on a day."""

    day: date
    article_id: str
    language: str
    title: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class SearchDay:
    """The searches in a language on a day."""

    day: date
    language: str
    searches: int
    without_result: int


async def count_view(uow: UnitOfWork, article_id: str) -> None:
    """Somebody read an article that is there."""
    await _add(uow, ArticleReading, {"article_id": article_id}, views=1)


async def count_opinion(uow: UnitOfWork, article_id: str, *, answered: bool) -> None:
    """Somebody said whether an article that is there answered his question."""
    await _add(uow, ArticleReading, {"article_id": article_id}, said_yes=int(answered), said_no=int(not answered))


async def count_search(uow: UnitOfWork, language: str, *, found: bool) -> None:
    """Somebody searched."""
    await _add(uow, HelpSearch, {"language": language}, searches=1, without_result=int(not found))


async def summary(uow: UnitOfWork, days: int = DAYS) -> Summary:
    """The last days together. One statement."""
    since = first_day(days)
    views, yes, no = (
        select(func.coalesce(func.sum(col(column)), 0)).where(col(ArticleReading.day) >= since).scalar_subquery()
        for column in (ArticleReading.views, ArticleReading.said_yes, ArticleReading.said_no)
    )
    searches, without = (
        select(func.coalesce(func.sum(col(column)), 0)).where(col(HelpSearch.day) >= since).scalar_subquery()
        for column in (HelpSearch.searches, HelpSearch.without_result)
    )
    row = (await uow.session.execute(select(views, yes, no, searches, without))).one()
    return Summary(Reading(row[0], row[1], row[2]), row[3], row[4])


async def of_articles(uow: UnitOfWork, ids: Sequence[str], days: int = DAYS) -> dict[str, Reading]:
    """The last days of these articles, by id; one that nobody read is left out. One statement."""
    sums = [func.sum(col(column)) for column in (ArticleReading.views, ArticleReading.said_yes, ArticleReading.said_no)]
    query = (
        select(col(ArticleReading.article_id), *sums)
        .where(col(ArticleReading.article_id).in_(ids), col(ArticleReading.day) >= first_day(days))
        .group_by(col(ArticleReading.article_id))
    )
    return {row[0]: Reading(row[1], row[2], row[3]) for row in await uow.session.execute(query)}


async def article_days(uow: UnitOfWork, days: int) -> list[ArticleDay]:
    """Each article on each of the last days on which it was read, the newest day first."""
    query = (
        select(ArticleReading, col(Article.language), col(Article.title))
        .join(Article, col(Article.id) == col(ArticleReading.article_id))
        .where(col(ArticleReading.day) >= first_day(days))
        .order_by(col(ArticleReading.day).desc(), col(ArticleReading.views).desc(), col(ArticleReading.article_id))
    )
    return [
        ArticleDay(one.day, one.article_id, language, title, Reading(one.views, one.said_yes, one.said_no))
        for one, language, title in await uow.session.execute(query)
    ]


async def search_days(uow: UnitOfWork, days: int) -> list[SearchDay]:
    """The searches of each of the last days, the newest first."""
    query = select(HelpSearch).where(col(HelpSearch.day) >= first_day(days))
    by_day = query.order_by(col(HelpSearch.day).desc(), col(HelpSearch.language))
    found = await uow.session.scalars(by_day)
    return [SearchDay(one.day, one.language, one.searches, one.without_result) for one in found]


def first_day(days: int) -> date:
    """The first of that many days (UTC), of which today is the last."""
    return clock.now().date() - timedelta(days=days - 1)


async def _add(uow: UnitOfWork, record: type[SQLModel], key: dict[str, str], **counts: int) -> None:
    """Add to today's counters; one statement, so that no two readers lose each other's."""
    table = table_of(record)
    await uow.session.execute(
        insert(table)
        .values(day=clock.now().date(), **key, **counts)
        .on_conflict_do_update(
            index_elements=["day", *key],
            set_={name: table.c[name] + count for name, count in counts.items()},
        )
    )
