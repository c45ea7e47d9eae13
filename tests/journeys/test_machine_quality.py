"""A question is answered by the machine and drawn; an agent judges it by keyboard; the supervisor sees the figure."""

import pytest
from playwright.async_api import expect

from tests.browser import PHONE
from tests.journeys.conftest import ANNA, SOFIA
from tests.journeys.test_access import THEMES, findings
from tests.service import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKS, WONDERS = "ines.moreau@mail.example", "karl.voss@mail.example"


async def answered(office, address, name):
    """A ticket whose question the machine answered, and whose answer was drawn."""
    wish = {"audit_rate": 1.0, "reason": "a journey"}
    await office.service.api("PATCH", "/answer-policies/account_access/en", json=wish)
    await office.write(address, "Password", "I forgot my password. How do I reset it?", name=name)
    await office.letters_to(address, 1)
    number = (await office.ticket_of(f"email:{address}"))["number"]
    await until(lambda: drawn(office, number), "the answer is drawn")
    return number


async def drawn(office, number):
    """The audit of a ticket."""
    found = await office.service.api("GET", "/audits", params={"limit": "100"})
    return next((one["id"] for one in found["items"] if one["ticket"] == number), None)


async def test_an_answer_is_judged_by_keyboard_and_the_figure_follows(office, console):
    number = await answered(office, ASKS, "Ines Moreau")
    page = await console(ANNA)
    await page.goto(f"{office.service.url}/audits/{await drawn(office, number)}")
    await expect(page.get_by_role("heading", name="The machine answered")).to_be_visible()
    await page.keyboard.press("y")
    await expect(page.get_by_text("Judged: Right.")).to_be_visible()
    assert await drawn(office, number) is None
    boss = await console(SOFIA)
    await boss.goto(f"{office.service.url}/machine")
    row = boss.get_by_role("row").filter(has=boss.get_by_role("link", name="Account access")).filter(has_text="English")
    await expect(row.get_by_text("too few audits to tell")).to_be_visible()


async def test_a_supervisor_who_looks_sees_what_others_change(office, console):
    boss = await console(SOFIA)
    await boss.goto(f"{office.service.url}/machine?days=7")
    await expect(boss.locator("#live-state")).to_be_attached()
    row = boss.get_by_role("row").filter(has=boss.get_by_role("link", name="Account access")).filter(has_text="English")
    for state, told in (("shadow", "Shadow"), ("shipped", "As delivered")):
        wish = {"state": state, "reason": "a journey"}
        await office.service.api("PATCH", "/answer-policies/account_access/en", json=wish)
        await expect(row).to_contain_text(told)


async def test_a_category_is_corrected_by_typing_its_first_letters(office, console):
    number = await answered(office, WONDERS, "Karl Voss")
    page = await console(ANNA)
    await page.goto(f"{office.service.url}/tickets/{number}")
    await page.keyboard.press("l")
    await page.keyboard.type("contact")
    await page.keyboard.press("Enter")
    await expect(page.locator("#category-menu")).to_contain_text("corrected by Anna Keller")
    await page.keyboard.press("z")
    await expect(page.locator("#category-menu")).to_contain_text("Account access")


async def test_what_corrects_the_machine_opens_in_sight_on_a_phone(office, console):
    number = await answered(office, "phone.reader@mail.example", "A Reader")
    page = await console(ANNA, viewport=PHONE, has_touch=True)
    await page.goto(f"{office.service.url}/tickets/{number}")
    seen = {}
    for menu in await page.locator(".triage details.menu").all():
        await menu.locator("summary").first.click()
        box = await menu.locator(".menu-body").bounding_box()
        seen[await menu.get_attribute("id")] = (
            box["x"] >= 0
            and box["y"] >= 0
            and box["x"] + box["width"] <= PHONE["width"]
            and box["y"] + box["height"] <= PHONE["height"]
        )
        await page.keyboard.press("Escape")
    assert {"category-menu", "why-menu", "urgency-menu", "sentiment-menu"} <= set(seen)
    assert all(seen.values()), seen


@pytest.mark.parametrize("theme", THEMES)
async def test_filled_pages_of_the_machines_work_shut_nobody_out(office, console, theme):
    number = await answered(office, f"{theme}.reader@mail.example", "A Reader")
    audit = await drawn(office, number)
    pages = ("/machine", "/machine/account_access.en", f"/audits/{audit}")
    broken = []
    for size in ({}, {"viewport": PHONE, "has_touch": True}):
        page = await console(SOFIA, color_scheme=theme, **size)
        for path in pages:
            await page.goto(office.service.url + path)
            if path.startswith("/audits"):
                await page.locator("#wrong > summary").click()
            broken += [f"{path}: {one}" for one in await findings(page)]
            wide, has = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            broken += [f"{path}: {wide} of {has} pixels"] if wide > has else []
    assert broken == [], "\n".join(broken)
