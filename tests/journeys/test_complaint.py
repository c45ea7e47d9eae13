"""A complaint is people's work: from the customer's mail to the agent's answer and back."""

import re

import pytest
from playwright.async_api import expect

from tests.journeys.conftest import ANNA

pytestmark = pytest.mark.asyncio(loop_scope="session")

NORA = "nora.bergstrom@mail.example"
COMPLAINT = """\
This is the third time I am writing and I am very disappointed. I waited twelve days for a call back and nobody called.
If this is not solved this week I will go to the ombudsman. I want to complain formally.

Nora Bergström
"""
ANSWER = "I am sorry, Ms Bergström. I shall call you tomorrow at nine."
THANKS = "Nine suits me. I hope that it is the last time I have to ask."


async def test_a_complaint_is_answered_by_an_agent_and_the_customer_writes_back_into_the_open_page(office, console):
    mail = await office.write(NORA, "Complaint: nobody calls me back", COMPLAINT, name="Nora Bergström")
    ticket = await office.ticket_of(f"email:{NORA}")
    assert (ticket["queue"], ticket["complaint"], ticket["answered_by"]) == ("complaints", True, None)

    page = await console(ANNA)
    await page.get_by_role("link", name="Complaints").first.click()
    await page.get_by_role("link", name="Complaint: nobody calls me back").click()
    story = page.get_by_role("region", name="Conversation")
    await expect(story).to_contain_text("I waited twelve days for a call back")
    await expect(page.get_by_role("button", name="Reply", exact=True)).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_role("button", name="New message below")).to_be_hidden()
    await page.get_by_role("textbox", name="Text").fill(ANSWER)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(story).to_contain_text(ANSWER)

    _receipt, letter = await office.letters_to(NORA, 2)
    answer = letter.message
    assert ANSWER in office.text_of(answer)
    assert answer["In-Reply-To"] == mail["Message-ID"]
    assert mail["Message-ID"] in answer["References"]
    assert answer["Subject"] == "Re: Complaint: nobody calls me back"
    assert answer["Auto-Submitted"] is None

    await office.write(NORA, answer["Subject"], THANKS, name="Nora Bergström", answers=answer)
    await expect(story).to_contain_text(THANKS)
    await expect(page).to_have_url(re.compile(rf"/tickets/{ticket['number']}\b"))
    said = await office.said_on(ticket["number"])
    assert [one["author"]["type"] for one in said] == ["customer", "machine", "agent", "customer"]


async def test_the_machine_sends_no_more_than_a_receipt_for_a_complaint(office):
    sender = "vera.lindholm@mail.example"
    await office.write(sender, "Formal complaint", COMPLAINT, name="Vera Lindholm")
    ticket = await office.ticket_of(f"email:{sender}")
    (letter,) = await office.letters_to(sender, 1)
    assert letter.message["Auto-Submitted"] == "auto-replied"
    assert str(ticket["number"]) in office.text_of(letter.message)
    said = await office.said_on(ticket["number"])
    assert [one["direction"] for one in said] == ["in", "out"]
    assert (await office.ticket_of(f"email:{sender}"))["answered_by"] is None
