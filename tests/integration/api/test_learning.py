"""Feedback, models and topics, as programs see them."""

import pytest
from sqlalchemy import text


async def assessed(world):
    """Number of a ticket and id of its message, which triage took for an order."""
    number = await world.ticket(category="order_status")
    return number, await world.message(number)


async def test_a_program_sets_right_what_triage_said_and_the_ticket_follows(world):
    number, message = await assessed(world)
    said = {"category": "claim_report", "complaint": True, "urgency": "high"}
    answer = await world.ask("POST", f"messages/{message}/feedback", said, by="agent")
    assert answer.status == 200
    held = {one["head"]: one["label"] for one in answer.json["items"]}
    assert held == {"category": "claim_report", "complaint": "yes", "urgency": "high"}
    assert {one["author"] for one in answer.json["items"]} == {world.ids["agent"]}
    seen = (await world.ask("GET", f"tickets/{number}")).json
    assert (seen["category"], seen["queue"]) == ("claim_report", "complaints")
    assert seen["complaint"]


async def test_a_ticket_is_sent_to_its_new_queue_only_when_asked(world):
    for move, queue in ((False, "service"), (True, "claims")):
        number, message = await assessed(world)
        said = {"category": "claim_report", "move": move}
        await world.ask("POST", f"messages/{message}/feedback", said, by="supervisor")
        assert (await world.ask("GET", f"tickets/{number}")).json["queue"] == queue


async def test_what_was_taken_back_stays_as_history(world):
    _, message = await assessed(world)
    await world.ask("POST", f"messages/{message}/feedback", {"sentiment": "negative"})
    answer = await world.ask("DELETE", f"messages/{message}/feedback/sentiment")
    assert answer.json["items"] == []
    (kept,) = (await world.ask("GET", f"messages/{message}/feedback")).json["items"]
    assert (kept["label"], kept["stands"]) == ("negative", False)
    assert (await world.ask("DELETE", f"messages/{message}/feedback/sentiment")).status == 404
    assert (await world.ask("DELETE", f"messages/{message}/feedback/%00")).status == 404


@pytest.mark.parametrize(
    "said", [{}, {"category": "nonsense"}, {"urgency": "very"}, {"complaint": "yes"}, {"mood": "x"}, {"move": True}]
)
async def test_what_cannot_be_said_is_422(world, said):
    _, message = await assessed(world)
    assert (await world.ask("POST", f"messages/{message}/feedback", said)).status == 422


async def test_retraining_and_the_step_back_are_jobs_of_a_worker(world, store):
    assert (await world.ask("POST", "models/rollback", by="supervisor")).status == 409
    assert (await world.ask("POST", "models/retrain", {"publish": True}, by="supervisor")).status == 202
    await world.topic()
    assert (await world.ask("POST", "models/rollback", by="supervisor")).json == {"ordered": "roll-back"}
    async with store.read() as uow:
        jobs = (await uow.session.execute(text("SELECT task_name, queue_name, args FROM procrastinate_jobs"))).all()
    person = world.ids["supervisor"]
    assert sorted((job.task_name, job.queue_name, job.args) for job in jobs) == [
        ("retrain", "learning", {"publish": True, "agent_id": person}),
        ("roll-back", "inbound", {"agent_id": person}),
    ]
    (change,) = (await world.ask("GET", "models")).json["items"]
    assert (change["kind"], change["version"], change["agent"]) == ("published", "b", None)


async def test_a_topic_becomes_a_category_or_a_draft_or_nothing(world):
    first, second, third = [await world.topic() for _ in range(3)]
    listed = (await world.ask("GET", "topics", by="supervisor")).json["items"]
    assert {one["id"] for one in listed} == {first, second, third}
    made = await world.ask("POST", f"topics/{first}/category", {"key": "drones", "name": "Drones"}, by="supervisor")
    assert (made.status, made.json["name_zh"]) == (201, "Drones")
    draft = await world.ask("POST", f"topics/{second}/article", {"title": "Drones"}, by="supervisor")
    assert (draft.status, draft.json["status"]) == (201, "draft")
    assert (await world.ask("POST", f"topics/{third}/dismiss", by="supervisor")).json["state"] == "dismissed"
    assert (await world.ask("GET", "topics")).json["items"] == []
    (one,) = (await world.ask("GET", "topics?state=category")).json["items"]
    assert (one["category"], one["article"]) == ("drones", None)
    assert (await world.ask("POST", f"topics/{second}/category", {})).status == 409
    assert (await world.ask("GET", "topics/no-topic/messages")).status == 404
