"""Chromium on the game's own page, as a player uses it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

PATIENCE_S = 90.0
"""Longest that anything may take; only a failure is ever this slow."""

LOOK_S = 0.03

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

LOGGED = "[...document.querySelectorAll('#log p')].map(entry => entry.textContent)"

NOTE_STATES = """() => {
    const place = document.querySelector("#state");
    window.states = [];
    new MutationObserver(() => {
        if (window.states.at(-1) !== place.dataset.state) window.states.push(place.dataset.state);
    }).observe(place, { attributeFilter: ["data-state"] });
}"""


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium")
    assert program, "chromium is needed: install Debian's package of that name"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, *flags], timeout=PATIENCE_S * 1000
        )
        try:
            yield browser
        finally:
            await browser.close()


async def until(condition: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Look until something is true, and return it.

    Raises:
        AssertionError: It did not happen in time.
    """
    end = time.monotonic() + PATIENCE_S
    while not (found := await condition()):
        assert time.monotonic() < end, f"did not happen: {what}"
        await asyncio.sleep(LOOK_S)
    return found


class Visitor:
    """One player on the page. Made by `visit`.

    Attributes:
        complaints: What the browser's console said of errors and of what its policy forbids.
        asked: Every address that the page asked for.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(PATIENCE_S * 1000)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    @classmethod
    async def visit(cls, browser: Browser, address: str, **options: Any) -> Visitor:
        """Open the page in a browser that knows nothing of earlier visits."""
        page = await browser.new_page(**{"viewport": {"width": 1000, "height": 640}, **options})
        visitor = cls(page)
        await page.goto(address)
        await visitor.is_in("connected")
        return visitor

    async def log_in(self, name: str, password: str) -> None:
        """Answer the prompts of the menu login."""
        await self.is_asked("user name")
        await self.types(name)
        await self.is_asked("assword")
        assert await self.is_hidden(), "the password can be seen"
        await self.types(password)
        await until(lambda: self._is_logged_in(name), f"{name} is logged in")
        assert not await self.is_hidden()
        await self.is_asked(">")

    async def types(self, line: str) -> None:
        await self.page.fill("#line", line)
        await self.page.press("#line", "Enter")

    async def sees(self, text: str) -> None:
        """Wait until the game has said a text, now or before."""

        async def is_there() -> bool:
            return any(text in entry for entry in await self.log())

        await until(is_there, f"the page shows {text!r}")

    async def log(self) -> list[str]:
        """The texts of the game, one after the other."""
        found: list[str] = await self.page.evaluate(LOGGED)
        return found

    async def is_in(self, state: str) -> None:
        """Wait until the page shows a state of its connection."""

        async def shows() -> bool:
            shown = await self.page.get_attribute("#state", "data-state")
            return shown == state

        await until(shows, f"the page is {state}")

    async def notes_states(self) -> None:
        """Have the page note every state from now on, however short it is."""
        await self.page.evaluate(NOTE_STATES)

    async def has_been_in(self, *states: str) -> None:
        """Wait until the page has been in these states, one after the other."""

        async def was() -> bool:
            noted: list[str] = await self.page.evaluate("window.states")
            return noted[-len(states) :] == list(states)

        await until(was, f"the page was {', then '.join(states)}")

    async def is_asked(self, prompt: str) -> None:
        async def shows() -> bool:
            return prompt in await self.page.inner_text("#ask")

        await until(shows, f"the prompt {prompt!r}")

    async def is_hidden(self) -> bool:
        return await self.page.get_attribute("#line", "type") == "password"

    async def sessid(self) -> int:
        """Of the session that the page shows."""
        return int(await self.page.evaluate("document.body.dataset.sessid"))

    async def line(self) -> str:
        """What stands in the input line."""
        return await self.page.input_value("#line")

    async def has_focus(self, place: str) -> bool:
        script = "place => document.activeElement === document.querySelector(place)"
        return bool(await self.page.evaluate(script, place))

    async def _is_logged_in(self, name: str) -> bool:
        return (await self.page.title()).startswith(name)

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
