"""How the public help pages are read, by API."""

from contactcenter import clock
from contactcenter.knowledge import readings

ARTICLE = {"title": "Opening hours", "text": "9 to 5.", "language": "en", "status": "published"}


async def test_the_report_has_the_counters_by_day_and_article(world):
    made = (await world.ask("POST", "articles", ARTICLE)).json["id"]
    async with world.store.transaction() as uow:
        await readings.count_view(uow, made)
        await readings.count_view(uow, made)
        await readings.count_opinion(uow, made, answered=False)
        await readings.count_search(uow, "zh", found=False)
    day = clock.now().date().isoformat()
    report = (await world.ask("GET", "reports/help?days=1", by="supervisor")).json
    assert report == {
        "since": day,
        "articles": [
            {
                "day": day,
                "article_id": made,
                "language": "en",
                "title": "Opening hours",
                "views": 2,
                "yes": 0,
                "no": 1,
            }
        ],
        "searches": [{"day": day, "language": "zh", "searches": 1, "without_result": 1}],
    }


async def test_a_period_without_end_is_refused(world):
    assert (await world.ask("GET", "reports/help?days=100000", by="supervisor")).status == 400
