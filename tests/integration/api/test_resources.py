"""Articles, queues, agents, quarantine and failed jobs by API."""

import pytest
from sqlalchemy import text

ARTICLE = {
    "title": "Opening hours",
    "text": "9 to **5**.",
    "language": "en",
    "status": "published",
    "questions": ["When are you open?"],
}

FAILED_JOB = text(
    "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status) VALUES ('q', :task, '{\"a\": 1}', 'failed')"
)


async def paged(world, path, limit=2):
    """All items of a collection, page by page."""
    seen, cursor = [], ""
    while cursor is not None:
        page = (await world.ask("GET", f"{path}?limit={limit}&cursor={cursor}")).json
        assert set(page) == {"items", "next_cursor"}
        seen += page["items"]
        cursor = page["next_cursor"]
    return seen


async def test_an_article_is_written_found_and_changed(world):
    made = await world.ask("POST", "articles", ARTICLE)
    assert made.status == 201
    assert {key: made.json[key] for key in ARTICLE} == ARTICLE
    assert [one["id"] for one in (await world.ask("GET", "articles?q=open&status=published")).json["items"]] == [
        made.json["id"]
    ]
    changed = await world.ask("PATCH", f"articles/{made.json['id']}", {"status": "draft", "version": 1})
    assert (changed.json["status"], changed.json["version"], changed.json["text"]) == ("draft", 2, ARTICLE["text"])
    assert (await world.ask("PATCH", f"articles/{made.json['id']}", {"text": "x", "version": 1})).status == 409
    assert (await world.ask("GET", "articles?status=published")).json["items"] == []


@pytest.mark.parametrize(
    "change", [{"language": "tlh"}, {"title": " "}, {"text": ""}, {"status": "secret"}, {"id": "x"}, {"questions": "x"}]
)
async def test_what_is_no_article_is_422(world, change):
    answer = await world.ask("POST", "articles", {**ARTICLE, **change})
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, next(iter(change)))


async def test_articles_are_paged_without_doubles(world):
    made = [(await world.ask("POST", "articles", ARTICLE)).json["id"] for _ in range(5)]
    assert [article["id"] for article in await paged(world, "articles")] == made[::-1]


async def test_queues_and_agents_are_collections(world):
    assert [queue["key"] for queue in await paged(world, "queues")] == ["service", "complaints", "claims", "billing"]
    people = await paged(world, "agents", limit=3)
    assert [one["name"] for one in people] == ["Admin", "Agent", "Outsider", "Supervisor"]
    assert people[1]["queues"] == ["service"]
    assert not any("password" in key for key in people[0])


async def test_an_agent_lists_the_queues_he_works(world):
    assert [queue["key"] for queue in (await world.ask("GET", "queues", by="agent")).json["items"]] == ["service"]


async def test_an_administrator_changes_in_whose_name_a_queue_writes(world):
    changed = await world.ask("PATCH", "queues/claims", by="admin", body={"signature": "{{ agent.name }}"})
    assert (changed.status, changed.json["signature"], changed.json["sender_name"]) == (200, "{{ agent.name }}", "")
    wrong = await world.ask("PATCH", "queues/claims", by="admin", body={"sender_address": "ceo@bank.example"})
    assert (wrong.status, "sender_address" in wrong.text) == (422, True)
    assert (await world.ask("PATCH", "queues/claims", by="supervisor", body={})).status == 403


async def test_the_live_board_counts_who_waits(world):
    await world.ticket("claims", complaint=True)
    live = (await world.ask("GET", "queues/live")).json
    claims = next(queue for queue in live["queues"] if queue["key"] == "claims")
    assert (claims["waiting"], claims["unassigned"], claims["complaints"], claims["open"]) == (1, 1, 1, 1)
    assert {agent["name"] for agent in live["agents"]} == {"Admin", "Agent", "Outsider", "Supervisor"}


async def test_an_agent_is_taken_on_and_gets_a_link_of_our_own_address(world):
    body = {"email": "New@Desk.example", "name": "New", "role": "supervisor", "queues": ["claims", "billing"]}
    made = await world.ask("POST", "agents", body, headers={"Host": "evil.example"})
    assert (made.status, made.json["email"], made.json["role"]) == (201, "new@desk.example", "supervisor")
    assert made.json["queues"] == ["claims", "billing"]
    assert made.json["invitation"].startswith("https://desk.example/password/")
    assert (await world.ask("POST", "agents", body)).status == 409


@pytest.mark.parametrize(
    "change",
    [
        {"email": "x"},
        {"role": "god"},
        {"language": "tlh"},
        {"queues": ["nowhere"]},
        {"password_hash": "x"},
        {"active": True},
    ],
)
async def test_what_is_no_agent_is_422(world, change):
    answer = await world.ask("POST", "agents", {"email": "new@desk.example", **change})
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, next(iter(change)))


async def test_the_quarantine_is_listed_and_a_message_runs_again(world):
    made = [await world.quarantined() for _ in range(3)]
    assert [one["id"] for one in await paged(world, "quarantine")] == made[::-1]
    again = await world.ask("POST", f"quarantine/{made[0]}/run-again")
    assert (again.status, again.json["state"], again.json["attempts"]) == (202, "waiting", 0)
    assert (await world.ask("POST", f"quarantine/{made[0]}/run-again")).status == 404
    assert [one["failure"] for one in await paged(world, "quarantine")] == ["read: boom"] * 2


async def test_what_is_not_in_quarantine_cannot_run_again(world):
    message = await world.message(await world.ticket())
    for message_id in (message, "x", "00000000-0000-0000-0000-000000000000"):
        assert (await world.ask("POST", f"quarantine/{message_id}/run-again")).status == 404


async def test_failed_jobs_are_listed_newest_first(world, store):
    async with store.transaction() as uow:
        for number in range(3):
            await uow.session.execute(FAILED_JOB, {"task": f"task{number}"})
    jobs = await paged(world, "jobs/failed")
    assert [(job["task"], job["args"]) for job in jobs] == [(f"task{number}", {"a": 1}) for number in (2, 1, 0)]


@pytest.mark.parametrize(
    "path",
    [
        "tickets",
        "customers",
        "articles",
        "queues",
        "agents",
        "quarantine",
        "jobs/failed",
        "customers/{c}/timeline",
        "tickets/{t}/messages",
    ],
)
@pytest.mark.parametrize("cursor", ["x", "WyIxIiwiMiJd", "WyJub25zZW5zZSJd", "W1tdXQ", "é"])
async def test_a_cursor_that_is_not_ours_is_400_in_every_collection(world, path, cursor):
    path = path.format(c=await world.customer(), t=await world.ticket())
    answer = await world.client.get(
        f"/api/v1/{path}", params={"cursor": cursor}, headers={"Authorization": f"Bearer {world.tokens['admin']}"}
    )
    assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_the_documentation_needs_no_token_and_runs_nothing(world):
    page = await world.ask("GET", "/api/docs", by=None)
    assert (page.status, page.content_type) == (200, "text/html")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    document = (await world.ask("GET", "openapi.json", by=None)).json
    assert document["openapi"] == "3.1.0"
