"""Customers by API: one by his identity, his record, his timeline, two who are one."""

import pytest


async def test_an_identity_names_exactly_one_customer_or_none(world):
    customer = await world.customer("email:ann@example.com")
    await world.customer("email:ann@example.co")
    for written in ("email:ann@example.com", "email:ANN@Example.com"):
        page = (await world.ask("GET", f"customers?identity={written}")).json
        assert ([item["id"] for item in page["items"]], page["next_cursor"]) == ([customer], None)
    assert (await world.ask("GET", "customers?identity=email:no@example.com")).json["items"] == []


@pytest.mark.parametrize("written", ["ann@example.com", "email:", "pigeon:7", "phone:12", "email:a@b@c"])
async def test_an_identity_that_cannot_be_one_is_400(world, written):
    assert (await world.ask("GET", f"customers?identity={written}")).status == 400


async def test_a_customer_has_identities_record_and_counts(world):
    await world.ticket()
    customer = (await world.ask("GET", f"customers/{await world.customer()}")).json
    assert (customer["name"], customer["identities"]) == ("Ann", ["email:ann@example.com"])
    assert (customer["messages"], customer["records"], customer["note"]) == ({"email": 1}, [], "")


async def test_name_language_and_note_are_changed_and_the_rest_stays(world):
    path = f"customers/{await world.customer()}"
    changed = (await world.ask("PATCH", path, {"language": "zh", "note": "Likes tea"}, by="agent")).json
    assert (changed["name"], changed["language"], changed["note"]) == ("Ann", "zh", "Likes tea")


@pytest.mark.parametrize(
    "body", [{"id": "x"}, {"merged_into_id": None}, {"name": 5}, {"language": "klingon!"}, {"name": "a\nb"}]
)
async def test_what_cannot_be_changed_is_422(world, body):
    assert (await world.ask("PATCH", f"customers/{await world.customer()}", body)).status == 422


async def test_the_list_is_paged_without_doubles_and_searched(world):
    made = [await world.customer(f"email:c{number}@example.com", f"Customer {number}") for number in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await world.ask("GET", f"customers?limit=2&cursor={cursor}")).json
        seen += [customer["id"] for customer in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    assert [one["id"] for one in (await world.ask("GET", "customers?q=customer 3")).json["items"]] == [made[3]]


async def test_the_timeline_is_newest_first_over_all_tickets_in_pages(world):
    for text in ("one", "two", "three"):
        await world.ticket(text=text)
    path = f"customers/{await world.customer()}/timeline?limit=2"
    page = (await world.ask("GET", path)).json
    rest = (await world.ask("GET", f"{path}&cursor={page['next_cursor']}")).json
    assert [message["text"] for message in page["items"] + rest["items"]] == ["three", "two", "one"]


async def test_two_customers_who_are_one(world):
    number = await world.ticket(who="email:ann@work.example")
    source, target = await world.customer("email:ann@work.example"), await world.customer("email:ann@home.example")
    merged = (await world.ask("POST", f"customers/{source}/merge", {"into": target}, by="agent")).json
    assert (merged["id"], set(merged["identities"])) == (target, {"email:ann@work.example", "email:ann@home.example"})
    assert (await world.ask("GET", f"tickets/{number}")).json["customer"]["id"] == target
    assert (await world.ask("GET", f"customers/{source}")).json["id"] == target


async def test_a_customer_is_not_merged_into_himself_or_nobody(world):
    customer = await world.customer()
    assert (await world.ask("POST", f"customers/{customer}/merge", {"into": customer})).status == 422
    assert (await world.ask("POST", f"customers/{customer}/merge", {"into": "nobody"})).status == 404
    assert (await world.ask("GET", "customers/nobody/timeline")).status == 404
