"""Solved tickets by API: the JSON promised, for whom, and that it is documented."""

from tests.integration.office import mail, ticket

LAMP = "The lamp on my garden wall flickers since the storm. Can it be repaired?"


async def solved(world, queue="service"):
    """Number of a ticket that the administrator has answered and resolved."""
    number = await ticket(world.store, LAMP, identity=mail("lena@mail.example", "Lena Brandt"), queue=queue)
    said = {"kind": "reply", "text": "Hello Lena, write to lena@mail.example."}
    assert (await world.ask("POST", f"tickets/{number}/messages", said)).status == 201
    assert (await world.ask("POST", f"tickets/{number}/resolve", {})).status == 200
    return number


async def test_solved_tickets_come_as_a_collection(world):
    other = await solved(world)
    number = await ticket(world.store, LAMP, identity=mail(name="Carol White"))
    found = (await world.ask("GET", f"tickets/{number}/similar", by="agent")).json
    (item,) = found["items"]
    assert found["next_cursor"] is None
    assert item.pop("score") > 0.3
    assert item.pop("resolved_at").endswith("Z")
    assert item == {
        "ticket": other,
        "subject": "A question",
        "reply": "Hello Carol White, write to […].",
        "agent": "Admin",
    }


async def test_solved_tickets_of_foreign_queues_are_not_told(world):
    await solved(world, "claims")
    number = await ticket(world.store, LAMP)
    assert (await world.ask("GET", f"tickets/{number}/similar", by="agent")).json["items"] == []
    assert len((await world.ask("GET", f"tickets/{number}/similar", by="admin")).json["items"]) == 1
    assert (await world.ask("GET", f"tickets/{number}/similar", by="outsider")).status == 404
    assert (await world.ask("GET", "tickets/999999/similar")).status == 404
