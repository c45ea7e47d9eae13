"""Articles: read by agents, written by supervisors, published by one button."""

from contactcenter.knowledge import articles
from contactcenter.staff.access import Role

FIELDS = {
    "title": "Opening hours",
    "text": "We are open from **9 to 5**. <script>alert(1)</script>",
    "questions": "When are you open?\n\n  until when can I call \n",
    "language": "en",
    "category": "",
    "audience": "public",
}


async def written(visitor):
    answer = await visitor.post("/knowledge/new", FIELDS)
    assert answer.status == 303, answer.page
    return answer.headers["Location"].partition("?")[0]


async def test_an_article_is_a_draft_with_one_question_a_line(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    path = await written(sue)
    async with building.store.read() as uow:
        article = await articles.get_article(uow, path.rpartition("/")[2])
    assert article.status == "draft"
    assert article.questions == ["When are you open?", "until when can I call"]


async def test_publish_and_withdraw(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    path = await written(sue)
    states = []
    for command in ("publish", "withdraw"):
        await sue.post(f"{path}/{command}")
        async with building.store.read() as uow:
            states.append((await articles.get_article(uow, path.rpartition("/")[2])).status)
    assert states == ["published", "draft"]


async def test_agents_read_and_do_not_write(building):
    sue, ann = await building.person("sue", Role.SUPERVISOR), await building.person("ann")
    path = await written(sue)
    page = (await ann.get(path)).page
    assert "<strong>9 to 5</strong>" in page
    assert "<script>alert" not in page
    assert f"{path}/edit" not in page
    assert (await ann.get(f"{path}/edit")).status == 403


async def test_a_search_shows_how_well_an_article_fits(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    await written(sue)
    page = (await sue.get("/knowledge?q=when+are+you+open")).page
    assert "<meter" in page
    assert "Opening hours" in page
    assert "Nothing fits" in (await sue.get("/knowledge?q=when+are+you+open&status=published")).page


async def test_a_stale_edit_is_refused_and_keeps_what_was_written(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    path = await written(sue)
    await sue.post(f"{path}/edit", {**FIELDS, "title": "Hours", "version": "1"})
    late = await sue.post(f"{path}/edit", {**FIELDS, "title": "My hours", "version": "1"})
    assert late.status == 409
    assert 'value="My hours"' in late.page


async def test_a_missing_title_is_said_beside_its_field(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    answer = await sue.post("/knowledge/new", {**FIELDS, "title": " "})
    assert answer.status == 400
    assert 'id="title-fault"' in answer.page


async def test_the_preview_is_safe_html(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    page = (await sue.post("/knowledge/preview", {"text": "*hello* [x](javascript:alert(1)) <b onclick=x>"})).page
    assert "<em>hello</em>" in page
    assert "href" not in page
    assert "<b" not in page


async def test_an_article_of_past_days_says_so_with_its_queue_and_what_it_said_before(building):
    sue = await building.person("sue", Role.SUPERVISOR, queues=("claims",))
    path = await written(sue)
    limits = {"valid_from": "2020-01-01", "valid_until": "2020-12-31", "queue": "claims", "version": "1"}
    assert (await sue.post(f"{path}/edit", {**FIELDS, **limits, "text": "From 10."})).status == 303
    page = (await sue.get(path)).page
    for told in ("Expired", "2020-12-31", "What it said before", "<strong>9 to 5</strong>", "From 10."):
        assert told in page
    assert "Expired" in (await sue.get("/knowledge")).page
    assert 'value="2020-01-01"' in (await sue.get(f"{path}/edit")).page


async def test_a_last_day_before_the_first_is_said_beside_its_field(building):
    sue = await building.person("sue", Role.SUPERVISOR)
    answer = await sue.post("/knowledge/new", {**FIELDS, "valid_from": "2026-12-31", "valid_until": "2026-01-01"})
    assert answer.status == 400
    assert 'id="valid_until-fault"' in answer.page
    assert 'value="2026-12-31"' in answer.page
