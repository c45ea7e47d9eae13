"""Nobody is shut out: axe finds nothing on any page, light or dark (WCAG 2.2 AA).

axe's own best practices are held too. What axe cannot judge by itself (``incomplete``) is left to people.
"""

import asyncio
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

import contactcenter
from tests.browser import still
from tests.journeys.conftest import ADMIN

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path(contactcenter.__file__).parent / "_assets" / "axe.min.js"
FINDINGS = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"], rules: {"target-size": {enabled: true}}});
  return found.violations.flatMap(({id, help, nodes}) => nodes.map(({target, failureSummary}) =>
    `${id}: ${help}\\n    ${target.join(" ")}\\n    ${failureSummary.replace(/\\s+/g, " ")}`));
}"""
"""Every element that breaks a rule, with the rule."""

MARTA, BROKEN = "marta.ohlsen@mail.example", "broken.post@mail.example"
PAGES = (
    "/inbox", "/inbox?view=all", "/inbox?q=nothing-is-called-that", "/tickets/{ticket}", "/tickets/new", "/customers",
    "/customers/{customer}", "/board", "/board?display=1", "/quarantine", "/quarantine/{broken}", "/knowledge",
    "/knowledge/{article}", "/admin", "/admin/agents", "/admin/queues", "/admin/categories", "/admin/mailboxes",
    "/admin/answers", "/admin/tokens",
)  # fmt: skip
THEMES = ("light", "dark")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def places(office):
    """Something to look at on every page; the parts of their addresses."""
    await office.write(MARTA, "Complaint about my claim", "I am disappointed. Nobody calls back.", name="Marta Ohlsen")
    await office.write(BROKEN, "Unreadable", "Whatever this was.")
    ticket = await office.ticket_of(f"email:{MARTA}")
    broken = await office.ticket_of(f"email:{BROKEN}")
    shunted = await asyncio.to_thread(_shunt, office.service, broken["number"])
    articles = await office.service.api("GET", "/articles")
    return {
        "ticket": ticket["number"],
        "customer": ticket["customer"]["id"],
        "broken": shunted,
        "article": articles["items"][0]["id"],
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
