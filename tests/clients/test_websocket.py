"""WebSocket clients that nobody here wrote: node's `ws`, and the page of Evennia's web client."""

from __future__ import annotations

import asyncio
import html
import json
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route

from clients.browser import PATIENCE_S, chromium, until
from clients.npm import node_modules
from clients.webgame import WebGame, web_game
from integration.system import HOST, PASSWORD

SITE = "http://evennia.test"
"""Where Evennia's page seems to come from: nobody is asked, its files are given to the browser."""

# A page from nowhere may not connect to this machine else.
FROM_NOWHERE = "--disable-features=LocalNetworkAccessChecks"

COLOUR = "\x1b[0;1;38;5;15m"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def game() -> Iterator[WebGame]:
    accounts = ["Ada", "Bob", "Cyd", "Dot", "Eve", "Fay"]
    with web_game(accounts, web_origins=SITE) as game:
        yield game


class Node:
    """A client of `ws`. Made by `node`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._told: list[list[Any]] = []

    async def tells(self, what: str, text: str = "") -> list[Any]:
        """Wait for the next event of a kind that holds a text; what came before is passed over."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self._process.stdout.readline():
                event: list[Any] = json.loads(line)
                self._told.append(event)
                if event[0] == what and text in str(event[1]):
                    return event
        raise AssertionError(f"{what} {text!r} did not come; {self._told}")

    def does(self, what: str, said: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, said]).encode() + b"\n")


@asynccontextmanager
async def node(address: str, *subprotocols: str) -> AsyncIterator[Node]:
    program = shutil.which("node")
    assert program, "node is needed: install Debian's packages nodejs and npm"
    process = await asyncio.create_subprocess_exec(
        program,
        str(Path(__file__).with_name("wsclient.mjs")),
        str(await asyncio.to_thread(node_modules)),
        address,
        *subprotocols,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    try:
        yield Node(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def test_ws_plays_by_evennias_messages_and_ends_its_session(game: WebGame) -> None:
    async def main() -> None:
        async with node(f"ws://{HOST}:{game.port}/") as client:
            opened = await client.tells("open")
            assert opened[1:] == ["", "permessage-deflate"]
            for line, prompt in (("Ada", "user name"), (PASSWORD, "assword")):
                assert json.loads((await client.tells("text", prompt))[1])[0] == "prompt"
                client.does("text", json.dumps(["text", [line], {}]))
            await client.tells("text", '["logged_in",')
            await client.tells("text", "Exits: in and south")
            client.does("text", json.dumps(["text", ["say |rGrüße|n <b>"], {}]))
            said = json.loads((await client.tells("text", "You say"))[1])
            red = '<span class="color-009">Grüße</span> &lt;b&gt;'
            assert said[:2] == ["text", [f"You say, &quot;{red}&quot;"]]
            await asyncio.to_thread(game.system.run, "server", "reload")
            client.does("text", '["text", ["say Still here."], {}]')
            await client.tells("text", "Still here.")
            client.does("close", 1000)
            assert (await client.tells("close"))[1] == 1000
            await until(lambda: is_gone(game, "Ada"), "the session has ended")

    asyncio.run(main())


async def is_gone(game: WebGame, account: str) -> bool:
    sessions = await asyncio.to_thread(game.sessions)
    return all(each["account"] != account for each in sessions)


@pytest.mark.parametrize(
    ("subprotocol", "name"),
    [("terminal", "Bob"), ("gmcp", "Cyd"), ("json", "Dot")],
)
def test_ws_plays_by_the_subprotocols_of_mudstandards(
    game: WebGame, subprotocol: str, name: str
) -> None:
    async def main() -> None:
        offered = f"{subprotocol}.mudstandards.org"
        async with node(game.socket, "unknown.example", offered) as client:
            assert (await client.tells("open"))[1] == offered
            assert COLOUR in (await client.tells("binary", "E V E R D O O R"))[1]
            for line, prompt in ((name, "user name"), (PASSWORD, "assword")):
                assert not (await client.tells("binary", prompt))[1].endswith("\n")
                client.does("binary", f"{line}\r\n")
            shown = (await client.tells("binary", "Exits: in and south"))[1]
            assert shown.endswith("\r\n") and "\n" not in shown.replace("\r\n", "")
            client.does("binary", "say Grüße, 世界")
            await client.tells("binary", 'You say, "Grüße, 世界"\r\n')
            await pings(client, subprotocol)

    asyncio.run(main())


async def pings(client: Node, subprotocol: str) -> None:
    """Speak out of band, where that is possible."""
    ping = "Core.Ping"
    if subprotocol == "gmcp":
        client.does("text", ping)
        assert (await client.tells("text", ping))[1] == ping
    elif subprotocol == "json":
        client.does("text", json.dumps({"proto": "gmcp", "id": ping, "data": ""}))
        answer = json.loads((await client.tells("text", ping))[1])
        assert answer == {"proto": "gmcp", "id": ping, "data": ""}


def test_ws_comes_back_with_its_token_after_its_portal_was_killed(game: WebGame) -> None:
    async def main() -> None:
        async with node(game.socket, "v1.everdoor") as client:
            await client.tells("open")
            client.does("text", '["hello", {"client": "node", "width": 90}]')
            for line, prompt in (("Eve", "user name"), (PASSWORD, "assword")):
                await client.tells("text", prompt)
                client.does("text", json.dumps(["line", line]))
            token = json.loads((await client.tells("text", '["token"'))[1])[1]
            client.does("text", '["line", "say One."]')
            number = json.loads((await client.tells("text", "One."))[1])[1]
            (mine,) = [each for each in game.sessions() if each["account"] == "Eve"]
            assert await asyncio.to_thread(game.flag, mine["sessid"], "SCREENWIDTH") == 90
            client.does("text", '["line", "say Two."]')
            await client.tells("text", "Two.")
            await asyncio.to_thread(game.kill_portal, mine["portal"])
            assert (await client.tells("close"))[1] == 1006
        async with node(game.socket, "v1.everdoor") as client:
            await client.tells("open")
            client.does("text", json.dumps(["hello", {"token": token, "seen": number}]))
            told = json.loads((await client.tells("text", '"logged_in":true'))[1])
            assert told[1]["sessid"] == mine["sessid"]
            await client.tells("text", "Two.")
            client.does("text", '["line", "say Three."]')
            await client.tells("text", "Three.")
        game.start_portal(mine["portal"].split(".")[1])
        await asyncio.to_thread(game.system.until_up)

    asyncio.run(main())


# Evennia's own page.


def test_page_of_evennias_web_client_plays(game: WebGame) -> None:
    async def main() -> None:
        async with chromium(FROM_NOWHERE) as browser:
            page = await browser.new_page()
            page.set_default_timeout(PATIENCE_S * 1000)
            dialogs: list[str] = []
            page.on("dialog", lambda dialog: dialogs.append(dialog.message))
            await serve_page(page, game.port)
            await page.goto(f"{SITE}/webclient")
            await types(page, "user name", "Fay")
            await types(page, "assword", PASSWORD)
            await shows(page, "Exits: in and south")
            await page.fill(".inputfield", "say |rGrüße|n <img src=x onerror=alert(1)>")
            await page.press(".inputfield", "Enter")
            await shows(page, 'You say, "Grüße <img src=x onerror=alert(1)>"')
            red = page.locator(".content .color-009", has_text="Grüße")
            assert await red.count() == 1
            await asyncio.to_thread(game.system.run, "server", "reload")
            await page.fill(".inputfield", "say Still here.")
            await page.press(".inputfield", "Enter")
            await shows(page, "Still here.")
            assert dialogs == [] and await page.locator("img").count() == 0

    asyncio.run(main())


async def types(page: Page, prompt: str, line: str) -> None:
    async def is_asked() -> bool:
        return prompt in " ".join(await page.locator(".prompt").all_inner_texts())

    await until(is_asked, f"the prompt {prompt!r}")
    await page.fill(".inputfield", line)
    await page.press(".inputfield", "Enter")


async def shows(page: Page, text: str) -> None:
    async def is_there() -> bool:
        shown = " ".join(await page.locator("#main").all_inner_texts())
        return text in shown.replace("\xa0", " ")

    await until(is_there, f"Evennia's page shows {text!r}")


async def serve_page(page: Page, port: int) -> None:
    """Have the browser get everything that Evennia's page consists of from this machine."""
    web, modules = evennia_web(), await asyncio.to_thread(node_modules)
    text = rendered(web, port)

    async def answer(route: Route) -> None:
        address = route.request.url.partition("?")[0]
        elsewhere = next((path for end, path in ELSEWHERE.items() if address.endswith(end)), None)
        if address == f"{SITE}/webclient":
            await route.fulfill(body=text, content_type="text/html")
        elif address.startswith(f"{SITE}/static/"):
            file = web / "static" / address.removeprefix(f"{SITE}/static/")
            await (route.fulfill(path=file) if file.exists() else route.abort())
        elif elsewhere:
            allowed = {"Access-Control-Allow-Origin": "*"}
            await route.fulfill(path=modules / elsewhere, headers=allowed)
        else:
            await route.abort()

    await page.route("**/*", answer)


ELSEWHERE = {
    "/bootstrap.min.css": "bootstrap/dist/css/bootstrap.min.css",
    "/bootstrap.min.js": "bootstrap/dist/js/bootstrap.min.js",
    "/favico-0.3.10.min.js": "favico.js/favico-0.3.10.min.js",
    "/goldenlayout-base.css": "golden-layout/src/css/goldenlayout-base.css",
    "/goldenlayout-dark-theme.css": "golden-layout/src/css/goldenlayout-dark-theme.css",
    "/goldenlayout.min.js": "golden-layout/dist/goldenlayout.min.js",
    "/jquery-3.2.1.min.js": "jquery/dist/jquery.min.js",
    "/popper.min.js": "popper.js/dist/umd/popper.min.js",
}
"""What the page wants from other sites, by the ends of their addresses, in npm's packages."""


def evennia_web() -> Path:
    """The web folder of Evennia's package."""
    found = list(Path(sys.prefix).glob("evennia/lib/python3*/site-packages/evennia/web"))
    assert found, "Evennia is needed: `make evennia` installs it for the tests"
    return found[0]


def rendered(web: Path, port: int) -> str:
    """The page as Evennia's Django would make it of its templates."""
    templates = web / "templates" / "webclient"
    base = (templates / "base.html").read_text()
    client = re.search(
        r"{% block client %}(.*?){% endblock %}", (templates / "webclient.html").read_text(), re.S
    )
    assert client is not None
    text = re.sub(r"{% comment %}.*?{% endcomment %}", "", base, flags=re.S)
    text = text.replace("{% block client %}", client[1])
    text = re.sub(r"{% static \"([^\"]+)\" %}", r'"/static/\1"', text)
    text = _chosen(text, "websocket_enabled", True)
    text = _chosen(text, "browser_sessid", False)
    text = _chosen(text, "websocket_url", True)
    text = text.replace("{{websocket_url}}", f"ws://{HOST}:{port}")
    text = text.replace("{{game_name}}", html.escape("Everdoor"))
    return re.sub(r"{%.*?%}", "", text)


def _chosen(text: str, condition: str, is_true: bool) -> str:
    """Leave one branch of an `if`."""
    return re.sub(
        rf"{{% if {condition} %}}(.*?){{% else %}}(.*?){{% endif %}}",
        r"\1" if is_true else r"\2",
        text,
        count=1,
        flags=re.S,
    )
