"""What was solved before is at hand: one key puts the answer into the reply, for this customer."""

import pytest
from playwright.async_api import expect

from tests.browser import PHONE
from tests.journeys.conftest import SOFIA
from tests.journeys.test_access import findings

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST, SECOND = "ines.calvet@mail.example", "tom.archer@mail.example"
QUESTION = "Which setting of the dash camera makes it record while my car is parked? The manual is silent."
ANSWER = "Dear Ines,\n\nopen Settings, Recording, and choose Parking. Reach us about {number}.\n\nRegards"


async def test_the_key_four_inserts_the_answer_to_a_solved_ticket(office, console):
    await office.write(FIRST, "Recording while parked", QUESTION, name="Ines Calvet")
    number = (await office.ticket_of(f"email:{FIRST}"))["number"]
    reply = {"kind": "reply", "text": ANSWER.format(number=number)}
    await office.service.api("POST", f"/tickets/{number}/messages", json=reply)
    await office.service.api("POST", f"/tickets/{number}/resolve", json={})
    await office.write(SECOND, "Parked car", QUESTION, name="Tom Archer")
    at_hand = (await office.ticket_of(f"email:{SECOND}"))["number"]

    page = await console(SOFIA)
    await page.goto(f"{office.service.url}/tickets/{at_hand}")
    solved = page.get_by_role("list", name="Solved before")
    await expect(solved.get_by_role("link", name=f"#{number}")).to_be_visible()
    await page.keyboard.press("4")
    text = page.get_by_role("textbox", name="Text", exact=True)
    await expect(text).to_have_value(
        "Dear Tom Archer,\n\nopen Settings, Recording, and choose Parking. Reach us about […].\n\nRegards"
    )

    await page.set_viewport_size(PHONE)
    await expect(solved.get_by_role("button", name=f"Insert #{number}")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert await findings(page) == []
    await solved.get_by_role("link", name=f"#{number}").click()
    await expect(page).to_have_url(f"{office.service.url}/tickets/{number}?view=open")
