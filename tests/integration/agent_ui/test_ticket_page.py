"""A ticket's page: what it shows, commands on it, and what a stranger to its queue gets."""

import re

import pytest

from contactcenter.channels.email.html_text import UNSEEN_TEXT
from contactcenter.knowledge import articles
from contactcenter.staff.access import MACHINE
from contactcenter.tickets.access import access_ticket
from contactcenter.tickets.listing import one_row
from contactcenter.tickets.queues import ensure_queue
from contactcenter.tickets.seeds import seed_defaults
from tests.integration.office import counted, hire, mail, ticket, write

ASSESSMENT = {
    "language": "en",
    "category": {"label": "billing", "probability": 0.91, "alternatives": [{"label": "refund", "probability": 0.06}]},
    "urgency": {"label": "high", "probability": 0.8},
    "sentiment": {"label": "negative", "probability": 0.7},
    "complaint": {"probability": 0.9, "kind": "billing"},
    "entities": [{"type": "policy", "text": "P-1234567", "start": 0, "end": 9, "value": "P-1234567"}],
    "why": [{"term": "invoice", "weight": 2.1, "label": "billing"}],
    "model": "triage-service",
    "answer": None,
    "decision": "route",
}


async def row_of(building, visitor, number):
    async with building.store.read() as uow:
        return await one_row(uow, visitor.actor, number)


async def test_the_whole_story_and_the_customer_are_there(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store, "Where is my order?", identity=mail("carol@example.org", "Carol"))
    page = (await ann.get(f"/tickets/{number}")).page
    assert "Where is my order?" in page
    assert "carol@example.org" in page
    assert "Ticket opened" in page


async def test_htmx_gets_the_panes_alone_with_the_title(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    page = (await ann.get(f"/tickets/{number}", headers={"HX-Request": "true"})).page
    assert page.lstrip().startswith("<title>#")
    assert "<html" not in page
    restored = await ann.get(f"/tickets/{number}", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.page


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"owner": "customer", "title": "Motor", "status": "active"}, 'title="Motor · active"'),
        ({"owner": "another", "title": "", "status": ""}, "not as this customer’s"),
    ],
)
async def test_a_number_in_the_records_is_marked_as_his_or_not_his(building, record, shown):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    known = {**ASSESSMENT, "entities": [{**ASSESSMENT["entities"][0], "record": record}]}
    async with building.store.transaction() as uow:
        row = await one_row(uow, ann.actor, number)
        await write(uow, mail(), "P-1234567!", assessment=known, conversation=Thread(row.conversation_id))
    page = (await ann.get(f"/tickets/{number}")).page
    assert shown in page
    assert "P-1234567" in page


async def written(building, actor, number, **fields):
    """One more message of the customer on a ticket."""
    async with building.store.transaction() as uow:
        row = await one_row(uow, actor, number)
        await write(uow, mail(), "My invoice is wrong", conversation=Thread(row.conversation_id), **fields)


async def test_why_is_answered_in_words_with_the_figures_the_article_and_the_model(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    async with building.store.transaction() as uow:
        article = await articles.create_article(uow, title="Wrong invoices", text="Send it back.", language="en")
    trace = {
        "reasons": ["it is urgent", "the category billing goes to people"],
        "warnings": [UNSEEN_TEXT],
        "signals": {"category": 0.91, "margin": 0.85, "complaint": 0.9, "language": "en"},
        "threshold": 0.9,
        "probability": 0.71,
        "article": article.id,
        "article_version": 3,
    }
    said = {**ASSESSMENT, "model": "triage-service@0123456789ab"}
    await written(building, ann.actor, number, assessment=said, trace=trace)
    page = (await ann.get(f"/tickets/{number}")).page
    for told in ("85% ahead of the next", "it is urgent; the category “billing” goes to people", "Wrong invoices"):
        assert told in page
    for told in ("Version 3", "0123456789ab", "It hides words from its reader", "71%"):
        assert told in page
    assert "{" not in page[page.index('id="why-menu"') : page.index("Words that weighed most")]


@pytest.mark.parametrize(("locale", "said"), [("en", "Complaint</span></li>"), ("zh", "投诉</span></li>")])
async def test_words_that_made_it_a_complaint_are_said_to_in_the_readers_language(building, locale, said):
    ann = await building.person("ann", queues=("service",))
    await ann.post("/preferences", {"language": locale})
    number = await ticket(building.store)
    why = [{"term": "furious", "weight": 2.1, "label": "complaint"}]
    await written(building, ann.actor, number, assessment={**ASSESSMENT, "why": why})
    assert said in (await ann.get(f"/tickets/{number}")).page


async def test_a_message_that_triage_said_nothing_of_says_why_in_the_story_and_in_the_strip(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    await written(building, ann.actor, number, trace={"unassessed": "no-model"})
    page = (await ann.get(f"/tickets/{number}")).page
    assert page.count("not understood by the machine: no model is loaded") == 2


async def test_what_the_machine_understood_is_shown_and_can_be_corrected(building):
    ann = await building.person("ann", queues=("service", "billing"))
    async with building.store.transaction() as uow:
        await seed_defaults(uow, building.settings)
    number = await ticket(building.store, category="billing", category_probability=0.91)
    async with building.store.transaction() as uow:
        row = await one_row(uow, ann.actor, number)
        await write(uow, mail(), "P-1234567!", assessment=ASSESSMENT, conversation=Thread(row.conversation_id))
    page = (await ann.get(f"/tickets/{number}")).page
    for shown in ("Billing", "91%", "Refund", "6%", "Urgent", "Unhappy", "P-1234567", "invoice", "given to people"):
        assert shown in page
    answer = await ann.post(f"/tickets/{number}/category", {"category": "refund"})
    assert "learn from it" in answer.page
    assert (await row_of(building, ann, number)).category == "refund"


class Thread:
    """A conversation known by its id alone."""

    def __init__(self, identifier):
        self.id = identifier


@pytest.mark.parametrize("path", ["", "/row", "/live", "/suggestions", "/similar", "/canned"])
async def test_a_foreign_ticket_does_not_exist(building, path):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store, queue="claims")
    assert (await ann.get(f"/tickets/{number}{path}")).status == 404
    assert (await ann.get(f"/tickets/999999{path}")).status == 404


COMMANDS = (
    *("reply", "note", "forward", "draft", "assign", "resolve", "reopen", "pend", "close", "priority", "tags", "move"),
    *("category", "complaint", "snooze", "merge", "read", "unread"),
)


@pytest.mark.parametrize("command", COMMANDS)
async def test_no_command_reaches_a_foreign_ticket(building, command):
    ann = await building.person("ann", queues=("service",))
    own, number = await ticket(building.store), await ticket(building.store, queue="claims")
    fields = {"text": "x", "priority": "high", "tags": "x", "into": str(own), "category": "billing", "agent": "me"}
    assert (await ann.post(f"/tickets/{number}/{command}", fields)).status == 404


async def test_a_command_changes_the_ticket_and_offers_the_way_back(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    resolved = await ann.post(f"/tickets/{number}/resolve?view=open")
    assert (await row_of(building, ann, number)).status == "resolved"
    assert f'hx-post="/tickets/{number}/reopen?view=open"' in resolved.page
    await ann.post(f"/tickets/{number}/reopen")
    assert (await row_of(building, ann, number)).status == "open"


async def test_a_command_on_what_has_changed_meanwhile_is_refused(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    seen = (await row_of(building, ann, number)).version
    await ann.post(f"/tickets/{number}/priority", {"priority": "high"})
    late = await ann.post(f"/tickets/{number}/resolve", {"version": seen}, headers={"HX-Request": "true"})
    assert late.status == 409
    assert late.headers["HX-Reswap"] == "none"
    assert "Somebody was faster" in late.page


async def test_what_leaves_an_agents_queues_leaves_his_screen(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    async with building.store.transaction() as uow:
        claims = await ensure_queue(uow, "claims")
    moved = await ann.post(f"/tickets/{number}/move", {"queue": claims.id})
    assert moved.headers["HX-Redirect"].startswith("/inbox")
    assert (await ann.get(f"/tickets/{number}")).status == 404


async def test_a_merged_ticket_leads_to_its_target(building):
    ann = await building.person("ann", queues=("service",))
    source, target = await ticket(building.store), await ticket(building.store, "The same again")
    merged = await ann.post(f"/tickets/{source}/merge", {"into": f"#{target}"})
    assert merged.headers["Location"].startswith(f"/tickets/{target}")
    assert (await ann.get(f"/tickets/{source}")).headers["Location"].startswith(f"/tickets/{target}")


async def claim(building, *tags):
    """A stranger's ticket that claims to belong to a customer's: both numbers."""
    theirs = await ticket(building.store)
    async with building.store.transaction() as uow:
        target = await access_ticket(uow, MACHINE, theirs)
        related = [target.id]
    stranger = mail("eve@elsewhere.example")
    return await ticket(building.store, identity=stranger, related=related, tags=tags), theirs


async def test_a_ticket_that_claims_to_belong_to_another_is_merged_with_one_click(building):
    ann = await building.person("ann", queues=("service",))
    number, theirs = await claim(building)
    assert f'"into": {theirs}, "claimed": "yes"' in (await ann.get(f"/tickets/{number}")).page
    assert (await ann.post(f"/tickets/{number}/merge", {"into": str(theirs)})).status == 409
    merged = await ann.post(f"/tickets/{number}/merge", {"into": str(theirs), "claimed": "yes"})
    assert merged.headers["Location"].startswith(f"/tickets/{theirs}")


async def test_a_ticket_in_a_colleagues_name_is_marked_and_let_in_nowhere(building):
    ann = await building.person("ann", queues=("service",))
    number, theirs = await claim(building, "forged")
    page = (await ann.get(f"/tickets/{number}")).page
    assert "In a colleague" in page
    assert '"claimed"' not in page
    assert (await ann.post(f"/tickets/{number}/merge", {"into": str(theirs), "claimed": "yes"})).status == 409


async def test_nobody_is_let_in_where_he_claimed_nothing(building):
    ann = await building.person("ann", queues=("service",))
    number, _ = await claim(building)
    other = await ticket(building.store, identity=mail("dan@elsewhere.example"))
    assert (await ann.post(f"/tickets/{number}/merge", {"into": str(other), "claimed": "yes"})).status == 409


async def test_opening_a_ticket_marks_nothing_by_itself(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    await ann.get(f"/tickets/{number}")
    assert (await row_of(building, ann, number)).unread
    assert (await ann.post(f"/tickets/{number}/read")).status == 204
    assert not (await row_of(building, ann, number)).unread


async def test_an_agent_is_assigned_by_name_and_told(building):
    ann = await building.person("ann", queues=("service",))
    bob = await hire(building.store, "bob", queues=("service",))
    number = await ticket(building.store)
    answer = await ann.post(f"/tickets/{number}/assign", {"agent": bob.agent_id})
    assert re.search(rf"#{number} is with bob now", answer.page)
    assert "ann assigned the ticket to bob" in answer.page


async def test_a_long_ticket_takes_no_more_queries_than_a_short_one(building):
    ann = await building.person("ann", queues=("service",))
    number = await ticket(building.store)
    with counted(building.store) as short:
        await ann.get(f"/tickets/{number}")
    for count in range(5):
        await ann.post(f"/tickets/{number}/note", {"text": f"Note {count}"})
    with counted(building.store) as long:
        await ann.get(f"/tickets/{number}")
    assert len(long) == len(short) <= 32
