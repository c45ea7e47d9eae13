"""A Chinese mail is understood, answered in Chinese, and found by two characters."""

import re

import pytest
from playwright.async_api import expect

from tests.journeys.conftest import BO

pytestmark = pytest.mark.asyncio(loop_scope="session")

ZHOU = "zhou.min@mail.example"
QUESTION = "您好，\n\n我忘记了“我的海港”的登录密码，请问怎么重置密码？\n\n谢谢\n周敏"


async def test_a_chinese_mail_is_answered_in_chinese_and_found_by_two_characters(office, console):
    mail = await office.write(ZHOU, "忘记密码怎么办", QUESTION, name="周敏")
    (letter,) = await office.letters_to(ZHOU, 1)
    assert letter.message["Auto-Submitted"] == "auto-replied"
    assert letter.message["In-Reply-To"] == mail["Message-ID"]
    assert "密码" in office.text_of(letter.message)

    ticket = await office.ticket_of(f"email:{ZHOU}")
    assert (ticket["language"], ticket["category"], ticket["answered_by"]) == ("zh", "account_access", "machine")

    page = await console(BO)
    search = page.get_by_role("searchbox").first
    await search.fill("密码")
    await search.press("Enter")
    await page.wait_for_url(re.compile(r"q="))
    await page.get_by_role("link", name="周敏").click()
    await expect(page.locator("#timeline")).to_contain_text("请问怎么重置密码？")
