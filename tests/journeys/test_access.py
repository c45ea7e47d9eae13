"""Nobody is shut out: axe finds nothing on any page, light or dark (WCAG 2.2 AA).

axe's own best practices are held too. What axe cannot judge by itself (``incomplete``) is left to people.
"""

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect
from psycopg.types.json import Json

import contactcenter
from tests.browser import PHONE, still
from tests.journeys.conftest import ADMIN

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path(contactcenter.__file__).parent / "_assets" / "axe.min.js"
FINDINGS = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}});
  return found.violations.flatMap(({id, help, nodes}) => nodes.map(({target, failureSummary}) =>
    `${id}: ${help}\\n    ${target.join(" ")}\\n    ${failureSummary.replace(/\\s+/g, " ")}`));
}"""
"""Every element that breaks a rule, with the rule."""

MARTA, DOUBTFUL = "marta.ohlsen@mail.example", "leo.dubois@mail.example"
BROKEN, BLOCKED = "broken.post@mail.example", "lottery@casino.example"
PAGES = (
    "/inbox", "/inbox?view=all", "/inbox?q=nothing-is-called-that", "/tickets/{ticket}", "/tickets/{doubtful}",
    "/tickets/new", "/customers", "/customers/{customer}", "/board", "/board?display=1", "/quarantine",
    "/quarantine?tab=blocked", "/quarantine/senders", "/quarantine/{broken}", "/knowledge", "/knowledge/{article}",
    "/admin", "/admin/agents", "/admin/queues", "/admin/queues/{queue}", "/admin/categories", "/admin/mailboxes",
    "/admin/mailboxes/new", "/admin/answers", "/admin/tokens", "/preferences/signature",
    "/machine", "/machine/refund.en", "/machine/model", "/audits", "/audits?tab=judged", "/topics",
)  # fmt: skip
NARROW = (
    "/admin/mailboxes", "/admin/mailboxes/new", "/admin/queues/{queue}", "/preferences/signature", "/tickets/{ticket}",
    "/tickets/{doubtful}", "/quarantine", "/quarantine?tab=blocked", "/quarantine/senders", "/quarantine/{broken}",
    "/machine", "/machine/refund.en", "/machine/model", "/audits", "/topics",
)  # fmt: skip
"""Pages that are read on a phone too."""
THEMES = ("light", "dark")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def places(office):
    """Something to look at on every page; the parts of their addresses."""
    await office.write(MARTA, "Complaint about my claim", "I am disappointed. Nobody calls back.", name="Marta Ohlsen")
    await office.write(BROKEN, "Unreadable", "Whatever this was.")
    await office.write(BLOCKED, "You have won", "Click here.")
    await office.write(DOUBTFUL, "Pay this today", "Please pay the invoice before Friday.", name="Leo Dubois")
    ticket = await office.ticket_of(f"email:{MARTA}")
    await office.ticket_of(f"email:{BLOCKED}")
    broken = await office.ticket_of(f"email:{BROKEN}")
    shunted = await asyncio.to_thread(_shunt, office.service, broken["number"])
    doubtful = await office.ticket_of(f"email:{DOUBTFUL}")
    await asyncio.to_thread(_trouble, office.service, doubtful["number"], ticket["number"])
    articles = await office.service.api("GET", "/articles")
    queues = await office.service.api("GET", "/queues")
    return {
        "ticket": ticket["number"],
        "doubtful": doubtful["number"],
        "customer": ticket["customer"]["id"],
        "broken": shunted,
        "article": articles["items"][0]["id"],
        "queue": queues["items"][0]["id"],
    }


def _shunt(service, number):
    """Put the message of a ticket into quarantine; its id."""
    with service.database() as connection:
        row = connection.execute(
            "UPDATE message SET state = 'quarantined', failure = 'its parts have no end' "
            "WHERE conversation_id = (SELECT conversation_id FROM ticket WHERE number = %s) AND direction = 'in' "
            "RETURNING id",
            (number,),
        ).fetchone()
    return row[0]


def _trouble(service, number, related):
    """Everything at once that a ticket says of a sender who is not to be believed and of mail that does not arrive."""
    checks = {"verdict": "failed", "spf": "fail", "spf_domain": "far.example", "dmarc": "fail", "policy": "reject"}
    seal = {"smime": "foreign", "smime_signer": "other@far.example", "smime_issuer": "A CA", "why": "not aligned"}
    refused = {"a@far.example": {"final": True, "detail": "550"}, "b@far.example": {"final": False, "detail": "451"}}
    with service.database() as connection:
        place = f"conversation_id = (SELECT conversation_id FROM ticket WHERE number = {int(number)})"
        said = Json(checks | seal)
        connection.execute(f"UPDATE message SET authenticated = false, authentication = %s WHERE {place}", (said,))
        mails = f"message_id IN (SELECT id FROM message WHERE {place})"
        connection.execute(f"UPDATE delivery SET state = 'undelivered', refused = %s WHERE {mails}", (Json(refused),))
        connection.execute(
            "UPDATE ticket SET tags = ARRAY['forged', 'boat'], "
            "related = ARRAY(SELECT id FROM ticket WHERE number = %s) WHERE number = %s",
            (related, number),
        )
        connection.execute(
            "UPDATE customer_identity SET undeliverable_at = now(), undeliverable_reason = '550' WHERE value = %s",
            (DOUBTFUL,),
        )
        connection.execute("UPDATE message SET state = 'blocked' WHERE identity = %s", (f"email:{BLOCKED}",))


async def findings(page):
    """What axe has to say about a page, once it stands still: half-shown text has half its contrast."""
    await still(page)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    return await page.evaluate(FINDINGS)


@pytest.mark.parametrize("theme", THEMES)
async def test_the_console_shuts_nobody_out(office, console, places, theme):
    page = await console(ADMIN, color_scheme=theme)
    broken = []
    for path in PAGES:
        await page.goto(office.service.url + path.format(**places))
        await expect(page.get_by_role("main")).to_be_visible()
        broken += [f"{path}: {one}" for one in await findings(page)]
    assert broken == [], "\n".join(broken)


@pytest.mark.parametrize("theme", THEMES)
async def test_what_opens_on_a_ticket_shuts_nobody_out(office, console, places, theme):
    page = await console(ADMIN, color_scheme=theme)
    await page.goto(f"{office.service.url}/tickets/{places['ticket']}")
    menus = page.locator("#main details.menu > summary, #preferences > summary")
    broken = []
    for menu in await menus.all():
        await menu.click()
        broken += [f"{await menu.inner_text()}: {one}" for one in await findings(page)]
        await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    broken += await findings(page)
    assert broken == [], "\n".join(broken)


@pytest.mark.parametrize("theme", THEMES)
async def test_mail_and_its_trouble_shut_nobody_out_on_a_phone(office, console, places, theme):
    page = await console(ADMIN, color_scheme=theme, viewport=PHONE, has_touch=True)
    broken = []
    for path in NARROW:
        await page.goto(office.service.url + path.format(**places))
        await expect(page.get_by_role("main")).to_be_visible()
        broken += [f"{path}: {one}" for one in await findings(page)]
        proof = page.locator(".proof > summary")
        if await proof.count():
            await proof.first.click()
            broken += [f"{path}, why: {one}" for one in await findings(page)]
        wide, has = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        broken += [f"{path}: {wide} of {has} pixels"] if wide > has else []
    assert broken == [], "\n".join(broken)


async def test_the_account_finds_a_field_without_a_name_and_words_too_pale(office, visit):
    page = await visit()
    await page.goto(office.service.url)
    await page.evaluate("document.querySelector('label').remove()")
    await page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    assert {one.partition(":")[0] for one in await findings(page)} == {"label", "color-contrast"}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("path", ["/", "/password"])
async def test_the_way_in_shuts_nobody_out(office, visit, path, theme):
    page = await visit(color_scheme=theme)
    await page.goto(office.service.url + path)
    assert await findings(page) == []


@pytest.mark.parametrize("theme", THEMES)
async def test_the_chat_in_a_foreign_page_shuts_nobody_out(office, visit, theme):
    page = await visit(color_scheme=theme)
    await page.goto(office.shop)
    await page.get_by_role("button", name="Open chat").click()
    assert await findings(page) == []
