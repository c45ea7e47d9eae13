"""Writing: replies, notes, forwards, drafts, prepared answers; and never over what was not seen."""

import io
import re

import pytest
from aiohttp import FormData
from sqlalchemy import select
from sqlmodel import col

from contactcenter import clock
from contactcenter.conversations.records import Attachment, Delivery, Message
from contactcenter.knowledge.articles import create_article
from contactcenter.staff import agents
from contactcenter.staff.access import MACHINE
from contactcenter.tickets import desk
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.drafts import load_draft
from contactcenter.tickets.listing import one_row
from contactcenter.tickets.queues import ensure_queue
from contactcenter.tickets.records import Feedback
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.office import hire, mail, ticket, write

LAMP = "The lamp on my garden wall flickers since the storm. Can it be repaired?"


@pytest.fixture
async def ann(building):
    return await building.person("ann", queues=("service",))


async def opened(building, visitor, number):
    """What the page says its reader has seen."""
    page = (await visitor.get(f"/tickets/{number}")).page
    return re.search(r'id="seen" name="seen" value="([^"]*)"', page)[1]


async def outgoing(building):
    async with building.store.read() as uow:
        query = select(Message).where(col(Message.direction) == "out").order_by(col(Message.id))
        return list(await uow.session.scalars(query))


async def test_a_reply_goes_into_the_outbox_with_time_to_undo(building, ann):
    number = await ticket(building.store)
    fields = {"text": "On its way.", "seen": await opened(building, ann, number), "cc": "boss@example.org; b@c.example"}
    response = await ann.post(f"/tickets/{number}/reply", fields)
    assert response.status == 200
    (sent,) = await outgoing(building)
    assert (sent.text, sent.author_id) == ("On its way.", ann.actor.agent_id)
    assert sent.addresses["cc"] == ["boss@example.org", "b@c.example"]
    async with building.store.read() as uow:
        delivery = await uow.session.get(Delivery, sent.id)
        row = await one_row(uow, ann.actor, number)
    assert (delivery.due_at - clock.now()).total_seconds() > 5
    assert (row.status, row.assignee.id) == ("pending", ann.actor.agent_id)
    assert f"/messages/{sent.id}/undo" in response.page


async def test_send_and_resolve_does_both(building, ann):
    number = await ticket(building.store)
    fields = {"text": "Done.", "seen": await opened(building, ann, number), "resolve": "1"}
    await ann.post(f"/tickets/{number}/reply", fields)
    async with building.store.read() as uow:
        assert (await one_row(uow, ann.actor, number)).status == "resolved"


async def test_a_reply_over_a_message_that_was_not_shown_is_refused_and_nothing_is_sent(building, ann):
    number = await ticket(building.store)
    seen = await opened(building, ann, number)
    async with building.store.transaction() as uow:
        first = await uow.session.get(Message, seen)
        await write(uow, mail(), "Wait, I found it!", conversation=Thread(first.conversation_id))
    response = await ann.post(f"/tickets/{number}/reply", {"text": "Where did you look?", "seen": seen})
    assert response.status == 409
    assert response.headers["HX-Retarget"] == "#composer-notice"
    assert "have not seen" in response.page
    assert await outgoing(building) == []
    fields = {"text": "Good!", "seen": await opened(building, ann, number)}
    assert (await ann.post(f"/tickets/{number}/reply", fields)).status == 200


class Thread:
    """A conversation known by its id alone."""

    def __init__(self, identifier):
        self.id = identifier


@pytest.mark.parametrize("seen", ["", "zzz", "'; --"])
async def test_a_reply_that_names_nothing_seen_is_refused(building, ann, seen):
    number = await ticket(building.store)
    assert (await ann.post(f"/tickets/{number}/reply", {"text": "Hello", "seen": seen})).status == 409


async def test_an_undone_reply_is_never_sent_and_its_text_returns(building, ann):
    number = await ticket(building.store)
    await ann.post(f"/tickets/{number}/reply", {"text": "Too hasty", "seen": await opened(building, ann, number)})
    (sent,) = await outgoing(building)
    response = await ann.post(f"/messages/{sent.id}/undo")
    assert ">Too hasty</textarea>" in response.page
    assert await outgoing(building) == []
    again = await ann.post(f"/messages/{sent.id}/undo")
    assert again.status == 404


async def test_a_reply_goes_only_to_names_of_this_customer(building, ann):
    number = await ticket(building.store)
    fields = {"text": "x", "seen": await opened(building, ann, number), "way": "email:stranger@example.net"}
    assert (await ann.post(f"/tickets/{number}/reply", fields)).status == 400
    assert await outgoing(building) == []


async def test_files_go_along(building, ann):
    number = await ticket(building.store)
    seen = await opened(building, ann, number)
    form = FormData({"csrf": ann.csrf, "text": "See the file.", "seen": seen})
    form.add_field("files", io.BytesIO(b"%PDF-1.7 x"), filename="../../policy.pdf", content_type="application/pdf")
    assert (await ann.client.post(f"/tickets/{number}/reply", data=form)).status == 200
    async with building.store.read() as uow:
        file = (await uow.session.scalars(select(Attachment))).one()
    assert file.filename.endswith("policy.pdf")
    assert await building.store.blobs.read(file.sha256) == b"%PDF-1.7 x"


async def test_a_note_stays_inside(building, ann):
    number = await ticket(building.store)
    response = await ann.post(f"/tickets/{number}/note", {"text": "Ask claims first."})
    assert "Ask claims first." in response.page
    (note,) = await outgoing(building)
    assert note.kind == "note"
    async with building.store.read() as uow:
        assert await uow.session.get(Delivery, note.id) is None


async def test_a_message_is_forwarded_with_its_text(building, ann):
    number = await ticket(building.store, "The roof leaks.")
    seen = await opened(building, ann, number)
    fields = {"message": seen, "to": "roofer@example.org", "text": "Please look at this."}
    assert (await ann.post(f"/tickets/{number}/forward", fields)).status == 200
    (sent,) = await outgoing(building)
    assert sent.addresses["to"] == ["roofer@example.org"]
    assert "The roof leaks." in sent.quoted_text


async def test_a_message_of_a_foreign_ticket_is_not_forwarded(building, ann):
    own, foreign = await ticket(building.store), await ticket(building.store, queue="claims")
    async with building.store.read() as uow:
        secret = (await uow.session.scalars(select(Message).order_by(col(Message.id).desc()))).first()
    fields = {"message": secret.id, "to": "eve@example.org", "text": ""}
    assert foreign != own
    assert (await ann.post(f"/tickets/{own}/forward", fields)).status == 404


async def test_a_draft_is_kept_for_its_writer_until_it_is_sent(building, ann):
    number = await ticket(building.store)
    assert (await ann.post(f"/tickets/{number}/draft", {"mode": "reply", "text": "Dear Ca"})).status == 204
    assert ">Dear Ca</textarea>" in (await ann.get(f"/tickets/{number}")).page
    bob = await building.person("bob", queues=("service",))
    assert "Dear Ca" not in (await bob.get(f"/tickets/{number}")).page
    await ann.post(f"/tickets/{number}/reply", {"text": "Dear Carol", "seen": await opened(building, ann, number)})
    async with building.store.read() as uow:
        row = await one_row(uow, ann.actor, number)
        assert await load_draft(uow, ann.actor, row.id) is None


async def test_prepared_answers_are_filled_in_before_they_are_shown(building, ann):
    async with building.store.transaction() as uow:
        await seed_defaults(uow, building.settings)
    number = await ticket(building.store, identity=mail("carol@example.org", "Carol {{7*7}}"), language="en")
    page = (await ann.get(f"/tickets/{number}/canned?q=ack")).page
    assert "Hello Carol {{7*7}}," in page
    assert f"#{number}" in page
    assert "{{ customer.name }}" not in page


async def test_an_empty_reply_is_refused_with_a_notice(building, ann):
    number = await ticket(building.store)
    fields = {"text": "  ", "seen": await opened(building, ann, number)}
    response = await ann.post(f"/tickets/{number}/reply", fields, headers={"HX-Request": "true"})
    assert response.status == 400
    assert "toast-fault" in response.page


async def test_the_composer_shows_the_signature_that_will_stand_below(building, ann):
    number = await ticket(building.store)
    async with building.store.transaction() as uow:
        queue = await ensure_queue(uow, "service")
        queue.signature, queue.sender_address = "**{{ agent.name }}** at sea", "claims@desk.example"
        await agents.set_preferences(uow, ann.actor, signature="My own words")
    page = (await ann.get(f"/tickets/{number}")).page
    assert "<strong>ann</strong> at sea" in page
    assert "My own words" in page
    assert "claims@desk.example" in page


@pytest.mark.parametrize(("chosen", "stands"), [("queue", "Desk"), ("own", "Mine"), ("none", ""), ("x'", "Desk")])
async def test_the_chosen_signature_is_sent(building, ann, chosen, stands):
    number = await ticket(building.store)
    async with building.store.transaction() as uow:
        (await ensure_queue(uow, "service")).signature = "Desk"
        await agents.set_preferences(uow, ann.actor, signature="Mine")
    fields = {"text": "Hello", "seen": await opened(building, ann, number), "signature": chosen}
    await ann.post(f"/tickets/{number}/reply", fields)
    (sent,) = await outgoing(building)
    assert (sent.signature, sent.quoted_text) == (stands, "")


async def test_the_conversation_is_quoted_when_asked_for_and_folded_in_the_story(building, ann):
    number = await ticket(building.store, "Where is it?")
    fields = {"text": "Here.", "seen": await opened(building, ann, number), "quote": "1"}
    response = await ann.post(f"/tickets/{number}/reply", fields)
    (sent,) = await outgoing(building)
    assert "> Where is it?" in sent.quoted_text
    assert re.search(r'<details class="quote">.*&gt; Where is it\?', response.page, re.DOTALL)


async def test_a_forwarded_message_waits_for_an_undo(building, ann):
    number = await ticket(building.store)
    fields = {"message": await opened(building, ann, number), "to": "roofer@example.org", "text": "Please look."}
    response = await ann.post(f"/tickets/{number}/forward", fields)
    (sent,) = await outgoing(building)
    assert f"/messages/{sent.id}/undo" in response.page
    await ann.post(f"/messages/{sent.id}/undo")
    assert await outgoing(building) == []


async def test_a_pasted_picture_is_shown_where_it_was_put(building, ann):
    number = await ticket(building.store)
    seen = await opened(building, ann, number)
    form = FormData({"csrf": ann.csrf, "text": "Look ![it](attached:a.png)", "seen": seen})
    form.add_field("files", io.BytesIO(b"\x89PNG\r\n\x1a\nrest"), filename="a.png", content_type="image/png")
    page = await (await ann.client.post(f"/tickets/{number}/reply", data=form)).text()
    (sent,) = await outgoing(building)
    assert re.search(r'<p>Look <img src="/attachments/[0-9a-f-]+\?inline=1" alt="it"></p>', page)
    assert '<img src="cid:' in sent.html


async def test_a_reply_made_of_a_suggestion_tells_that_it_was_used(building, ann):
    number = await ticket(building.store, "How do I reset my password?")
    async with building.store.transaction() as uow:
        text = "Open the settings and choose reset."
        article = await create_article(
            uow, title="Reset my password", text=text, language="en", status="published", questions=["reset password?"]
        )
    shown = (await ann.get(f"/tickets/{number}/suggestions")).page
    assert f'name="shown" value="{article.id}" form="composer-form"' in shown
    seen = await opened(building, ann, number)
    await ann.post(f"/tickets/{number}/reply", {"text": text, "seen": seen, "inserted": article.id})
    async with building.store.read() as uow:
        (kept,) = await uow.session.scalars(select(Feedback))
    assert (kept.article_id, kept.source, kept.agent_id) == (article.id, "used", ann.actor.agent_id)


async def solved(building, queue="service"):
    """Number of a ticket of another customer, answered and resolved by a colleague who works there."""
    bo = await hire(building.store, "bo", queues=[queue])
    other = mail("lena@mail.example", "Lena Brandt")
    number = await ticket(building.store, LAMP, identity=other, queue=queue, subject="A <lamp>")
    async with building.store.transaction() as uow:
        found = await access_ticket(uow, MACHINE, number)
        await desk.reply(uow, bo, found, text="Hello Lena,\n\nturn the <screw>.", resolve=True)
    return number


async def test_solved_tickets_are_offered_with_their_answer_behind_a_key(building, ann):
    other = await solved(building)
    number = await ticket(building.store, LAMP, identity=mail(name="Carol White"))
    assert f'hx-get="/tickets/{number}/similar?view=all&amp;for=' in (await ann.get(f"/tickets/{number}?view=all")).page
    shown = (await ann.get(f"/tickets/{number}/similar?view=all")).page
    assert f'<a class="small" href="/tickets/{other}?view=all">#{other}</a>' in shown
    assert "<template>Hello Carol White,\n\nturn the &lt;screw&gt;.</template>" in shown
    assert 'data-insert data-suggestion="4"' in shown
    assert f'<kbd>4</kbd><span>Insert<span class="unseen"> #{other}</span></span>' in shown
    assert ("A &lt;lamp&gt;" in shown, "Solved before" in shown, "Lena" in shown) == (True, True, False)


async def test_where_nothing_like_it_was_solved_nothing_is_shown(building, ann):
    await solved(building, "claims")  # not a queue of hers
    number = await ticket(building.store, LAMP)
    assert (await ann.get(f"/tickets/{number}/similar")).page.strip() == ""


async def test_the_keys_of_solved_tickets_are_explained(ann):
    keys = (await ann.get("/inbox")).page
    assert "<kbd>4</kbd><kbd>5</kbd><kbd>6</kbd></dt><dd>Insert the answer to a solved ticket" in keys
