"""The game's own page in Chromium: played on, looked at, and kept through the death of its portal.

With SCREENSHOTS set in the environment (`make screenshots`) the pictures of the documents are made.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from clients.browser import Visitor, chromium, until
from clients.webgame import WebGame, web_game
from integration.system import PASSWORD
from players.telnet import Player

SAID_EVERY_S = 0.05
SAID_AFTERWARDS = 5
IMAGES = Path(__file__).parents[2] / "docs" / "images"

HOSTILE = (
    "<img src=x onerror=alert(1)><script>alert(2)</script> |lcquit|ltpress me|le "
    "|luhttp://evil.example|ltpage|le \x1b[31mred\x1b]8;;send:quit\x1b\\link\x1b]8;;\x1b\\"
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def game() -> Iterator[WebGame]:
    with web_game(["Ada", "Bob", "Cyd", "Dot"]) as game:
        yield game


def test_page_is_played_on(game: WebGame) -> None:
    async def main() -> None:
        async with chromium() as browser:
            ada = await Visitor.visit(browser, game.page)
            await ada.log_in("Ada", PASSWORD)
            await ada.types("look")
            await ada.sees("Exits: in and south")
            await ada.types("say Grüße, 世界")
            await ada.sees('You say, "Grüße, 世界"')
            assert not any(PASSWORD in entry for entry in await shown_on(ada))
            await keeps_history(ada)
            await completes(ada)
            await is_of_the_size_of_its_window(ada, game)
            await stays_through_a_reload(ada, game)
            await shows_that_the_game_is_away(ada, game)
            assert {urlsplit(address).netloc for address in ada.asked} == {
                urlsplit(game.page).netloc
            }
            assert ada.complaints == []

    asyncio.run(main())


async def shown_on(visitor: Visitor) -> list[str]:
    """All rows of the terminal, and the log."""
    rows = "[...document.querySelectorAll('.xterm-rows > div')].map(row => row.textContent)"
    return [*await visitor.page.evaluate(rows), *await visitor.log()]


async def keeps_history(ada: Visitor) -> None:
    for key, line in [
        ("ArrowUp", "say Grüße, 世界"),
        ("ArrowUp", "look"),
        ("ArrowUp", "Ada"),
        ("ArrowUp", "Ada"),
        ("ArrowDown", "look"),
        ("ArrowDown", "say Grüße, 世界"),
        ("ArrowDown", ""),
    ]:
        await ada.page.press("#line", key)
        assert await ada.line() == line


async def completes(ada: Visitor) -> None:
    await ada.page.fill("#line", "get scr")
    await ada.page.press("#line", "Tab")
    assert await ada.line() == "get scraper"
    await ada.page.fill("#line", "")
    await ada.page.press("#line", "Tab")
    assert not await ada.has_focus("#line"), "there is nothing to complete, so Tab goes on"


async def is_of_the_size_of_its_window(ada: Visitor, game: WebGame) -> None:
    """The game is told how wide the terminal is, also when that changes."""
    for width in (1000, 390):
        await ada.page.set_viewport_size({"width": width, "height": 640})

        async def is_known(width: int = width) -> bool:
            columns = await asyncio.to_thread(game.flag, await ada.sessid(), "SCREENWIDTH")
            return bool(width / 12 < columns < width / 6)

        await until(is_known, f"the game knows a window of {width} pixels")
        script = "document.documentElement.scrollWidth <= innerWidth"
        assert await ada.page.evaluate(script), "the page can be scrolled sideways"
        assert await ada.page.is_visible("#line")
    await ada.page.set_viewport_size({"width": 1000, "height": 640})


async def stays_through_a_reload(ada: Visitor, game: WebGame) -> None:
    sessid = await ada.sessid()
    await ada.page.evaluate("window.isStillHere = true")
    await asyncio.to_thread(game.system.run, "server", "reload")
    await ada.types("say After the reload.")
    await ada.sees('You say, "After the reload."')
    assert await ada.sessid() == sessid
    assert await ada.page.evaluate("window.isStillHere")


async def shows_that_the_game_is_away(ada: Visitor, game: WebGame) -> None:
    await asyncio.to_thread(game.system.run, "server", "stop")
    await ada.is_in("away")
    await ada.types("say While it was away.")
    await asyncio.to_thread(game.system.run, "server", "start")
    await ada.is_in("connected")
    await ada.sees('You say, "While it was away."')


def test_page_is_for_every_eye_and_for_none(game: WebGame) -> None:
    async def main() -> None:
        async with chromium() as browser:
            light = await Visitor.visit(browser, game.page, color_scheme="light")
            dark = await Visitor.visit(browser, game.page, color_scheme="dark")
            ground = "getComputedStyle(document.body).backgroundColor"
            assert await light.page.evaluate(ground) == "rgb(251, 250, 247)"
            assert await dark.page.evaluate(ground) == "rgb(20, 22, 27)"
            await dark.page.get_by_role("button", name="Light").press("Enter")
            assert await dark.page.evaluate(ground) == "rgb(251, 250, 247)"
            await dark.page.reload()
            assert await dark.page.evaluate(ground) == "rgb(251, 250, 247)"
            await is_told_to_screen_readers(dark, game)
            assert light.complaints + dark.complaints == []

    asyncio.run(main())


async def is_told_to_screen_readers(visitor: Visitor, game: WebGame) -> None:
    page = visitor.page
    await visitor.is_in("connected")
    assert await page.get_by_role("log").get_attribute("aria-live") == "polite"
    assert await page.get_by_role("status").inner_text() == "Connected"
    assert await page.get_by_role("textbox").get_attribute("id") == "line"
    await page.get_by_role("button", name="Reader").press("Enter")
    assert await page.get_attribute("#reader", "aria-pressed") == "true"
    assert await page.get_by_role("list").count() == 1, "the terminal's rows can be read"
    sessid = await visitor.sessid()

    async def is_known() -> bool:
        return bool(await asyncio.to_thread(game.flag, sessid, "SCREENREADER"))

    await until(is_known, "the game knows that it is listened to")


def test_what_others_say_and_how_things_are_called_stays_text(game: WebGame) -> None:
    async def main() -> None:
        async with chromium() as browser:
            cyd = await Visitor.visit(browser, game.page)
            await cyd.log_in("Cyd", PASSWORD)
            player = await speaker(game, "Dot")
            player.type(f"say {HOSTILE}")
            await cyd.sees("<img src=x onerror=alert(1)><script>alert(2)</script>")
            await asyncio.to_thread(game.system.make_accounts, ["Eve"], superuser=True)
            builder = await speaker(game, "Eve")
            await builder.asks("create/drop <script>alert(3)</script>", "Created")
            await cyd.types("look")
            await cyd.sees("You see: a bell, a boot scraper and a <script>alert(3)</script>")
            await builder.leave()
            found = await cyd.page.evaluate(
                "document.querySelectorAll('main img, main script, main a, #log button').length"
            )
            assert found == 0, "an element came of what another player said"
            assert not await cyd.page.is_visible("#links")
            assert not any("\x1b" in entry for entry in await cyd.log())
            assert cyd.complaints == []
            await player.leave()

    asyncio.run(main())


async def speaker(game: WebGame, name: str) -> Player:
    """Another player, on telnet."""
    player = await Player.connect(name, game.system.port)
    await player.sees("Say who you are")
    player.type(name)
    await player.sees_prompt("assword")
    player.type(PASSWORD)
    await player.sees(lambda line: line.startswith("Exits:"))
    return player


@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "drained"])
def test_page_comes_back_on_another_portal_with_what_was_missed(
    game: WebGame, is_killed: bool
) -> None:
    async def main() -> None:
        async with chromium() as browser:
            ada = await Visitor.visit(browser, game.page)
            await ada.log_in("Ada", PASSWORD)
            sessid = await ada.sessid()
            left = await asyncio.to_thread(game.portal_of, sessid)
            bob = await speaker_elsewhere(game, left)
            await ada.page.evaluate("window.isStillHere = true")
            await ada.notes_states()
            talk = asyncio.create_task(talks(bob))
            await ada.sees('Bob says, "Line 5."')
            begun = time.monotonic()
            if is_killed:
                await asyncio.to_thread(game.kill_portal, left)
            else:
                told = await asyncio.to_thread(game.system.run, "portal", "drain", left, "--wait")
                assert "has left" in told.stdout
            await ada.has_been_in("reconnecting", "connected")
            print(f"back on another portal after {time.monotonic() - begun:.2f} s")
            assert await ada.sessid() == sessid
            assert await asyncio.to_thread(game.portal_of, sessid) != left
            assert await ada.page.evaluate("window.isStillHere"), "the page was loaded anew"
            said = await stops(talk, bob)
            await ada.sees(f'Bob says, "Line {said}."')
            heard = [entry for entry in await ada.log() if entry.startswith("Bob says")]
            assert heard == [f'Bob says, "Line {n}."' for n in range(1, said + 1)]
            await ada.types("say I am back.")
            await ada.sees('You say, "I am back."')
            await bob.leave()
            game.start_portal(left.split(".")[1])
            await asyncio.to_thread(game.system.until_up)

    asyncio.run(main())


async def speaker_elsewhere(game: WebGame, portal: str) -> Player:
    """Bob, on another portal: which one a connection comes to is the kernel's choice."""
    while True:
        bob = await speaker(game, "Bob")
        (his,) = [
            each for each in await asyncio.to_thread(game.sessions) if each["account"] == "Bob"
        ]
        if his["portal"] != portal:
            return bob
        await bob.leave()


async def talks(bob: Player) -> int:
    """Say one line after the other until cancelled; return how many."""
    said = 0
    try:
        while True:
            said += 1
            await bob.asks(f"say Line {said}.", f"Line {said}.")
            await asyncio.sleep(SAID_EVERY_S)
    except asyncio.CancelledError:
        return said


async def stops(talk: asyncio.Task[int], bob: Player) -> int:
    await asyncio.sleep(SAID_AFTERWARDS * SAID_EVERY_S)
    talk.cancel()
    return await talk


def test_screenshots(game: WebGame, tmp_path: Path) -> None:
    """For the documents by `make screenshots`."""
    folder = IMAGES if "SCREENSHOTS" in os.environ else tmp_path

    async def main() -> None:
        async with chromium() as browser:
            for account, name, options in (
                ("Ada", "web-dark", {"color_scheme": "dark"}),
                ("Bob", "web-light", {"color_scheme": "light"}),
                ("Cyd", "web-phone", {"color_scheme": "dark", "viewport": PHONE}),
            ):
                await take_picture(browser, game, account, folder / f"{name}.png", options)

    asyncio.run(main())
    pictures = sorted(path.name for path in folder.glob("web-*.png"))
    assert pictures == ["web-dark.png", "web-light.png", "web-phone.png"]


PHONE = {"width": 390, "height": 700}


async def take_picture(
    browser: Browser, game: WebGame, name: str, path: Path, options: dict[str, object]
) -> None:
    visitor = await Visitor.visit(browser, game.page, **options)
    await visitor.log_in(name, PASSWORD)
    for line, answer in (("say Good evening.", "Good evening."), ("in", "Exits:")):
        await visitor.types(line)
        await visitor.sees(answer)
    await visitor.page.screenshot(path=path)
    await visitor.types("quit")
    await visitor.is_in("ended")
