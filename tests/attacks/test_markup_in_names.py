"""A36: markup in everything that has a name, on every page of the console and in what programs get."""

from html.parser import HTMLParser

from sqlalchemy import select, update
from sqlmodel import col

from contactcenter.conversations.records import Attachment, Message, MessageState
from contactcenter.customers.records import BusinessRecord, Customer, CustomerIdentity
from contactcenter.knowledge import articles
from contactcenter.staff import tokens
from contactcenter.staff.access import Role
from contactcenter.staff.records import Agent
from contactcenter.tickets import canned, views
from contactcenter.tickets.automation.records import AnswerDecision, AnswerPolicyChange
from contactcenter.tickets.model_history import Change, note_change
from contactcenter.tickets.records import Category, MailboxRecord, Queue, SavedView, Ticket, Topic, TopicMessage
from tests.integration.office import ticket

EVIL = "'\"></textarea></title><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}%s%(x)s"


class Look(HTMLParser):
    """Tags and attributes that no page of ours has."""

    def __init__(self, page):
        super().__init__()
        self.evil = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if found.get("src") == "x" or (tag == "script" and not {"src", "type"} & set(found)):
            self.evil.append(tag)
        self.evil += [name for name in found if name.startswith("on")]


async def evil_house(house):
    """Everything that has a name is called the same; returns who looks, and the ids of the things."""
    number = await ticket(house.store, EVIL, subject=EVIL, files=1, category="opening_hours")
    boss = await house.person("boss", Role.ADMIN)
    async with house.store.transaction() as uow:
        for column in (
            (Queue, "name"), (Queue, "name_zh"), (Category, "name"), (Category, "name_zh"), (Customer, "name"),
            (Customer, "note"), (Agent, "name"), (Agent, "signature"), (CustomerIdentity, "name"),
            (Attachment, "filename"), (Attachment, "content_type"), (Message, "author_name"), (Message, "language"),
        ):  # fmt: skip
            await uow.session.execute(update(column[0]).values(**{column[1]: EVIL}))
        found = await uow.session.scalar(select(Ticket))
        queue = await uow.session.scalar(select(Queue))
        found.tags, found.sentiment, found.language = [EVIL], EVIL, EVIL
        message = await uow.session.scalar(select(Message).where(col(Message.conversation_id) == found.conversation_id))
        told = {"label": EVIL, "probability": 0.5}
        assessed = {"category": {**told, "alternatives": [told]}, "urgency": told, "sentiment": told, "why": []}
        entity = {"type": EVIL, "text": EVIL, "start": 0, "end": 1, "value": EVIL}
        assessed |= {"complaint": {"probability": 0.5, "kind": EVIL}, "entities": [entity], "model": EVIL}
        await uow.session.execute(
            update(Message).where(col(Message.id) == message.id).values(assessment=assessed, trace={"warnings": [EVIL]})
        )
        bad = Message(
            channel="email", direction="in", author_type="customer", author_name=EVIL, subject=EVIL, text=EVIL
        )
        bad.state, bad.failure, bad.identity = MessageState.QUARANTINED, f"{EVIL}: {EVIL}", f"email:{EVIL}"
        record = {"kind": "order", "number": EVIL, "title": EVIL, "status": EVIL, "details": {EVIL: EVIL}}
        uow.session.add_all([bad, BusinessRecord(customer_id=found.customer_id, **record)])
        uow.session.add(MailboxRecord(address="x@desk.example", name=EVIL, queue_id=queue.id))
        answer = await canned.save_canned(uow, boss.actor, shortcut="evil", language="en", title=EVIL, text=EVIL)
        article = await articles.create_article(uow, title=EVIL, text=EVIL, language="en", questions=[EVIL])
        view = await views.save_view(uow, boss.actor, "x", "is:any", shared=True)
        await uow.session.execute(update(SavedView).values(name=EVIL))
        await tokens.create_token(uow, boss.actor.agent_id, EVIL)
        decided = {"category": "opening_hours", "language": "en", "action": "shadow", "drawn": True, "verdict": "wrong"}
        ids = {"message_id": message.id, "article_id": article.id, "judged_by": boss.actor.agent_id}
        uow.session.add(AnswerDecision(**ids, **decided, answer=EVIL, note=EVIL))
        topic = Topic(name=EVIL, terms=[EVIL], questions=[EVIL], language=EVIL)
        uow.session.add(topic)
        await uow.session.flush()
        uow.session.add(TopicMessage(topic_id=topic.id, message_id=message.id))
        changed = {"category": "opening_hours", "language": "en", "reason": EVIL, "now": {EVIL: 0.5, "state": EVIL}}
        uow.session.add(AnswerPolicyChange(**changed))
        one = {"what": EVIL, "language": EVIL, "rows": 1, "live": 0.5, "candidate": 0.5, "gained": 1, "lost": 0}
        figures = {"reasons": [EVIL], "comparisons": [one]}
        await note_change(uow, EVIL, Change.REFUSED, EVIL, EVIL, "", figures=figures)
    things = {"knowledge": article.id, "customers": found.customer_id, "messages": message.id, "quarantine": bad.id}
    things |= {"audits": message.id, "topics": topic.id, "machine": "opening_hours.en"}
    return boss, number, view.key, things | {"answers": answer.id, "agents": boss.actor.agent_id, "queues": queue.id}


def pages(house, number, view, things):
    """Every page, with the things' ids in its address."""
    for door in house.doors:
        if door.method == "GET" and not door.public and door.path not in {"/events", "/attachments/{id}"}:
            room = next((key for key in things if f"/{key}/" in f"{door.path}/"), "")
            yield door.path.replace("{number:[0-9]{1,18}}", str(number)).replace("{id}", things.get(room, ""))
    yield from (
        f"/inbox?q={EVIL.replace('%', '%25')}",
        f"/inbox?view={view}",
        f"/knowledge?q={EVIL.replace('%', '%25')}",
    )
    yield from (f"/customers?q={EVIL.replace('%', '%25')}", "/admin/agents?done=<script>", "/board?display=1")


async def test_a36_cve_2020_12629_no_name_becomes_markup_on_any_page(house):
    boss, number, view, things = await evil_house(house)
    shown = 0
    for language in ("en", "zh"):
        await boss.post("/preferences", {"language": language})
        for path in pages(house, number, view, things):
            answer = await boss.get(path)
            assert answer.status in {200, 404, 422, 303}, path
            assert answer.status != 404 or path.endswith("/raw"), path
            assert Look(answer.page).evil == [], path
            shown += "&lt;img src=x" in answer.page
    assert shown > 40


async def test_a36_cve_2026_56731_programs_get_it_as_json_that_no_browser_reads_as_a_page(house):
    boss, number, _, _ = await evil_house(house)
    async with house.store.transaction() as uow:
        secret = await tokens.create_token(uow, boss.actor.agent_id, "x")
    lists = ("tickets", "customers", "queues", "agents", "articles", "quarantine", "queues/live")
    for path in (*lists, f"tickets/{number}", f"tickets/{number}/messages", "<script>alert(1)</script>"):
        answer = await boss.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"})
        assert answer.content_type in {"application/json", "application/problem+json"}, path
        assert answer.status == 404 or answer.headers["X-Content-Type-Options"] == "nosniff", path
