"""Who may do what: every role times every operation of the table. A new operation without a row here fails."""

import pytest

from contactcenter.api.api import OPERATIONS
from contactcenter.staff import agents, tokens
from contactcenter.staff.access import MACHINE

AGENT, SUPERVISOR, ADMIN = "agent", "supervisor", "admin"
RANK = [AGENT, SUPERVISOR, ADMIN]

# (method, path): (least role, body, whether it stands for something on a ticket)
ROWS = {
    ("GET", "/tickets"): (AGENT, None, False),
    ("GET", "/tickets/{number}"): (AGENT, None, True),
    ("PATCH", "/tickets/{number}"): (AGENT, {"priority": "high"}, True),
    ("GET", "/tickets/{number}/messages"): (AGENT, None, True),
    ("GET", "/tickets/{number}/similar"): (AGENT, None, True),
    ("POST", "/tickets/{number}/messages"): (AGENT, {"kind": "note", "text": "Hm"}, True),
    ("POST", "/tickets/{number}/assign"): (AGENT, {"assignee": None}, True),
    ("POST", "/tickets/{number}/resolve"): (AGENT, {}, True),
    ("POST", "/tickets/{number}/reopen"): (AGENT, {}, True),
    ("POST", "/tickets/{number}/merge"): (AGENT, {"into": "{other}"}, True),
    ("POST", "/tickets/{number}/snooze"): (AGENT, {"until": None}, True),
    ("POST", "/messages"): (AGENT, {"identity": "email:bob@example.com", "text": "Hello"}, False),
    ("GET", "/messages/{message_id}"): (AGENT, None, True),
    ("POST", "/messages/{message_id}/unmask"): (AGENT, {"reason": "The bank asks"}, True),
    ("GET", "/messages/{message_id}/feedback"): (AGENT, None, True),
    ("POST", "/messages/{message_id}/feedback"): (AGENT, {"urgency": "low"}, True),
    ("DELETE", "/messages/{message_id}/feedback/{head}"): (AGENT, None, True),
    ("GET", "/models"): (SUPERVISOR, None, False),
    ("POST", "/models/retrain"): (SUPERVISOR, {}, False),
    ("POST", "/models/rollback"): (SUPERVISOR, None, False),
    ("GET", "/topics"): (SUPERVISOR, None, False),
    ("GET", "/topics/{topic_id}/messages"): (SUPERVISOR, None, False),
    ("POST", "/topics/{topic_id}/category"): (SUPERVISOR, {}, False),
    ("POST", "/topics/{topic_id}/article"): (SUPERVISOR, {}, False),
    ("POST", "/topics/{topic_id}/dismiss"): (SUPERVISOR, None, False),
    ("POST", "/topics/{topic_id}/reopen"): (SUPERVISOR, None, False),
    ("GET", "/customers"): (AGENT, None, False),
    ("GET", "/customers/{customer_id}"): (AGENT, None, False),
    ("PATCH", "/customers/{customer_id}"): (AGENT, {"note": "Likes tea"}, False),
    ("GET", "/customers/{customer_id}/timeline"): (AGENT, None, False),
    ("POST", "/customers/{customer_id}/reachable"): (AGENT, {"identity": "email:ann@example.com"}, False),
    ("POST", "/customers/{customer_id}/merge"): (AGENT, {"into": "{other_customer}"}, False),
    ("GET", "/articles"): (AGENT, None, False),
    ("POST", "/articles"): (SUPERVISOR, {"title": "T", "text": "x", "language": "en"}, False),
    ("GET", "/articles/{article_id}"): (AGENT, None, False),
    ("PATCH", "/articles/{article_id}"): (SUPERVISOR, {"text": "y"}, False),
    ("GET", "/articles/{article_id}/versions"): (AGENT, None, False),
    ("GET", "/answer-policies"): (AGENT, None, False),
    ("PATCH", "/answer-policies/{category}/{language}"): (SUPERVISOR, {"state": "shadow"}, False),
    ("GET", "/answer-policies/{category}/{language}/history"): (AGENT, None, False),
    ("GET", "/audits"): (AGENT, None, False),
    ("GET", "/audits/{message_id}"): (AGENT, None, True),
    ("POST", "/audits/{message_id}"): (AGENT, {"verdict": "right"}, True),
    ("GET", "/reports/machine-quality"): (SUPERVISOR, None, False),
    ("GET", "/reports/help"): (SUPERVISOR, None, False),
    ("GET", "/queues"): (AGENT, None, False),
    ("PATCH", "/queues/{key}"): (ADMIN, {"signature": "Desk"}, False),
    ("GET", "/queues/live"): (AGENT, None, False),
    ("GET", "/agents"): (AGENT, None, False),
    ("POST", "/agents"): (ADMIN, {"email": "new@desk.example"}, False),
    ("GET", "/quarantine"): (AGENT, None, False),
    ("POST", "/quarantine/{message_id}/run-again"): (AGENT, None, True),
    ("GET", "/blocked-senders"): (AGENT, None, False),
    ("POST", "/blocked-senders"): (AGENT, {"sender": "eve@evil.example"}, False),
    ("DELETE", "/blocked-senders/{blocked_id}"): (AGENT, None, False),
    ("GET", "/jobs/failed"): (SUPERVISOR, None, False),
}


async def things(world):
    """One of everything that paths and bodies name."""
    number, other = await world.ticket(), await world.ticket()
    article = await world.ask("POST", "articles", {"title": "Opening hours", "text": "9 to 5", "language": "en"})
    return {
        "number": number,
        "other": other,
        "message_id": await world.audit(number),
        "category": "refund",
        "language": "en",
        "head": "urgency",
        "topic_id": await world.topic(),
        "key": "service",
        "customer_id": await world.customer(),
        "other_customer": await world.customer("email:other@example.com"),
        "article_id": article.json["id"],
        "blocked_id": (await world.ask("POST", "blocked-senders", {"sender": "eve@evil.example"})).json["id"],
    }


async def answers(world, by, *, only=lambda row: True):
    """(method, path) → status, each on fresh things."""
    found = {}
    for (method, path), row in ROWS.items():
        if only(row):
            known = await things(world)
            if path.startswith("/quarantine/"):
                known["message_id"] = await world.quarantined()
            if method == "DELETE" and "feedback" in path:
                await world.ask("POST", f"messages/{known['message_id']}/feedback", {"urgency": "high"})
            body = row[1] and {key: known.get(str(value).strip("{}"), value) for key, value in row[1].items()}
            answer = await world.ask(method, "/api/v1" + path.format(**known), body, by=by)
            found[method, path] = answer.status
    return found


def test_every_operation_has_a_row_and_every_row_an_operation():
    assert {(one.method, one.path) for one in OPERATIONS} == set(ROWS)


def test_the_table_declares_the_least_role_of_every_row():
    assert {(one.method, one.path): one.role.value for one in OPERATIONS} == {key: row[0] for key, row in ROWS.items()}


async def test_without_a_token_nothing_answers(world):
    found = await answers(world, None)
    assert set(found.values()) == {401}


@pytest.mark.parametrize("role", RANK)
async def test_a_role_may_do_what_is_its_own_and_nothing_above(world, role):
    found = await answers(world, role)
    allowed = {key: RANK.index(role) >= RANK.index(row[0]) for key, row in ROWS.items()}
    assert {key: status for key, status in found.items() if (status < 300) != allowed[key]} == {}
    assert {status for key, status in found.items() if not allowed[key]} <= {403}


async def test_what_is_on_a_ticket_of_a_foreign_queue_does_not_exist(world):
    found = await answers(world, "outsider", only=lambda row: row[2])
    assert set(found.values()) == {404}


async def test_a_foreign_ticket_is_not_listed_searched_or_counted(world):
    number = await world.ticket(text="secretword")
    for path in ("tickets", "tickets?q=secretword", f"tickets?q=%23{number}", "tickets?queue=service"):
        assert (await world.ask("GET", path, by="outsider")).json["items"] == []
    live = (await world.ask("GET", "queues/live", by="outsider")).json
    assert [queue["key"] for queue in live["queues"]] == ["billing"]


async def test_a_ticket_cannot_be_merged_into_a_foreign_one(world):
    mine, foreign = await world.ticket("billing"), await world.ticket("service")
    answer = await world.ask("POST", f"tickets/{mine}/merge", {"into": foreign}, by="outsider")
    assert answer.status == 404


async def test_a_timeline_leaves_out_what_was_said_in_foreign_queues(world):
    await world.ticket("service", text="for service")
    await world.ticket("billing", text="for billing")
    path = f"customers/{await world.customer()}/timeline"
    seen = (await world.ask("GET", path, by="outsider")).json["items"]
    assert [message["text"] for message in seen] == ["for billing"]
    assert len((await world.ask("GET", path, by="supervisor")).json["items"]) == 2


async def test_what_is_assigned_to_an_agent_is_his_whatever_the_queue(world):
    number = await world.ticket("service")
    await world.ask("POST", f"tickets/{number}/assign", {"assignee": "outsider@desk.example"})
    assert (await world.ask("GET", f"tickets/{number}", by="outsider")).status == 200


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer cc_wrong", "Bearer cc_' OR 1=1", "Basic YWRtaW46", "Bearer cc_\u00e9", "Token {token}"],
)
async def test_a_wrong_token_is_401_and_says_how_to_ask(world, header):
    sent = {"Authorization": header.format(token=world.tokens["admin"])}
    answer = await world.ask("GET", "tickets", by=None, headers=sent)
    assert (answer.status, answer.content_type) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_two_authorization_headers_are_none(world):
    token = f"Bearer {world.tokens['admin']}"
    headers = [("Authorization", token), ("Authorization", token)]
    async with world.client.get("/api/v1/tickets", headers=headers) as answer:
        assert answer.status == 401


async def test_a_revoked_token_and_a_disabled_agent_are_nobody(world, store):
    async with store.transaction() as uow:
        (row,) = await tokens.list_tokens(uow, world.ids["agent"])
        await tokens.revoke(uow, row.token.id)
        await agents.disable(uow, MACHINE, world.ids["supervisor"])
    assert [(await world.ask("GET", "tickets", by=name)).status for name in ("agent", "supervisor")] == [401, 401]
