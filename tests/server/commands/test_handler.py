"""From a line to its command, in a whole game."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from everdoor.errors import SettingsError, UserError
from everdoor_server.commands import default as default_cmds
from everdoor_server.commands import syscmdkeys
from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.engine import Game, GameOptions
from everdoor_server.objects import Thing
from everdoor_server.session import ServerSession
from everdoor_server.testing import World
from everdoor_server.waits import sleep


class MyUnloggedinLook(Command):
    key = syscmdkeys.CMD_LOGINSTART

    def func(self) -> None:
        self.caller.msg("Welcome.")


class UnloggedinCmdSet(default_cmds.UnloggedinCmdSet):
    def at_cmdset_creation(self) -> None:
        super().at_cmdset_creation()
        self.add(MyUnloggedinLook())


class CmdEcho(Command):
    """Says what it was given."""

    key = "echo"
    log: list[Any] = []

    def at_pre_cmd(self) -> bool:
        return "refused" in self.args

    def func(self) -> None:
        self.msg(f"{self.cmdname}|{self.args}|{self.raw_string}")

    def at_post_cmd(self) -> None:
        self.msg("done")


class CmdWait(CmdEcho):
    key = "wait"

    async def func(self) -> None:
        self.kept = self.args
        await sleep(5)
        self.msg(f"waited{self.kept}")


class CmdBreak(Command):
    key = "break"

    def func(self) -> None:
        self.caller.location.db.cracks = 1
        if "softly" in self.args:
            raise UserError("That would break it.")
        raise RuntimeError("broken")


class CmdBreakLater(CmdBreak):
    key = "later"

    async def func(self) -> None:
        await sleep(1)
        raise RuntimeError("broken")


class CmdSecret(Command):
    key = "secret"
    locks = "cmd:perm(Admin)"

    def func(self) -> None:
        self.msg("psst")


class CmdAgain(Command):
    key = "again"

    def func(self) -> None:
        self.execute_cmd("echo one")
        self.execute_cmd("echo two")


class CmdNoInput(Command):
    key = syscmdkeys.CMD_NOINPUT

    def func(self) -> None:
        self.msg("Silence.")


class CmdNoMatch(Command):
    key = syscmdkeys.CMD_NOMATCH

    def func(self) -> None:
        self.msg(f"Nothing like {self.args}.")


class CmdMultiMatch(Command):
    key = syscmdkeys.CMD_MULTIMATCH
    matches: list[Any]

    def func(self) -> None:
        self.msg(f"{len(self.matches)} things to {self.args}.")


class CharacterCmdSet(default_cmds.CharacterCmdSet):
    def at_cmdset_creation(self) -> None:
        super().at_cmdset_creation()
        self.add([CmdEcho, CmdWait, CmdBreak, CmdBreakLater, CmdSecret, CmdAgain])


class SystemCmdSet(CmdSet):
    key = "system"
    mergetype = "Replace"
    priority = 5
    no_exits = True
    no_objs = True

    def at_cmdset_creation(self) -> None:
        self.add([CmdNoInput, CmdNoMatch, CmdMultiMatch])


class ButtonCmdSet(CmdSet):
    key = "button"

    def at_cmdset_creation(self) -> None:
        self.add(CmdPress)


class CmdPress(Command):
    key = "press"

    def func(self) -> None:
        self.msg(f"You press {self.obj.key}.")


HERE = __name__


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of sets in this file lead here, however the file was imported."""
    module = ModuleType(HERE)
    for found in (UnloggedinCmdSet, CharacterCmdSet, SystemCmdSet, ButtonCmdSet):
        setattr(module, found.__name__, found)
    monkeypatch.setitem(sys.modules, HERE, module)


def world_with(**options: Any) -> World:
    return World(GameOptions(cmdset_character=f"{HERE}.CharacterCmdSet", **options))


def test_game_replaces_the_login_screen_by_a_command_of_that_key() -> None:
    world = World(GameOptions(cmdset_unloggedin=f"{HERE}.UnloggedinCmdSet"))
    assert world.connect().read() == "Welcome."


def test_command_gets_its_name_and_the_rest_of_the_line() -> None:
    anna = world_with().log_in("Anna")
    assert anna.type(" Echo  hi ") == "Echo|  hi| Echo  hi \ndone"


def test_pre_hook_ends_a_command_before_it_does_anything() -> None:
    assert world_with().log_in("Anna").type("echo refused") == ""


def test_command_that_waits_keeps_what_is_its_own() -> None:
    world = world_with()
    anna, before = world.log_in("Anna"), world.now
    assert anna.type("wait a") == "waited a\ndone"
    assert world.now == before + 5


@pytest.mark.parametrize("line", ["break", "later"])
def test_command_that_raises_is_logged_with_a_trace_that_its_player_sees(line: str) -> None:
    anna = world_with().log_in("Anna")
    with capture_logs() as logged:
        told = anna.type(line)
    assert [entry["log_level"] for entry in logged] == ["error"]
    assert told == f"Something went wrong; it has been logged as {logged[0]['trace']}."
    assert "RuntimeError" not in told


def test_command_that_raises_leaves_what_it_did_and_disturbs_nothing() -> None:
    world = world_with()
    anna = world.log_in("Anna")
    with capture_logs():
        anna.type("break")
    assert world.start.db.cracks == 1
    assert anna.type("echo on").startswith("echo")


def test_error_meant_for_the_player_is_shown_and_not_logged() -> None:
    anna = world_with().log_in("Anna")
    with capture_logs() as logged:
        assert anna.type("break softly") == "That would break it."
    assert logged == []


def test_locked_command_does_not_exist_for_who_may_not() -> None:
    world = world_with()
    anna, boss = world.log_in("Anna"), world.log_in("Boss", superuser=True)
    assert "is not available" in anna.type("secret")
    assert "secret" not in anna.type("help") and "secret" not in anna.type("secre")
    assert boss.type("secret") == "psst"
    anna.session.account.permissions.add("Admin")
    assert anna.type("secret") == "psst"


def test_lines_that_a_command_sets_off_run_in_order() -> None:
    told = world_with().log_in("Anna").type("again")
    assert [line for line in told.splitlines() if line != "done"] == [
        "echo| one|echo one",
        "echo| two|echo two",
    ]


def test_empty_line_says_nothing() -> None:
    assert World().log_in("Anna").type("", "   ") == ""


def test_system_commands_are_replaced_by_commands_with_their_keys() -> None:
    world = world_with()
    anna = world.log_in("Anna")
    anna.session.cmdset.add(f"{HERE}.SystemCmdSet")
    assert anna.type(" ") == "Silence."
    assert anna.type("look around") == "Nothing like look around."
    anna.session.cmdset.remove("system")
    assert "Limbo" in anna.type("look")


def test_alias_of_a_system_command_can_be_typed() -> None:
    class CmdStart(Command):
        key = syscmdkeys.CMD_LOGINSTART
        aliases = ("stare",)

        def func(self) -> None:
            self.msg(f"{self.cmdname} at it")

    class Staring(CmdSet):
        def at_cmdset_creation(self) -> None:
            self.add(CmdStart)

    client = World().connect()
    client.session.cmdset.add(Staring)
    assert client.type("stare") == "stare at it"
    assert "not available" in client.type(syscmdkeys.CMD_LOGINSTART)


def test_system_command_cannot_be_typed() -> None:
    anna = World().connect()
    anna.read()
    assert "is not available" in anna.type(syscmdkeys.CMD_LOGINSTART)


@pytest.mark.parametrize("line", ["passwd old = hunter2", "connect Anna hunter2"])
def test_line_that_is_no_command_is_not_quoted_when_it_is_meant_for_a_password(line: str) -> None:
    anna = World().log_in("Anna")
    assert anna.type(line).startswith("That is not available.")
    assert anna.type("hunter").startswith("Command 'hunter' is not available.")


def test_line_that_was_typed_ahead_of_a_prompt_is_not_quoted() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.type("password", "")
    anna.read()
    anna.session.prompt_seen = 0
    world.game.run(anna.session, "hunter2", "")
    assert anna.read().startswith("That is not available.")


def test_set_on_one_session_leaves_the_others_alone() -> None:
    world = world_with(multisession_mode=1)
    first, second = world.log_in("Anna"), world.log_in("Anna")
    first.session.cmdset.add(SystemCmdSet)
    second.read()
    assert second.type("look").count("Limbo") == 1
    assert "Nothing like look." in first.type("look")


def test_thing_nearby_adds_its_commands_for_those_it_lets() -> None:
    world = World()
    anna = world.log_in("Anna")
    button = world.game.objects.create(Thing, "red button", location=world.start)
    assert "is not available" in anna.type("press")
    button.cmdset.add(ButtonCmdSet)
    assert anna.type("press") == "You press red button."
    button.locks.add("call:none()")
    assert "is not available" in anna.type("press")
    button.locks.add("call:all()")
    button.location = anna.puppet
    assert anna.type("press") == "You press red button."
    button.location = None
    assert "is not available" in anna.type("press")


def test_people_who_come_and_go_cost_no_merging_of_what_stays() -> None:
    world = World()
    anna = world.log_in("Anna")
    world.game.objects.create(Thing, "button", location=world.start).cmdset.add(ButtonCmdSet)
    anna.type("press")
    before = world.game.cmdset_for(anna.session)
    world.log_in("Bo").leave()
    assert world.game.cmdset_for(anna.session) is before


def test_equal_things_nearby_are_told_apart_by_number() -> None:
    world = World()
    anna = world.log_in("Anna")
    for colour in ("red", "blue"):
        button = world.game.objects.create(Thing, f"{colour} button", location=world.start)
        button.cmdset.add(ButtonCmdSet)
    assert "More than one match" in anna.type("press")
    assert anna.type("2-press") == "You press blue button."


def test_sets_of_a_character_are_its_own() -> None:
    world = World()
    anna, bo = world.log_in("Anna"), world.log_in("Bo")
    bo.puppet.cmdset.add(ButtonCmdSet)
    assert "is not available" in anna.type("press")
    assert bo.type("press") == "You press Bo."


@pytest.mark.parametrize(
    ("mode", "heard"), [(0, [False, True]), (1, [True, True]), (2, [False, True])]
)
def test_command_tells_the_sessions_that_the_mode_says(mode: int, heard: list[bool]) -> None:
    world = world_with(multisession_mode=mode)
    clients = [world.log_in("Anna") for _ in heard]
    clients[1].type("ic Anna")
    for client in clients:
        client.read()
    world.run(clients[1], "echo hi")
    assert ["hi" in client.read() for client in clients] == heard


def test_command_tells_all_who_share_a_puppet_in_mode_3_unless_set_otherwise() -> None:
    for everywhere, heard in ((None, True), (False, False)):
        world = world_with(multisession_mode=3, command_msg_all_sessions=everywhere)
        first, second = world.log_in("Anna"), world.log_in("Anna")
        second.type("ic Anna")
        first.read()
        second.type("echo hi")
        assert ("hi" in first.read()) is heard


def test_setting_that_names_no_command_set_is_refused_at_start() -> None:
    for path in ("gone.CmdSet", "everdoor_server.session.ServerSession", "nothing"):
        with pytest.raises(SettingsError, match="cmdset_account"):
            World(GameOptions(cmdset_account=path))


def test_two_worlds_in_one_process_share_nothing() -> None:
    one, other = World(), World()
    anna, anna_there = one.log_in("Anna"), other.log_in("Anna")
    anna_there.read()
    anna.type("say hello")
    assert anna_there.read() == ""
    assert isinstance(one.game, Game) and one.game.objects is not other.game.objects


@given(
    st.lists(
        st.text(max_size=30) | st.sampled_from(["ooc", "ic", "get ", "say ", "2-look", "quit"])
    )
)
@settings(max_examples=60, deadline=None)
def test_nothing_that_can_be_typed_fails(lines: list[str]) -> None:
    world = World()
    with capture_logs() as logged:
        for client in (world.connect(), world.log_in("Anna")):
            client.type(*lines)
    assert logged == []


def test_hooks_run_before_command_sets_are_merged() -> None:
    asked: list[str] = []

    class Watched(ServerSession):
        def at_cmdset_get(self, **kwargs: Any) -> None:
            asked.append("session")

    anna = World(session_class=Watched).log_in("Anna")
    asked.clear()
    anna.type("look")
    assert asked == ["session"]
