"""Tickets by API: the JSON promised, the list, the commands, what is written."""

import base64
from datetime import timedelta

import pytest

from contactcenter import clock

# fmt: off
PROMISED = [
    "number", "subject", "status", "priority", "queue", "assignee", "category", "complaint",
    "customer", "channel", "created_at", "updated_at", "due_at", "sla", "messages_count",
    "answered_by",
]
# fmt: on


async def numbers(world, query="", **options):
    return [ticket["number"] for ticket in (await world.ask("GET", f"tickets?{query}", **options)).json["items"]]


async def test_a_ticket_has_every_promised_key(world):
    number = await world.ticket(category="order_status", complaint=False)
    ticket = (await world.ask("GET", f"tickets/{number}")).json
    assert set(PROMISED) <= set(ticket)
    assert (ticket["number"], ticket["queue"], ticket["category"]) == (number, "service", "order_status")
    assert (ticket["assignee"], ticket["answered_by"], ticket["due_at"], ticket["complaint"]) == (
        None,
        None,
        None,
        False,
    )
    assert ticket["customer"] == {"id": await world.customer(), "name": "Ann"}
    assert ticket["sla"] == {"first_reply": None, "next_reply": None}
    assert ticket["created_at"].endswith("Z")


async def test_the_list_is_filtered_by_every_parameter(world):
    mail = await world.ticket("service", category="order_status")
    claim = await world.ticket("claims", category="claim_status")
    await world.ask("POST", f"tickets/{claim}/resolve")
    await world.ask("POST", f"tickets/{claim}/assign", {"assignee": "me"})
    wanted = {
        "": [claim, mail],
        "status=&queue=&assignee=&category=&q=&cursor=": [claim, mail],
        "status=resolved": [claim],
        "status=new,open": [mail],
        "queue=service": [mail],
        "queue=claims,service": [claim, mail],
        "assignee=me": [claim],
        "assignee=none": [mail],
        "assignee=admin@desk.example": [claim],
        "category=order_status": [mail],
        "q=queue:claims": [claim],
        "q=parcel": [],  # nothing was indexed behind the API's back
        "status=resolved&queue=service": [],
        "q=status:resolved,new&status=new": [mail],
    }
    assert {query: await numbers(world, query) for query in wanted} == wanted


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("order_by=(select 1)", "order_by"),
        ("status=sleeping", "status"),
        ("limit=0", "limit"),
        ("limit=many", "limit"),
        ("q=password:x", "q"),
        ("q=1&q=2", "q"),
        ("q=" + "%25" * 600, "q"),
        ("q=a%00b&queue=%00", "q"),
        ("status=new&q=status:open", "status"),
        ("__proto__[x]=1", "__proto__[x]"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WyJhIiwiYiJd", "cursor"),
        ("cursor=" + "%5B" * 400, "cursor"),
    ],
)
async def test_a_query_that_cannot_be_read_is_400_and_names_the_parameter(world, query, field):
    answer = await world.ask("GET", f"tickets?{query}")
    assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert field in [fault["field"] for fault in answer.json["errors"]]


@pytest.mark.parametrize("q", ["' OR 1=1 --", "a & | ! ( ) <-> :*", ".*(a+)+$", "\\", "%_%", "'''", '"unclosed'])
async def test_a_hostile_search_finds_nothing_and_breaks_nothing(world, q):
    await world.ticket()
    answer = await world.client.get("/api/v1/tickets", params={"q": q}, headers=world_headers(world))
    assert (answer.status, (await answer.json())["items"]) == (200, [])


def world_headers(world):
    return {"Authorization": f"Bearer {world.tokens['admin']}"}


async def test_pages_are_complete_and_without_doubles(world):
    made = [await world.ticket() for _ in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await world.ask("GET", f"tickets?limit=3&cursor={cursor}")).json
        assert len(page["items"]) <= 3
        seen += [ticket["number"] for ticket in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]


async def test_the_messages_of_a_ticket_come_oldest_first_in_pages(world):
    number = await world.ticket(text="first")
    for text in ("second", "third"):
        await world.ask("POST", f"tickets/{number}/messages", {"kind": "note", "text": text})
    page = (await world.ask("GET", f"tickets/{number}/messages?limit=2")).json
    rest = (await world.ask("GET", f"tickets/{number}/messages?limit=2&cursor={page['next_cursor']}")).json
    assert [message["text"] for message in page["items"] + rest["items"]] == ["first", "second", "third"]
    assert rest["next_cursor"] is None


async def test_a_reply_goes_out_at_once_in_the_name_of_the_tokens_agent(world):
    number = await world.ticket()
    answer = await world.ask(
        "POST", f"tickets/{number}/messages", {"kind": "reply", "text": "On **its** way"}, by="agent"
    )
    reply = answer.json
    assert (answer.status, reply["direction"], reply["channel"], reply["kind"]) == (201, "out", "email", "message")
    assert reply["author"] == {"type": "agent", "id": world.ids["agent"], "name": "Agent"}
    assert (reply["delivery"]["status"], reply["assessment"]) == ("queued", None)
    assert "<strong>its</strong>" in reply["html"]
    assert reply["external_id"].endswith("@desk.example")
    ticket = (await world.ask("GET", f"tickets/{number}")).json
    assert (ticket["status"], ticket["answered_by"], ticket["assignee"]) == ("pending", "agent", None)


async def test_a_note_stays_inside(world):
    number = await world.ticket()
    note = (await world.ask("POST", f"tickets/{number}/messages", {"kind": "note", "text": "Careful"})).json
    assert (note["kind"], note["delivery"], note["identity"]) == ("note", None, "")
    assert (await world.ask("GET", f"tickets/{number}")).json["answered_by"] is None


async def test_a_reply_carries_files(world, store):
    number = await world.ticket()
    file = {"filename": "bill.txt", "content_type": "text/plain", "content": base64.b64encode(b"100 euros").decode()}
    body = {"kind": "reply", "text": "Here it is", "attachments": [file]}
    (sent,) = (await world.ask("POST", f"tickets/{number}/messages", body)).json["attachments"]
    assert (sent["filename"], sent["content_type"], sent["size"]) == ("bill.txt", "text/plain", 9)
    assert await store.blobs.read(sent["sha256"]) == b"100 euros"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "reply", "text": " "}, "text"),
        ({"kind": "shout", "text": "x"}, "kind"),
        ({"kind": "reply"}, "text"),
        ({"kind": "reply", "text": 5}, "text"),
        ({"kind": "reply", "text": "a\0b"}, "text"),
        ({"kind": "reply", "text": "x", "auto_bcc": "spy@example.com"}, "auto_bcc"),
        ({"kind": "reply", "text": "x", "author_id": "1"}, "author_id"),
        ({"kind": "note", "text": "x", "attachments": [{"filename": "a", "content": ""}]}, "attachments"),
        ({"kind": "reply", "text": "x", "attachments": [{"filename": "a", "content": "!"}]}, "attachments.0.content"),
        (
            {"kind": "reply", "text": "x", "attachments": [{"filename": "../a", "content": ""}]},
            "attachments.0.filename",
        ),
        (
            {"kind": "reply", "text": "x", "attachments": [{"filename": "a\r\nBcc: x", "content": ""}]},
            "attachments.0.filename",
        ),
    ],
)
async def test_what_cannot_be_written_is_422_and_nothing_is_sent(world, body, field):
    number = await world.ticket()
    answer = await world.ask("POST", f"tickets/{number}/messages", body)
    assert (answer.status, [fault["field"] for fault in answer.json["errors"]]) == (422, [field])
    assert len((await world.ask("GET", f"tickets/{number}/messages")).json["items"]) == 1


@pytest.mark.parametrize("kind", ["reply", "note"])
async def test_the_same_idempotency_key_writes_once(world, kind):
    number, headers = await world.ticket(), {"Idempotency-Key": "one"}
    path, body = f"tickets/{number}/messages", {"kind": kind, "text": "Once"}
    ids = [(await world.ask("POST", path, body, headers=headers)).json["id"] for _ in range(2)]
    assert ids[0] == ids[1]
    assert len((await world.ask("GET", path)).json["items"]) == 2
    other = await world.ask("POST", path, body, headers=headers, by="supervisor")
    assert other.json["id"] not in ids


async def test_assigning_to_me_to_an_address_and_to_nobody(world):
    number = await world.ticket()
    for assignee, expected in (
        ("me", "admin"),
        ("agent@desk.example", "agent"),
        (world.ids["admin"], "admin"),
        (None, None),
    ):
        answer = await world.ask("POST", f"tickets/{number}/assign", {"assignee": assignee, "force": True})
        assert answer.json["assignee"] == (f"{expected}@desk.example" if expected else None)
    for nobody in ("ghost@desk.example", "ghost"):
        assert (await world.ask("POST", f"tickets/{number}/assign", {"assignee": nobody})).status == 422


async def test_what_another_has_is_not_taken_by_a_slip(world):
    number = await world.ticket()
    await world.ask("POST", f"tickets/{number}/assign", {"assignee": "me"}, by="supervisor")
    assert (await world.ask("POST", f"tickets/{number}/assign", {"assignee": "me"}, by="agent")).status == 409


@pytest.mark.parametrize("command", ["resolve", "reopen", "snooze", "assign", "messages", ""])
async def test_a_stale_version_is_refused(world, command):
    number = await world.ticket()
    body = {
        "snooze": {"until": None},
        "assign": {"assignee": "me"},
        "messages": {"kind": "reply", "text": "x"},
        "": {"priority": "high"},
    }.get(command, {})
    path = f"tickets/{number}/{command}".rstrip("/")
    answer = await world.ask("POST" if command else "PATCH", path, {**body, "version": 99})
    assert (answer.status, answer.json["status"]) == (409, 409)


async def test_resolving_and_reopening_need_no_body(world):
    number = await world.ticket()
    assert (await world.ask("POST", f"tickets/{number}/resolve")).json["status"] == "resolved"
    assert (await world.ask("POST", f"tickets/{number}/reopen")).json["status"] == "open"


async def test_a_merged_ticket_lists_its_messages_under_its_target_only(world):
    source, target = await world.ticket(text="one"), await world.ticket(text="two")
    merged = await world.ask("POST", f"tickets/{source}/merge", {"into": target})
    assert (merged.json["number"], merged.json["messages_count"]) == (target, 2)
    assert (await world.ask("GET", f"tickets/{source}")).json["merged_into"] == target
    assert (await world.ask("GET", f"tickets/{source}/messages")).json["items"] == []
    assert len((await world.ask("GET", f"tickets/{target}/messages")).json["items"]) == 2
    assert await numbers(world) == [target]
    assert (await world.ask("POST", f"tickets/{source}/resolve")).status == 409


async def test_tickets_of_two_customers_are_not_merged(world):
    source, target = await world.ticket(), await world.ticket(who="email:bob@example.com")
    assert (await world.ask("POST", f"tickets/{source}/merge", {"into": target})).status == 409
    assert (await world.ask("POST", f"tickets/{source}/merge", {"into": source})).status == 422


async def test_snoozing_until_a_moment_and_waking(world):
    number = await world.ticket()
    until = clock.iso(clock.now() + timedelta(hours=1))
    assert (await world.ask("POST", f"tickets/{number}/snooze", {"until": until})).json["snoozed_until"] == until
    assert await numbers(world) == [number]
    assert (await world.ask("POST", f"tickets/{number}/snooze", {"until": None})).json["snoozed_until"] is None
    for wrong in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "soon"):
        assert (await world.ask("POST", f"tickets/{number}/snooze", {"until": wrong})).status == 422


async def test_setting_a_ticket_right(world):
    number = await world.ticket(category="order_status")
    body = {"priority": "high", "tags": ["VIP guest"], "category": "refund", "complaint": False}
    ticket = (await world.ask("PATCH", f"tickets/{number}", body)).json
    assert (ticket["priority"], ticket["tags"], ticket["category"]) == ("high", ["vip-guest"], "refund")
    assert ticket["queue"] == "billing"


async def test_an_agent_may_hand_a_ticket_over_to_a_queue_he_does_not_see(world):
    number = await world.ticket("service")
    answer = await world.ask("PATCH", f"tickets/{number}", {"queue": "claims"}, by="agent")
    assert (answer.status, answer.json["queue"]) == (200, "claims")
    assert (await world.ask("GET", f"tickets/{number}", by="agent")).status == 404


@pytest.mark.parametrize("body", [{"role": "admin"}, {"queue_id": "x"}, {"status": "closed"}, {"queue": "nowhere"}])
async def test_what_cannot_be_changed_is_422(world, body):
    number = await world.ticket()
    assert (await world.ask("PATCH", f"tickets/{number}", body)).status == 422


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "abc", "99999", "9" * 30, "%00", "%ff", "1;drop"])
async def test_a_number_that_names_no_ticket_is_404(world, number):
    answer = await world.ask("GET", f"tickets/{number}")
    assert (answer.status, answer.content_type) == (404, "application/problem+json")
