"""Chromium, as journeys and screenshots drive it: the system's own, without whatever else it does on the network."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright

HOW_TO_INSTALL = "Chromium is missing. On Debian and Ubuntu: sudo apt install chromium fonts-noto-cjk"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

_STILL = "() => Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})))"
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium_path() -> str | None:
    """Where the system has Chromium; None where it has not."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running Chromium. Raises :class:`OSError` with advice where there is none."""
    path = chromium_path()
    if path is None:
        raise OSError(HOW_TO_INSTALL)
    # Its sandbox does not work for root.
    arguments = [*_ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else [*_ARGUMENTS]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()


async def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """From the sign-in page (in English) to the inbox."""
    await page.goto(url)
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/inbox**")


async def still(page: Page) -> None:
    """Wait until fades and other transitions of a page have ended."""
    await page.evaluate(_STILL)
