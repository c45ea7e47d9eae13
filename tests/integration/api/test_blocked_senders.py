"""Blocked senders and addresses out of reach, by API."""

from contactcenter.conversations.records import Message
from contactcenter.customers.identity import mark_undeliverable
from contactcenter.envelope import Identity


async def test_a_sender_is_blocked_listed_and_unblocked(world):
    made = await world.ask("POST", "blocked-senders", {"sender": "Eve@Evil.example", "reason": "spam"}, by="agent")
    assert (made.status, made.json["sender"], made.json["blocked_by"]) == (201, "eve@evil.example", "Agent")
    assert [one["reason"] for one in (await world.ask("GET", "blocked-senders")).json["items"]] == ["spam"]
    assert (await world.ask("DELETE", f"blocked-senders/{made.json['id']}")).status == 200
    assert (await world.ask("GET", "blocked-senders")).json["items"] == []
    assert (await world.ask("DELETE", f"blocked-senders/{made.json['id']}")).status == 404


async def test_a_domain_is_blocked_by_supervisors_and_nonsense_by_nobody(world):
    assert (await world.ask("POST", "blocked-senders", {"sender": "evil.example"}, by="agent")).status == 403
    assert (await world.ask("POST", "blocked-senders", {"sender": "evil.example"}, by="supervisor")).status == 201
    assert (await world.ask("POST", "blocked-senders", {"sender": "no address"})).status == 422


async def test_the_quarantine_tells_failed_from_blocked_and_shows_each_agent_his_queues(world):
    failed, blocked = await world.quarantined(), await world.quarantined()
    async with world.store.transaction() as uow:
        (await uow.session.get(Message, blocked)).state = "blocked"
    for state, expected in (("", [blocked, failed]), ("blocked", [blocked]), ("quarantined", [failed])):
        path = f"quarantine?state={state}" if state else "quarantine"
        assert [one["id"] for one in (await world.ask("GET", path, by="agent")).json["items"]] == expected
    assert (await world.ask("GET", "quarantine", by="outsider")).json["items"] == []
    assert (await world.ask("GET", "quarantine?state=done")).status == 400


async def test_an_address_out_of_reach_is_shown_and_tried_again(world):
    customer = await world.customer()
    async with world.store.transaction() as uow:
        await mark_undeliverable(uow, Identity.parse("email:ann@example.com"), "5.1.1 no such user")
    (dead,) = (await world.ask("GET", f"customers/{customer}")).json["undeliverable"]
    assert (dead["identity"], dead["reason"]) == ("email:ann@example.com", "5.1.1 no such user")
    again = await world.ask("POST", f"customers/{customer}/reachable", {"identity": "email:ann@example.com"})
    assert (again.status, again.json["undeliverable"]) == (200, [])
    other = await world.ask("POST", f"customers/{customer}/reachable", {"identity": "email:bob@example.com"})
    assert other.status == 404
