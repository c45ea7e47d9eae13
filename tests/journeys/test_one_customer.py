"""The same person by mail, SMS and chat: an agent says so, and there is one customer with one story."""

import pytest
from playwright.async_api import expect

from tests.journeys.conftest import SOFIA
from tests.service import NUMBER, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

LENA, PHONE = "lena.brandt@mail.example", "+12025550177"
BY_MAIL = "Please send the surveyor's report on the hail damage to my new accountant."
BY_SMS = "surveyor came at 9, roof is worse than he thought"
BY_CHAT = "It is Lena again, the roofer asks for a copy too."


async def test_a_person_on_three_channels_becomes_one_customer_with_one_timeline(office, visit, console):
    await office.write(LENA, "Report on the hail damage", BY_MAIL, name="Lena Brandt")
    assert await office.service.twilio.inject(PHONE, NUMBER, BY_SMS) == 200
    visitor = await visit()
    await visitor.goto(office.shop)
    await visitor.get_by_role("button", name="Open chat").click()
    await visitor.get_by_label("Your name").fill("Lena from the chat")
    await visitor.get_by_label("Your message").fill(BY_CHAT)
    await visitor.get_by_label("Your message").press("Enter")

    page = await console(SOFIA)
    await page.get_by_role("link", name="Everything").click()
    await expect(page.get_by_role("link", name="Lena from the chat")).to_be_visible()
    await until(lambda: office.tickets_of(f"phone:{PHONE}"), "the ticket of the text message")
    await page.get_by_role("link", name="Lena Brandt").click()
    await page.get_by_role("complementary", name="Customer").get_by_role("link", name="Lena Brandt").click()
    for wanted in (PHONE, "Lena from the chat"):
        await page.get_by_text("Join with another customer").click()
        await page.get_by_label("Who is the same person?").fill(wanted)
        await page.locator("#merge").get_by_role("button", name=wanted).click()
        await page.get_by_role("button", name="Join the two").click()
        await expect(page.get_by_text("Joined into this customer")).to_be_visible()
        await expect(page.get_by_role("complementary", name="Customer")).to_contain_text(wanted)

    story = page.get_by_role("region", name="Story").last
    for line in (BY_MAIL, BY_SMS, BY_CHAT):
        await expect(story).to_contain_text(line)
    await page.goto(f"{office.service.url}/customers?q=Lena")
    await expect(page.get_by_role("row").filter(has_text="Lena")).to_have_count(1)

    by_mail = await office.service.api("GET", "/customers", params={"identity": f"email:{LENA}"})
    by_sms = await office.service.api("GET", "/customers", params={"identity": f"phone:{PHONE}"})
    assert by_mail["items"] == by_sms["items"] != []
    told = await office.service.api("GET", f"/customers/{by_mail['items'][0]['id']}/timeline")
    assert {one["channel"] for one in told["items"] if one["direction"] == "in"} == {"email", "sms", "chat"}
