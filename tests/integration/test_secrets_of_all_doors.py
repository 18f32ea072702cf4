"""Passwords, tokens and keys of all doors are kept and shown nowhere, killed servers or not.

Every password, right or wrong, begins with the same MARK, which is then searched for in all that
the system has written or shows. One is typed wherever one can be, and where none belongs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from integration.hosts import free_ports, listening, new_key
from integration.places import places
from integration.searching import OwnKey, Secret, Tokens, assert_none_in, kept_keys
from integration.system import HOST, PATIENCE_S, System, free_port, kill, until
from players.gmcp import GmcpPlayer
from players.telnet import Player

MARK = "Copperwombat"
MENU = "everdoor_server.contrib.menu_login"
NAMES = ["Anna", "Bert", "Cyd", "Dot", "Eve", "Fay", "Gil", "Hal", "Ida"]
NEW_ACCOUNT = "Creating a new account of that name."

CMDSETS = """\
import os
import signal

from everdoor_server.commands.command import Command
from everdoor_server.commands.default import cmdsets


class CmdMasterPassword(Command):
    key = "masterpassword"

    def func(self):
        os.kill(os.getpid(), signal.SIGKILL)


class CharacterCmdSet(cmdsets.CharacterCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add(CmdMasterPassword)
"""

INPUTFUNCS = """\
import os
import signal


def unlock(session, *args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def secret(what: str) -> str:
    """A password, or what is typed as one, by where it is used."""
    return f"{MARK}-{what}"


# Those who come.


class Web:
    """A client of the web socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def sees(self, text: str) -> str:
        """Wait for a message that holds a text."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                message = await self._socket.recv()
                shown = message if isinstance(message, str) else message.decode()
                if text in shown:
                    return shown

    async def says(self, *what: Any) -> None:
        await self._socket.send(json.dumps(what))

    async def sends(self, text: str) -> None:
        await self._socket.send(text)

    async def types(self, line: str, prompt: str) -> None:
        """Type a line as a terminal does, once something is asked."""
        await self.sees(prompt)
        await self._socket.send(f"{line}\r\n".encode())


@asynccontextmanager
async def web(system: System, subprotocol: str = "") -> AsyncIterator[Web]:
    port = system.environment()["EVERDOOR_WEB_PORT"]
    offered = [Subprotocol(subprotocol)] if subprotocol else None
    path = "ws" if subprotocol else ""
    async with connect(f"ws://{HOST}:{port}/{path}", subprotocols=offered, proxy=None) as socket:
        assert socket.subprotocol == (subprotocol or None)
        yield Web(socket)


@asynccontextmanager
async def ssh(system: System, name: str, **how: Any) -> AsyncIterator[Any]:
    """A terminal by SSH."""
    port = int(system.environment()["EVERDOOR_SSH_PORT"])
    options = {"client_keys": None, "agent_path": None, "config": None, **how}
    async with asyncssh.connect(HOST, port, known_hosts=None, username=name, **options) as client:
        async with client.create_process(term_type="xterm") as process:
            yield process


async def shows(process: Any, text: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await process.stdout.readuntil(text)


async def type_everywhere_by_telnet(system: System, anna: Player, key: OwnKey) -> None:
    """At the name, at hidden prompts, in commands and ahead of prompts."""
    for line in (secret("as a name"), secret("no & name"), *key.text.splitlines()):
        anna.type(line)
        anna.type("")
    await anna.asks(secret("as a new name"), NEW_ACCOUNT)
    anna.type(secret("typed once"))
    await anna.asks(secret("typed otherwise"), "not the same")
    anna.type("")
    anna.type("Anna")
    await anna.asks(secret("wrong"), "is wrong")
    await anna.asks(secret("Anna"), lambda line: line.startswith("Exits:"))
    await anna.asks(f"password {secret('Anna')} = {secret('Anna again')}", "Password changed.")
    anna.type("password")
    anna.type(secret("Anna again"))
    anna.type(secret("Anna at last"))
    await anna.asks(secret("Anna at last"), "Password changed.")
    await anna.asks(f"password {secret('wrong')} = {secret('new')}", "isn't correct")
    # As one piece: the line behind the empty answer is typed before the prompt is seen.
    anna.send_bytes(f"password\r\n\r\n{secret('too early')}\r\n".encode())
    await anna.sees("That is not available.")
    await anna.asks(f"passwd {secret('slip')}", "That is not available.")
    await anna.asks(f"connect Anna {secret('slip')}", "That is not available.")
    await anna.asks(f"userpassword Bert = {secret('Bert')}", "new password set")


async def type_everywhere_by_ssh(system: System, key: OwnKey) -> None:
    for name, password in (("Bert", secret("wrong by ssh")), (secret("as a user"), secret("x"))):
        with pytest.raises(asyncssh.PermissionDenied):
            async with ssh(system, name, password=password):
                pass
    async with ssh(system, "Bert", password=secret("Bert")) as process:
        await shows(process, "Exits:")
        process.stdin.write("quit\n")
        await process.wait()
    async with ssh(system, "new") as process:
        await shows(process, "user name to login")
        process.stdin.write(f"{secret('as a name by ssh')}\n")
        await shows(process, NEW_ACCOUNT)
        process.stdin.write("\n")
        await shows(process, "user name to login")
        process.stdin.write("Bert\n")
        await shows(process, "password for account")
        process.stdin.write(f"{secret('Bert')}\n")
        await shows(process, "Exits:")
    # `account key add` is told of both halves; the secret one it does not take.
    await asyncio.to_thread(
        lambda: system.run("account", "key", "add", "Bert", "-", stdin=key.text, code=1)
    )
    await asyncio.to_thread(
        lambda: system.run("account", "key", "add", "Bert", "-", stdin=key.public)
    )
    async with ssh(system, "Bert", client_keys=[asyncssh.import_private_key(key.text)]) as process:
        await shows(process, "Exits:")


async def come_by_gmcp(system: System, tokens: Tokens) -> GmcpPlayer:
    cyd = await GmcpPlayer.connect(system.port)
    await cyd.told("Char.Login.Default")
    cyd.say("Char.Login.Credentials", {"account": "Cyd", "password": secret("wrong")})
    assert not (await cyd.told("Char.Login.Result"))["success"]
    cyd.say("Char.Login.Credentials", {"account": secret("as a name"), "password": secret("x")})
    assert not (await cyd.told("Char.Login.Result"))["success"]
    cyd.say("Char.Login.Credentials", {"account": "Cyd", "password": secret("Cyd")})
    assert await cyd.told("Char.Login.Result") == {"success": True}
    await cyd.told("Char.Login.Token")
    for _ in range(2):
        tokens.add(cyd.token)
        cyd.cut()
        again = await GmcpPlayer.connect(system.port)
        assert await again.come_back("Cyd", cyd.token, cyd.seen) == {"success": True}
        await again.told("Char.Login.Token")
        await cyd.leave()
        cyd = again
    tokens.add(cyd.token)
    stranger = await GmcpPlayer.connect(system.port)
    result = await stranger.come_back("Cyd", secret("a token"), 0)
    assert not result["success"]
    await stranger.leave()
    return cyd


async def come_by_web(system: System, dot: Web, tokens: Tokens) -> None:
    await dot.says("hello", {"client": "test"})
    await dot.sees("user name")
    await dot.says("line", secret("as a name by web"))
    await dot.sees(NEW_ACCOUNT)
    await dot.says("line", "")
    await dot.sees("user name")
    await dot.says("out", "login", [], {"name": "Dot", "password": secret("wrong by web")})
    await dot.sees("is wrong")
    await dot.says("line", "")
    await dot.sees("user name")
    await dot.says("line", "Dot")
    await dot.sees("password for account")
    await dot.says("line", secret("Dot"))
    tokens.add(json.loads(await dot.sees('["token"'))[1])


async def come_by_other_subprotocols(system: System, tokens: Tokens) -> None:
    async with web(system) as eve:
        await eve.sees("user name")
        await eve.says("login", [], {"name": "Eve", "password": secret("wrong")})
        await eve.sees("is wrong")
        await eve.says("login", [], {"name": "Eve", "password": secret("Eve")})
        await eve.sees("Exits:")
    async with web(system, "terminal.mudstandards.org") as fay:
        await fay.types(secret("at a terminal"), "user name")
        await fay.types("", NEW_ACCOUNT)
        await fay.types("Fay", "user name")
        await fay.types(secret("Fay"), "password for account")
        await fay.sees("Exits:")
    async with web(system, "gmcp.mudstandards.org") as gil:
        await gil.sends('Core.Supports.Set ["Char.Login 2"]')
        await gil.sees("Char.Login.Default")
        told = {"account": "Gil", "password": secret("Gil")}
        await gil.sends(f"Char.Login.Credentials {json.dumps(told)}")
        found = (await gil.sees("Char.Login.Token")).partition(" ")[2]
        tokens.add(json.loads(found)["token"])
    async with web(system, "json.mudstandards.org") as hal:
        told = {"account": "Hal", "password": secret("Hal")}
        packet = {"proto": "gmcp", "id": "Char.Login.Credentials", "data": json.dumps(told)}
        await hal.sends(json.dumps(packet))
        await hal.sees("Char.Login.Result")


async def have_servers_die(system: System, ida: GmcpPlayer) -> None:
    """Of a line and of an input function that have a password, until both are skipped."""
    ida.type(f"masterpassword {secret('deadly')}")
    await ida.reads("A line of yours was not done")
    ida.lines.clear()
    ida.say("Unlock", {"password": secret("deadly"), secret("as a key"): 1})
    await ida.reads("A line of yours was not done")


class Traffic:
    """A running `everdoor session watch SESSID --traffic`."""

    def __init__(self, system: System, sessid: int) -> None:
        self.process = system.start("session", "watch", str(sessid), "--traffic", "--json")
        [self._output] = system.folder.glob(f"*-session-watch-{sessid}-*.out")

    async def sees(self, player: Player, count: int) -> None:
        """Have a player type nothing until so many lines of what is typed are told."""

        def told() -> bool:
            if self._output.read_text().count('"typed"') < count:
                player.type("")
                return False
            return True

        await asyncio.to_thread(until, told, "the traffic is told")

    def text(self) -> str:
        return self._output.read_text()


# All of it.


def sessions(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(system.run("session", "list", "--json").stdout)
    return found


def make_accounts(system: System) -> None:
    """By all ways of a shell, with slips."""
    lines = "".join(f"{name}\t{secret(name)}\n" for name in NAMES[1:])
    slips = f"Zoe {secret('without a tab')}\n{NAMES[1]}\t{secret('of a name that is taken')}\n"
    system.run("account", "create", "--from", "-", stdin=lines + slips, code=1)
    create = ["account", "create", "Anna", "--superuser", "--password-stdin"]
    system.run(*create, stdin=secret("not yet"))
    system.run(*create, stdin=secret("twice"), code=1)
    system.run("account", "set-password", "Anna", "--password-stdin", stdin=secret("Anna"))


async def play(system: System, key: OwnKey, tokens: Tokens) -> None:
    anna = await Player.connect("Anna", system.port)
    await anna.sees_prompt("user name to login")
    [first] = await asyncio.to_thread(sessions, system)
    traffic = Traffic(system, first["sessid"])
    await traffic.sees(anna, 1)
    await type_everywhere_by_telnet(system, anna, key)
    await type_everywhere_by_ssh(system, key)
    cyd = await come_by_gmcp(system, tokens)
    await come_by_other_subprotocols(system, tokens)
    ida = await GmcpPlayer.connect(system.port)
    await ida.log_in("Ida", secret("Ida"))
    tokens.add(ida.token)
    async with web(system, "v1.everdoor") as dot:
        await come_by_web(system, dot, tokens)
        await have_servers_die(system, ida)
        await anna.asks("think Done.", "Done.")
        await search(system, key, tokens)
        await type_while_the_server_is_away(system, anna, dot, ida)
        await search(system, key, tokens)
    text = traffic.text()
    assert text.count("********") > 5 and "Done." in text
    for player in (anna, cyd, ida):
        await player.leave()


async def type_while_the_server_is_away(
    system: System, anna: Player, dot: Web, ida: GmcpPlayer
) -> None:
    """Kill it for good; portals hold what is typed, and say what they know of the sessions."""
    anna.type("password")
    await anna.sees_prompt("Old password: ")
    server = (await asyncio.to_thread(system.status)).server
    kill(server["pid"])
    kill(server["worker_pid"])
    anna.type(secret("held"))
    ida.type(f"password {secret('Ida')} = {secret('held')}")
    ida.say("Unlock", {"password": secret("held")})
    await dot.says("line", f"password {secret('Dot')} = {secret('held')}")
    stranger = await GmcpPlayer.connect(system.port)
    stranger.say("Char.Login.Credentials", {"account": "Cyd", "password": secret("held")})
    stranger.type(secret("held"))
    await stranger.leave()


async def search(system: System, key: OwnKey, tokens: Tokens) -> None:
    def found() -> dict[str, bytes]:
        sessids = [each["sessid"] for each in sessions(system) if each["account"]]
        return places(system, sessids[:2], ["Anna"])

    everything = await asyncio.to_thread(found)
    worlds = [data for place, data in everything.items() if "world.db" in place]
    assert any(tokens.last_hash in data for data in worlds), "what is stored would be found"
    secrets = [Secret("what was typed", MARK.encode()), *tokens.secrets(), *key.secrets()]
    assert_none_in(everything, [*secrets, *kept_keys(system.home)])


@pytest.mark.timeout(300)
def test_no_password_token_or_key_is_logged_stored_or_shown(folder: Path) -> None:
    game = folder / "game"
    game.mkdir()
    (game / "cmdsets.py").write_text(CMDSETS)
    (game / "inputfuncs.py").write_text(INPUTFUNCS)
    settings: dict[str, object] = {
        "game": game,
        "log_level": "debug",
        "login_throttle_limit": 0,
        "creation_throttle_limit": 0,
        "cmdset_unloggedin": f"{MENU}.UnloggedinCmdSet",
        "connection_screen": MENU,
        **{f"{door}_port": free_port() for door in ("web", "ssh", "tls")},
        **listening(HOST, free_ports()),
    }
    with System(folder, portals=1, **settings) as system:
        for role in ("server", "auth"):
            new_key(system, role)
        system.start_supervisors()
        system.start("session", "watch", "--json")
        make_accounts(system)
        asyncio.run(play(system, OwnKey(), Tokens()))
