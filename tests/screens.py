"""``python -m tests.screens``: pictures of every page for ``docs/screens``, taken from a living demo.

It starts the demo with a data directory of its own, waits until the simulated customers have filled it, works on two
tickets as an agent would, and looks at every page in English and Chinese, light and dark.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, make_msgid
from html import escape
from pathlib import Path
from struct import pack
from typing import Any
from zlib import compress, crc32

import aiohttp
import numpy as np
from playwright.async_api import Browser, Page, expect

from contactcenter import clock
from contactcenter.demo.people import PASSWORD
from contactcenter.demo.post_office import post
from contactcenter.demo.run import SUPPORT
from contactcenter.settings import load
from tests.browser import DESKTOP, PHONE, chromium, sign_in, still
from tests.service import free_port, until

SUPERVISOR = "sofia@harbour.example"
THEMES = ("light", "dark")
PAGES = {
    "inbox": "/inbox",
    "board": "/board",
    "quarantine": "/quarantine",
    "knowledge": "/knowledge",
    "machine": "/machine",
    "audits": "/audits",
    "admin": "/admin/queues",
}
ENOUGH = 18
"""Tickets in the inbox before anything is pictured."""
PATIENCE = 90_000
"""Milliseconds; simulated customers take their time."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is pictured in one language: a complaint with an agent's note and answer, and a chat."""

    complaint: str
    note: str
    answer: str
    reply: str
    question: str
    open_chat: str
    message: str
    automatic: str


SCENES = {
    "en": Scene(
        "Complaint: nobody calls me back",
        "Spoke to claims: the assessor's report came in this morning. They call tomorrow at nine.",
        "I am sorry that you had to wait so long. The assessor's report is here since this morning, and a colleague "
        "from claims calls you **tomorrow at nine**. Does that suit you?\n\nKind regards\nSofia Lindqvist",
        "Tomorrow morning suits me",
        "What are your opening hours on Saturday?",
        "Open chat",
        "Your message",
        "Automatic answer",
    ),
    "zh": Scene(
        "投诉：理赔一直没人处理",
        "已与理赔部核实：定损报告今早已到，明天上午九点由专人致电客户。",
        "非常抱歉让您久等。定损报告今天早上已经收到，理赔部的同事会在**明天上午九点**给您打电话，请问是否方便？\n\n"
        "此致\nSofia Lindqvist",
        "我等您的电话",
        "你好，请问周六上班吗？营业时间是几点到几点",
        "打开聊天窗口",
        "您的消息",
        "自动回复",
    ),
}


QQ_WORDS = "定损金额还是不对，修理厂的报价单见截图。请问可以重新定损吗？"


def qq_mail() -> EmailMessage:
    """A reply as QQ Mail writes it: a picture in its place, a signature, and the mail answered to below."""
    mail = EmailMessage()
    mail["From"], mail["To"] = formataddr(("林晓", "lin.xiao@qq.example")), SUPPORT
    mail["Subject"], mail["Message-ID"] = "回复：定损结果", make_msgid(domain="qq.example")
    mail["Date"] = format_datetime(clock.now())
    ours = "林女士，您好：\n\n您的车辆定损金额为 3,200 元，请查收附件。\n\n海港保险理赔部"
    head = f'发件人: "海港保险" <{SUPPORT}>;\n发送时间: 2026年3月5日(星期四) 上午10:12\n收件人: "林晓";\n主题: 定损结果'
    rule = "------------------ 原始邮件 ------------------"
    mail.set_content(f"{QQ_WORDS}\n\n\n发自我的iPhone\n\n\n{rule}\n{head}\n\n{ours}\n")
    below = "<br>".join(escape(line) for line in f"{rule}\n{head}\n\n{ours}".splitlines())
    mail.add_alternative(
        f'<div>{QQ_WORDS}</div><div><img src="cid:shot@qq"></div><div>发自我的iPhone</div><div>{below}</div>',
        subtype="html",
    )
    part = next(part for part in mail.iter_parts() if part.get_content_subtype() == "html")
    part.add_related(picture(480, 320), "image", "png", cid="<shot@qq>", filename="报价单.png")
    return mail


def picture(width: int, height: int) -> bytes:
    """A PNG of a table drawn in lines."""
    rows = b"".join(
        b"\0" + bytes(190 if y % 40 == 0 or x % 120 == 0 else 250 for x in range(width)) for y in range(height)
    )
    blocks = (b"IHDR", pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", compress(rows)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + name + data + pack(">I", crc32(name + data)) for name, data in blocks
    )


@asynccontextmanager
async def demo() -> AsyncIterator[tuple[str, int]]:
    """A running demo: its address, and the port of its mail door. Nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="cc-screens-") as folder:
        url = f"http://127.0.0.1:{(port := free_port())}"
        command = [sys.executable, "-m", "contactcenter", "demo", "--port", str(port), "--data", folder, "--quiet"]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
        try:
            async with aiohttp.ClientSession() as client:
                await until(lambda: _ready(client, url), "the demo is ready", within=120)
            yield url, int(load(Path(folder)).smtp.listen.rpartition(":")[2])
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            await process.wait()


async def _ready(client: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with client.get(f"{url}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


class Photographer:
    """Looks at the pages of one demo and keeps what he sees."""

    def __init__(self, browser: Browser, url: str, smtp_port: int, out: Path) -> None:
        self._browser = browser
        self._url = url
        self._smtp_port = smtp_port
        self._out = out
        self.taken: list[Path] = []

    async def work(self) -> None:
        """Every page, in both languages."""
        page = await self._page(DESKTOP)
        await sign_in(page, self._url, SUPERVISOR, PASSWORD)
        await page.goto(f"{self._url}/inbox?view=all")
        await expect(page.locator("#rows .row").nth(ENOUGH - 1)).to_be_visible()
        await post(qq_mail(), host="127.0.0.1", port=self._smtp_port)
        tickets = {language: await self._answer(page, scene) for language, scene in SCENES.items()}
        for language, scene in SCENES.items():
            await page.goto(self._url + tickets[language])
            await expect(page.get_by_role("region", name="Conversation")).to_contain_text(scene.reply)
        customers = {language: await self._join(page, ticket) for language, ticket in tickets.items()}
        for language, scene in SCENES.items():
            await self._speak(page, language)
            places = {"ticket": tickets[language], "customer": customers[language]}
            for name, path in PAGES.items() | places.items():
                await self._open(page, path)
                await self._take(page, name, language)
            await self._chat(language, scene)
        await self._mail(page)

    async def _mail(self, page: Page) -> None:
        """A mail as QQ Mail writes it, in Chinese, its quotation and signature folded."""
        await page.goto(f"{self._url}/inbox?view=all&q={QQ_WORDS[:6]}")
        await page.locator("#rows .row a").first.click()
        await expect(page.locator("article.mail-in .folds").first).to_be_visible()
        await self._take(page, "mail", "zh")

    async def _page(self, size: dict[str, int], **options: Any) -> Page:
        context = await self._browser.new_context(viewport=size, locale="en-GB", **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        return await context.new_page()

    async def _answer(self, page: Page, scene: Scene) -> str:
        """Note something on the complaint and answer it; its address."""
        await page.goto(f"{self._url}/inbox?view=complaints")
        await page.get_by_role("link", name=scene.complaint).first.click()
        text = page.get_by_role("textbox", name="Text")
        await page.get_by_role("button", name="Note", exact=True).click()
        await text.fill(scene.note)
        await page.get_by_role("button", name="Add note").click()
        story = page.get_by_role("region", name="Conversation")
        await expect(story.get_by_text(scene.note)).to_be_visible()
        await page.get_by_role("button", name="Reply", exact=True).click()
        await text.fill(scene.answer)
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(story.get_by_text(scene.answer.splitlines()[0][:20])).to_be_visible()
        return page.url.removeprefix(self._url)

    async def _join(self, page: Page, ticket: str) -> str:
        """Join the ticket's customer with whoever has his name on other channels; the address of his page."""
        await page.goto(self._url + ticket)
        link = page.locator("#side h2 a")
        name = await link.inner_text()
        path = str(await link.get_attribute("href"))
        while True:
            await page.goto(self._url + path)
            await page.get_by_text("Join with another customer").click()
            async with page.expect_response(lambda answer: f"{path}/merge?q=" in answer.url):
                await page.get_by_label("Who is the same person?").fill(name)
            others = page.locator("#merge").get_by_role("button", name=name)
            await expect(page.locator("#merge .facts > li").first).to_be_visible()
            if await others.count() == 0:
                return path
            await others.first.click()
            await page.get_by_role("button", name="Join the two").click()
            await page.get_by_role("button", name="Part again").first.wait_for()

    async def _speak(self, page: Page, language: str) -> None:
        await page.goto(f"{self._url}/inbox")
        await page.locator("#preferences > summary").click()
        await page.locator(f"#preferences button[name=language][value={language}]").click()
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if language == "zh" else "en")

    async def _open(self, page: Page, path: str) -> None:
        if not path.startswith("/tickets/"):
            await page.goto(self._url + path)
            return
        async with page.expect_response(lambda answer: "/suggestions?" in answer.url):
            await page.goto(self._url + path)

    async def _chat(self, language: str, scene: Scene) -> None:
        """The chat in the shop's page on a phone, with a question and the machine's answer."""
        page = await self._page(PHONE, has_touch=True)
        await page.goto(f"{self._url}/demo/shop?lang={language}")
        await page.get_by_role("button", name=scene.open_chat, exact=True).click()
        await page.get_by_label(scene.message, exact=True).fill(scene.question)
        await page.get_by_label(scene.message, exact=True).press("Enter")
        await expect(page.get_by_text(scene.automatic, exact=True)).to_be_visible()
        await self._take(page, "chat", language)
        await page.context.close()

    async def _take(self, page: Page, name: str, language: str) -> None:
        """The page, light and dark, without what blinks or moves."""
        await page.evaluate("document.fonts.ready")
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            await still(page)
            path = self._out / f"{name}-{theme}-{language}.png"
            path.write_bytes(small(await page.screenshot(animations="disabled", caret="hide")))
            self.taken.append(path)


def small(picture: bytes) -> bytes:
    """A PNG with a palette of 256 colours where Pillow is installed, else the picture as it is.

    Each colour of the palette is the one that is worst served so far, by distance and number of pixels: areas stay
    exact and small accents survive, where Pillow's own palettes shift the one or lose the other.
    """
    try:
        from PIL import Image
    except ImportError:
        return picture
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), dtype=np.uint32)
    packed, where, counts = np.unique(pixels @ [65536, 256, 1], return_inverse=True, return_counts=True)
    colours = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.float64)
    chosen = [int(counts.argmax())]
    nearest = np.zeros(len(colours), dtype=np.uint8)
    distance = ((colours - colours[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < 256 and distance.any():
        chosen.append(int((distance * counts).argmax()))
        to_it = ((colours - colours[chosen[-1]]) ** 2).sum(axis=1)
        nearest[to_it < distance] = len(chosen) - 1
        distance = np.minimum(distance, to_it)
    image = Image.fromarray(nearest[where].reshape(pixels.shape[:2]), "P")
    image.putpalette(colours[chosen].astype(np.uint8).tobytes())
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return min(out.getvalue(), picture, key=len)


async def take_screens(out: Path) -> list[Path]:
    """Start the demo, take every picture into a folder that is there, stop the demo; the files."""
    expect.set_options(timeout=PATIENCE)
    async with demo() as (url, smtp_port), chromium() as browser:
        photographer = Photographer(browser, url, smtp_port, out)
        await photographer.work()
        return photographer.taken


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.screens", description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/screens"), help="folder for the pictures")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    taken = asyncio.run(take_screens(out))
    total = sum(path.stat().st_size for path in taken)
    sys.stdout.write(f"{len(taken)} pictures, {total / 2**20:.1f} MB\n")


if __name__ == "__main__":
    main()
