"""A visitor of a web page and an agent talk, both ways and live."""

import pytest
from playwright.async_api import expect

from tests.journeys.conftest import SOFIA

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = "Hi, my neighbour's crane leans over my greenhouse. Whom do I tell?"


async def test_a_visitor_and_an_agent_talk_live_and_a_reload_resumes_the_chat(office, visit, console):
    agent = await console(SOFIA)
    visitor = await visit()
    await visitor.goto(office.shop)
    await visitor.get_by_role("button", name="Open chat").click()
    await visitor.get_by_label("Your name").fill("Kim Hollis")
    await visitor.get_by_label("Your message").fill(QUESTION)
    await visitor.get_by_label("Your message").press("Enter")

    await agent.get_by_role("link", name="Kim Hollis").click()
    story = agent.get_by_role("region", name="Conversation")
    await expect(story).to_contain_text(QUESTION)
    await agent.get_by_role("textbox", name="Text").fill("To me. Which street is it?")
    await agent.get_by_role("button", name="Send", exact=True).click()
    chat = visitor.get_by_role("log", name="Conversation")
    await expect(chat).to_contain_text("Which street is it?")

    await visitor.get_by_label("Your message").fill("Mill Lane, number twelve.")
    await visitor.get_by_label("Your message").press("Enter")
    await expect(story).to_contain_text("Mill Lane, number twelve.")

    await visitor.reload()
    await visitor.get_by_role("button", name="Open chat").click()
    chat = visitor.get_by_role("log", name="Conversation")
    for line in (QUESTION, "Which street is it?", "Mill Lane, number twelve."):
        await expect(chat).to_contain_text(line)
    await visitor.get_by_label("Your message").fill("And thank you!")
    await visitor.get_by_label("Your message").press("Enter")
    await expect(story).to_contain_text("And thank you!")
