"""SESSION_HANDLER is the handler of whatever world runs."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server import SESSION_HANDLER, SESSIONS, CmdSet, Command, ask
from everdoor_server.engine import GameOptions
from everdoor_server.session import ServerSession
from everdoor_server.testing import Client, World


class CmdCount(Command):
    key = "count"

    def func(self) -> None:
        self.msg(f"{len(SESSION_HANDLER)} sessions, {SESSIONS.account_count()} accounts")


class CmdSlow(Command):
    key = "slow"

    async def func(self) -> None:
        await ask("? ")
        self.msg(f"{SESSION_HANDLER[self.session.sessid] is self.session}")


class Counting(CmdSet):
    def at_cmdset_creation(self) -> None:
        self.add([CmdCount, CmdSlow])


def counting(world: World, name: str) -> Client:
    client = world.log_in(name)
    client.session.cmdset.add(Counting)
    return client


def test_command_finds_the_sessions_of_its_own_world() -> None:
    one, two = World(GameOptions(multisession_mode=2)), World()
    anna, bo = counting(one, "Anna"), counting(two, "Bo")
    one.log_in("Anna")
    one.log_in("Cyd")
    assert anna.type("count") == "3 sessions, 2 accounts"
    assert bo.type("count") == "1 sessions, 1 accounts"


def test_command_that_waited_is_in_its_own_world_again() -> None:
    one, two = World(), World()
    two.connect()
    anna, bo = counting(one, "Anna"), counting(two, "Bo")
    anna.type("slow")
    bo.type("slow")
    assert (anna.type("x"), bo.type("x")) == ("True", "True")


def test_hooks_run_in_the_world_of_their_session() -> None:
    seen: list[tuple[str, int]] = []

    class Watched(ServerSession):
        def at_sync(self) -> None:
            seen.append(("sync", len(SESSION_HANDLER)))

        def at_login(self, account: Any) -> None:
            seen.append(("login", self.sessid in SESSION_HANDLER))

    World(session_class=Watched).log_in("Anna")
    assert seen == [("sync", 1), ("login", True)]


def test_outside_of_a_world_there_is_none() -> None:
    World().log_in("Anna")
    with pytest.raises(RuntimeError, match="no world runs here"):
        SESSION_HANDLER.get_sessions()
    assert SESSION_HANDLER
