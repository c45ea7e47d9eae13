"""A53, A54: an agent reaches for what lies in queues that are not his. It does not exist for him.

Every address of the console that names a thing has a row here; one without a row fails the test.
"""

from sqlalchemy import select, update
from sqlmodel import col

from contactcenter.agent_ui.stream import visible
from contactcenter.conversations.records import Attachment, Message
from contactcenter.events import Event, EventKind
from contactcenter.staff.access import Role
from contactcenter.tickets.automation.records import AnswerDecision
from contactcenter.tickets.records import Draft, Ticket, TicketEvent
from tests.integration.office import ticket

SECRET, WORD = "zanzibar", "sesame"
"""What no page may show, and a word beside it that is searched for."""
NUMBER = "{number:[0-9]{1,18}}"
ABSENT = (404, 403)

SHOWN_WITHOUT = {"/customers/{id}", "/customers/{id}/story", "/customers/{id}/merge"}
"""Everybody may see a customer's file, but nothing of what he said elsewhere."""

NOT_ON_TICKETS = {
    "/knowledge/{id}", "/knowledge/{id}/edit", "/knowledge/{id}/publish", "/knowledge/{id}/withdraw",
    "/password/{token}", "/help/{language}", "/help/{language}/", "/help/{language}/search",
    "/customers/{id}/identities", "/customers/{id}/records", "/customers/{id}/unmerge",
    "/customers/{id}/reachable", "/customers/{id}/block", "/quarantine/senders/{id}/unblock",
}  # fmt: skip
"""Things that lie in no queue."""

FIELDS = {
    "text": "taken over", "agent": "me", "tags": "mine", "priority": "low", "category": "billing", "until": "tomorrow",
    "to": "eve@evil.example", "mode": "note", "complaint": "yes", "reason": "Curious",
    "verdict": "wrong", "head": "urgency", "label": "high",
}  # fmt: skip


async def premises(house):
    """A secret ticket in the queue service, and one of the same customer in billing, where eve works."""
    number = await ticket(house.store, f"{WORD} opens {SECRET}", subject=f"About {SECRET}", files=1)
    own = await ticket(house.store, "to billing", subject="Plain", queue="billing")
    async with house.store.transaction() as uow:
        secret = await uow.session.scalar(select(Ticket).where(col(Ticket.number) == number))
        message = await uow.session.scalar(select(Message).where(Message.conversation_id == secret.conversation_id))
        file = await uow.session.scalar(select(Attachment).where(Attachment.message_id == message.id))
        blob = await house.store.blobs.put(SECRET.encode())
        decided = {"category": "refund", "language": "en", "action": "answered", "answer": SECRET, "drawn": True}
        ids = {"message_id": message.id, "conversation_id": message.conversation_id}
        uow.session.add(AnswerDecision(**ids, **decided))
        names = {"raw_blob": blob, "html": f"<p>{SECRET}</p>"}
        await uow.session.execute(update(Message).where(Message.id == message.id).values(**names))
        await uow.session.execute(
            update(Attachment).where(Attachment.id == file.id).values(sha256=blob, filename=f"{SECRET}.pdf")
        )
    eve = await house.person("eve", queues=["billing"])
    things = {"message": message.id, "file": file.id, "customer": secret.customer_id, "ticket": str(number)}
    return eve, own, things


def filled(path, things):
    """The address with the secret things' names in it."""
    kind = "message" if path.startswith(("/messages", "/quarantine", "/audits")) else "file"
    name = things["customer"] if path.startswith("/customers") else things[kind]
    return path.replace(NUMBER, things["ticket"]).replace("{language}", "en").replace("{id}", name)


def addresses(house, method):
    return [door.path for door in house.doors if door.method == method and "{" in door.path]


async def test_a53_ghsa_v8vc_no_page_shows_a_ticket_of_a_foreign_queue(house):
    eve, _, things = await premises(house)
    for path in addresses(house, "GET"):
        if path in NOT_ON_TICKETS:
            continue
        answer = await eve.get(filled(path, things))
        assert SECRET not in answer.page, path
        assert answer.status == 200 if path in SHOWN_WITHOUT else answer.status in ABSENT, path


async def test_a53_ghsa_wqq7_no_list_search_count_or_board_betrays_it(house):
    eve, _, things = await premises(house)
    searches = (WORD, f"#{things['ticket']}", "from:carol@example.org", "has:attachment", "queue:service", "is:any")
    paths = [f"/inbox{rows}?q={query}" for query in searches for rows in ("", "/rows")]
    paths += ["/audits", "/audits?tab=judged", f"/audits?last={things['message']}"]
    paths += ["/inbox?view=all", "/inbox/views", "/board", f"/customers?q={WORD}", "/tickets/new", "/knowledge"]
    paths += [f"/tickets/new?customer={things['customer']}", f"/customers/{things['customer']}/merge?q=carol"]
    for path in paths:
        page = (await eve.get(path.replace("#", "%23"))).page
        assert SECRET not in page, path
        assert f"/tickets/{things['ticket']}" not in page, path


async def state(house):
    """Everything a command could have changed."""
    tables = (Ticket, Message, TicketEvent, Draft, AnswerDecision)
    async with house.store.read() as uow:
        found = [list(await uow.session.scalars(select(table))) for table in tables]
    return [[row.model_dump() for row in rows] for rows in found]


async def test_a53_cve_2024_6540_no_command_reaches_it(house):
    eve, own, things = await premises(house)
    before = await state(house)
    for path in addresses(house, "POST"):
        if path in NOT_ON_TICKETS | SHOWN_WITHOUT:
            continue
        answer = await eve.post(filled(path, things), {**FIELDS, "into": str(own), "message": things["message"]})
        assert answer.status in ABSENT, path
    for action in ("assign", "resolve", "reopen", "priority"):
        chosen = {"action": action, "value": "low" if action == "priority" else "me"}
        assert (await eve.post("/inbox/bulk", {**chosen, "numbers": things["ticket"]})).status == 404
        assert (await eve.post("/inbox/bulk", {**chosen, "set": f"{things['ticket']}:low"})).status == 404
    assert (await eve.post(f"/tickets/{own}/merge", {"into": things["ticket"]})).status == 404
    assert (await eve.post(f"/tickets/{own}/forward", {**FIELDS, "message": things["message"]})).status == 404
    assert await state(house) == before


async def test_a53_the_live_stream_tells_nothing_of_it(house):
    eve, _, things = await premises(house)
    ann = await house.person("ann", queues=["service"])
    async with house.store.read() as uow:
        secret = await uow.session.scalar(select(Ticket).where(col(Ticket.number) == int(things["ticket"])))
    for kind in (EventKind.TICKET_CREATED, EventKind.TICKET_CHANGED, EventKind.MESSAGE_ADDED):
        event = Event(kind, id=secret.id, ticket=secret.number, queue=secret.queue_id, customer=things["customer"])
        assert not visible(event, eve.actor)
        assert visible(event, ann.actor)


async def test_a54_cve_2021_42086_nobody_raises_his_own_rights(house):
    eve, _, _ = await premises(house)
    raised = {
        "role": "admin",
        "queues": "*",
        "email": "root@desk.example",
        "queue_ids": "*",
        "active": "1",
        "name": "E",
    }
    own = f"/admin/agents/{eve.actor.agent_id}"
    tried = [(await eve.post(path, raised)).status for path in (own, "/admin/agents/new", f"{own}/enable")]
    await eve.post("/preferences", {**raised, "language": "en", "theme": "dark", "signature": "x"})
    assert tried == [403, 403, 403]
    assert (await eve.get("/admin/agents")).status == 403
    assert (await eve.post("/admin/tokens", {"name": "mine", "acts_as": "admin"})).status == 403


async def test_a54_cve_2020_1767_nobody_writes_in_a_colleagues_name(house):
    eve, own, _ = await premises(house)
    boss = await house.person("boss", Role.ADMIN)
    forged = {"author_id": boss.actor.agent_id, "author_name": "boss", "agent_id": boss.actor.agent_id, "text": "Paid."}
    await eve.post(f"/tickets/{own}/note", forged)
    async with house.store.read() as uow:
        note = await uow.session.scalar(select(Message).where(col(Message.kind) == "note"))
    assert (note.author_id, note.author_name) == (eve.actor.agent_id, "eve")


async def test_a54_a_reply_of_a_colleague_is_not_taken_back(house):
    eve, own, _ = await premises(house)
    boss = await house.person("boss", Role.ADMIN)
    async with house.store.read() as uow:
        seen = max(await uow.session.scalars(select(Message.id)))
    assert (await boss.post(f"/tickets/{own}/reply", {"text": "Yes", "seen": seen})).status == 200
    async with house.store.read() as uow:
        reply = await uow.session.scalar(select(Message.id).where(col(Message.author_id) == boss.actor.agent_id))
    assert (await eve.post(f"/messages/{reply}/undo")).status == 403


async def test_a54_what_was_taken_away_is_gone_at_once(house):
    eve, own, _ = await premises(house)
    boss = await house.person("boss", Role.ADMIN)
    before = (await eve.get(f"/tickets/{own}")).status
    fields = {"email": eve.actor.email, "name": "eve", "role": "agent", "language": "en"}
    await boss.post(f"/admin/agents/{eve.actor.agent_id}", fields)  # no queues any more
    assert (before, (await eve.get(f"/tickets/{own}")).status) == (200, 404)
