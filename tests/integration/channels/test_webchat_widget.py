"""The widget in a browser, on a page that carries it. Needs Chromium (Debian: apt-get install chromium)."""

import os
import shutil
import socket
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import async_playwright, expect

from contactcenter.channels.webchat import WebChat
from contactcenter.demo.shop import shop_routes
from contactcenter.errors import Forbidden, Unavailable
from contactcenter.events import EventHub
from contactcenter.settings import Chat, Settings
from tests.integration.channels.chat_desk import SECRET, ChatDesk

HOSTILE_PAGE = """<!doctype html><title>Rude</title><style>
* { all: revert !important; font-size: 60px !important }
button, section, div { display: none !important; color: red !important }
</style><body><p>Rude page</p><script src="/widget.js" async data-lang="en" data-ask=""></script>"""


class Site:
    """A shop with the chat, a desk behind it, and a browser tab in front."""

    def __init__(self, page, desk, chat, base):
        self.page, self.desk, self.chat, self.base = page, desk, chat, base
        self.field = page.locator("textarea")
        self.lines = page.locator(".line .text")

    async def visit(self, path="/demo/shop?lang=en"):
        await self.page.goto(self.base + path)
        await self.page.locator(".launcher").wait_for()

    async def write(self, text):
        await self.field.fill(text)
        await self.field.press("Enter")
        await expect(self.page.locator(".line.own").last).to_contain_text("Sent")
        return str(self.desk.inbound[-1].sender)


@asynccontextmanager
async def _browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing("Chromium is missing; on Debian: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield await browser.new_page(locale="en-US")
        await browser.close()


@pytest.fixture
async def site():
    hub = EventHub()
    desk, app = ChatDesk(hub), web.Application()
    runner = web.AppRunner(app)
    app.add_routes([*shop_routes(), web.get("/rude", _rude_page)])
    # The origin is known only when the port is: the chat is set up behind it.
    listening = _free_socket()
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    chat = WebChat(Settings(chat=Chat(origins=(base,))), desk, desk, hub, desk, SECRET)
    app.add_routes(chat.routes())
    app.on_shutdown.append(chat.close)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        async with _browser() as page:
            yield Site(page, desk, chat, base)
    finally:
        await runner.cleanup()


async def _rude_page(request):
    return web.Response(text=HOSTILE_PAGE, content_type="text/html")


def _free_socket():
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


async def test_a_machine_answer_is_marked_and_one_press_asks_for_a_person(site):
    await site.visit()
    await site.page.get_by_role("button", name="Ask us now").click()
    await site.page.get_by_label("Your name (optional)").fill("Mei Lin")
    visitor = await site.write("Where is my order?")
    site.desk.answer(visitor, "It is on its way.", machine=True, name="Harbour")
    await expect(site.page.locator(".line.machine")).to_contain_text("Automatic answer")
    await site.page.get_by_role("button", name="Talk to a person").click()
    await expect(site.page.get_by_role("button", name="Talk to a person")).to_be_hidden()
    await expect(site.page.locator(".line.own").last).to_contain_text("Sent")
    assert [message.text for message in site.desk.inbound][1:] == ["I would like to talk to a person, please."]
    assert site.desk.inbound[0].sender.name == "Mei Lin"
    assert len(site.desk.receipts) == 1


async def test_after_a_reload_the_chat_goes_on_and_missed_replies_are_counted(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    visitor = await site.write("Hello")
    await site.page.goto("about:blank")
    site.desk.answer(visitor, "We are looking at it.")
    await site.visit()
    await expect(site.page.locator(".badge")).to_have_text("1")
    assert (await site.page.title()).startswith("(1) Harbour")
    await site.page.get_by_role("button", name="Open chat, 1 unread message").click()
    await expect(site.lines).to_have_text(["Hello", "We are looking at it."])
    assert not (await site.page.title()).startswith("(")
    assert await site.write("Thanks") == visitor


async def test_markup_stays_text_and_only_web_addresses_become_links(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    visitor = await site.write("<img src=x onerror=alert(1)>")
    site.desk.answer(visitor, "见https://a.example/x?y=1。 javascript:alert(1) <b>bold</b>")
    await expect(site.lines).to_have_count(2)
    assert await site.page.locator(".lines img, .lines b").count() == 0
    [link] = await site.page.locator(".lines a").all()
    assert await link.get_attribute("href") == "https://a.example/x?y=1"
    assert "noopener" in await link.get_attribute("rel")


async def test_enter_sends_but_not_with_shift_and_not_while_a_word_is_composed(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    await site.field.fill("first")
    await site.field.press("Shift+Enter")
    await site.field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    await site.field.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True})
    assert await site.lines.count() == 0
    await site.field.press("End")
    await site.page.keyboard.type("second")
    await site.field.press("Enter")
    await expect(site.lines).to_have_text(["first\nsecond"])


async def test_what_could_not_be_stored_survives_a_reload_and_arrives_once(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    site.desk.error = Unavailable("the database is away")
    await site.field.fill("Do not lose me")
    await site.field.press("Enter")
    await expect(site.page.locator(".line.own")).to_contain_text("Not sent yet")
    await site.visit()
    site.desk.error = None
    await site.page.locator(".launcher").click()
    await expect(site.page.locator(".line.own")).to_contain_text("Sent")
    assert [message.text for message in site.desk.inbound] == ["Do not lose me"]
    assert await site.lines.count() == 1


async def test_a_restart_of_the_server_is_survived(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    visitor = await site.write("Hello")
    await site.chat.close()
    site.desk.answer(visitor, "said while away")
    await expect(site.lines).to_have_text(["Hello", "said while away"])


async def test_a_message_refused_for_good_stays_with_a_way_to_try_again(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    site.desk.error = Forbidden("blocked")
    await site.field.fill("Hello")
    await site.field.press("Enter")
    await expect(site.page.locator(".line.own .meta")).to_contain_text("Not sent")
    site.desk.error = None
    await site.page.get_by_role("button", name="Try again").click()
    await expect(site.page.locator(".line.own")).to_contain_text("Sent")


async def test_the_keyboard_opens_and_closes_and_the_focus_comes_back(site):
    await site.visit()
    launcher = site.page.locator(".launcher")
    await launcher.focus()
    await site.page.keyboard.press("Enter")
    await expect(site.field).to_be_focused()
    await site.page.keyboard.press("Escape")
    await expect(site.page.get_by_role("dialog")).to_be_hidden()
    await expect(launcher).to_be_focused()


async def test_on_a_phone_the_sheet_fills_the_screen_and_keeps_the_focus(site):
    await site.page.emulate_media(reduced_motion="reduce")
    await site.page.set_viewport_size({"width": 390, "height": 844})
    await site.visit()
    await site.page.locator(".launcher").click()
    box = await site.page.get_by_role("dialog").bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    await site.page.locator(".send").focus()
    await site.page.keyboard.press("Tab")
    await expect(site.page.get_by_role("button", name="Close chat", exact=True).first).to_be_focused()


async def test_the_style_of_a_rude_page_does_not_reach_the_widget(site):
    await site.visit("/rude")
    await site.page.locator(".launcher").click()
    size = await site.field.evaluate("node => getComputedStyle(node).fontSize")
    assert size == "14px"
    assert await site.page.locator(".about input").count() == 0


async def test_a_visitor_who_never_writes_opens_no_socket(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    await expect(site.field).to_be_focused()
    assert site.chat.connected == 0


async def test_the_dots_show_while_an_agent_writes(site):
    await site.visit()
    await site.page.locator(".launcher").click()
    visitor = await site.write("Hello")
    site.chat.show_typing(visitor)
    await expect(site.page.locator(".dots")).to_be_visible()
    site.desk.answer(visitor, "Here I am.")
    await expect(site.page.locator(".dots")).to_be_hidden()
