"""A customer helps himself: he searches, reads, says whether it helped, and finds people when it did not."""

import pytest
from playwright.async_api import expect

from tests.browser import PHONE
from tests.journeys.conftest import SOFIA
from tests.journeys.test_access import THEMES, findings

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_customer_without_scripts_finds_his_answer_and_the_desk_sees_it(office, visit, console):
    page = await visit(java_script_enabled=False)
    await page.goto(f"{office.service.url}/help/")
    await expect(page).to_have_url(f"{office.service.url}/help/en/")
    await page.get_by_role("searchbox").fill("I have forgotten my password")
    await page.get_by_role("searchbox").press("Enter")
    await page.get_by_role("link", name="How to reset your password").click()
    await page.get_by_role("button", name="Yes").click()
    await expect(page.get_by_text("We are glad that it helped")).to_be_visible()
    await page.get_by_role("link", name="如何重设密码").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("如何重设密码")
    await page.get_by_role("button", name="没有").click()
    await expect(page.get_by_role("link", name="support@desk.example")).to_have_attribute(
        "href", "mailto:support@desk.example"
    )
    assert await page.context.cookies() == []
    sofia = await console(SOFIA)
    await sofia.goto(f"{office.service.url}/knowledge?q=reset+password")
    row = sofia.get_by_role("row").filter(has_text="How to reset your password")
    await expect(row).to_contain_text("1 yes, 0 no")


async def test_a_whole_letter_in_the_search_field_gets_a_page(office, visit):
    page = await visit()
    answer = await page.goto(f"{office.service.url}/help/en/search?q={'zebra' * 2000}")
    assert answer is not None
    assert answer.status == 200
    await expect(page.get_by_role("heading", level=1)).to_contain_text("We found nothing")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("theme", THEMES)
async def test_the_help_pages_shut_nobody_out_and_fit_a_phone(office, visit, theme, language):
    listed = await office.service.api("GET", "/articles", params={"language": language, "limit": "200"})
    article = next(one["id"] for one in listed["items"] if one["key"] == "report-car-accident")
    base = f"{office.service.url}/help/{language}/"
    broken = []
    for size in ({}, {"viewport": PHONE, "has_touch": True}):
        page = await visit(color_scheme=theme, **size)
        for path in ("", "search?q=card+银行卡", "search?q=xylophone", f"articles/{article}", "articles/none"):
            await page.goto(base + path)
            broken += [f"{path}: {one}" for one in await findings(page)]
            wide, has = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            broken += [f"{path}: {wide} of {has} pixels"] if wide > has else []
        await page.goto(f"{base}articles/{article}")
        await page.locator("button[value=no]").click()
        await expect(page.locator(".reach")).to_be_visible()
        broken += [f"after a no: {one}" for one in await findings(page)]
    assert broken == [], "\n".join(broken)
