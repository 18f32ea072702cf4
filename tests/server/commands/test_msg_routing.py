"""Who is shown what: msg of sessions, accounts, objects and commands, in every multisession mode.

In each mode three clients of one account are logged in, `one`, `two` and `three`, as the mode lets
them: one and two share a puppet where they can, three has another where it can; `other` is
somebody else in the same place.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.engine import GameOptions
from everdoor_server.objects import Character
from everdoor_server.testing import Client, World


class CmdTell(Command):
    key = "tell"

    def func(self) -> None:
        self.msg("told")


class CmdTellAll(CmdTell):
    key = "tellall"
    msg_all_sessions = True


class CmdTellOne(CmdTell):
    key = "tellone"
    msg_all_sessions = False


class CmdTellObject(Command):
    key = "tellobject"

    def func(self) -> None:
        self.msg("told", to_obj=self.character)


class CmdTellAccount(Command):
    key = "tellaccount"

    def func(self) -> None:
        self.msg("told", to_obj=self.account)


class CmdTellNewest(Command):
    key = "tellnewest"

    def func(self) -> None:
        self.msg("told", session=self.account.sessions.all()[-1])


class Telling(CmdSet):
    def at_cmdset_creation(self) -> None:
        self.add([CmdTell, CmdTellAll, CmdTellOne, CmdTellObject, CmdTellAccount, CmdTellNewest])


class Party(NamedTuple):
    world: World
    clients: dict[str, Client]

    def told(self, text: str = "told") -> set[str]:
        """Who has been shown a text since this was asked last."""
        return {name for name, client in self.clients.items() if text in client.read()}


def party(mode: int, **options: Any) -> Party:
    world = World(
        GameOptions(
            multisession_mode=mode,
            max_nr_characters=2,
            max_nr_simultaneous_puppets=0,
            **options,
        )
    )
    clients = {"other": world.log_in("Bo")}
    for name in ("one", "two", "three")[: 1 if mode == 0 else 3]:
        clients[name] = world.log_in("Anna")
    if mode in (2, 3):
        account = clients["one"].session.account
        account.create_character("Beth")
        clients["three"].type("ic Beth")
    for client in clients.values():
        client.session.cmdset.add(Telling)
    found = Party(world, clients)
    found.told()
    return found


ALL = {"one", "two", "three"}

COMMANDS = [
    # mode, setting, command -> who is told
    (0, None, "tell", {"one"}),
    (0, True, "tell", {"one"}),
    (1, None, "tell", ALL),
    (1, True, "tell", ALL),
    (1, False, "tell", {"one"}),
    (1, None, "tellone", {"one"}),
    (1, None, "tellall", ALL),
    (2, None, "tell", {"one"}),
    (2, False, "tell", {"one"}),
    (2, True, "tell", {"one"}),
    (3, None, "tell", {"one", "two"}),
    (3, True, "tell", {"one", "two"}),
    (3, False, "tell", {"one"}),
    (3, False, "tellall", {"one", "two"}),
    (3, True, "tellone", {"one"}),
    (1, None, "tellaccount", ALL),
    (2, None, "tellaccount", ALL),
    (3, None, "tellaccount", ALL),
    (1, None, "tellnewest", {"three"}),
    (2, None, "tellnewest", {"three"}),
    (3, None, "tellnewest", {"three"}),
]


@pytest.mark.parametrize(("mode", "setting", "line", "told"), COMMANDS)
def test_command_tells_who_the_mode_says_or_the_setting_or_itself(
    mode: int, setting: bool | None, line: str, told: set[str]
) -> None:
    found = party(mode, command_msg_all_sessions=setting)
    found.world.run(found.clients["one"], line)
    assert found.told() == told


@pytest.mark.parametrize(("mode", "told"), [(0, {"one"}), (1, ALL), (2, ALL), (3, ALL)])
def test_account_tells_all_of_its_sessions_or_those_given(mode: int, told: set[str]) -> None:
    found = party(mode)
    one, last = found.clients["one"], list(found.clients.values())[-1]
    account = one.session.account
    account.msg("told")
    assert found.told() == told
    account.msg("told", session=last.session)
    assert found.told() == {list(found.clients)[-1]}
    account.msg("told", session=[one.session, last.session])
    assert found.told() == {"one", list(found.clients)[-1]}
    account.msg("told", session=[])
    assert found.told() == set()


@pytest.mark.parametrize(
    ("mode", "told"),
    [(0, {"one"}), (1, ALL), (2, {"one"}), (3, {"one", "two"})],
)
def test_object_tells_the_sessions_that_puppet_it(mode: int, told: set[str]) -> None:
    found = party(mode)
    found.clients["one"].puppet.msg("told")
    assert found.told() == told
    session = list(found.clients.values())[-1].session
    found.clients["one"].puppet.msg("told", session=session)
    assert found.told() == {list(found.clients)[-1]}


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_session_tells_itself(mode: int) -> None:
    found = party(mode)
    found.clients["one"].session.msg("told")
    assert found.told() == {"one"}


@pytest.mark.parametrize(
    ("mode", "you", "they"),
    [
        (0, {"one"}, {"other"}),
        (1, ALL, {"other"}),
        (2, {"one"}, {"other", "three"}),
        (3, {"one", "two"}, {"other", "three"}),
    ],
)
def test_what_a_puppet_says_is_heard_by_its_sessions_and_the_place(
    mode: int, you: set[str], they: set[str]
) -> None:
    found = party(mode)
    found.world.run(found.clients["one"], "say hi")
    heard = {name: client.read() for name, client in found.clients.items()}
    assert {name for name, text in heard.items() if 'You say, "hi"' in text} == you
    assert {name for name, text in heard.items() if 'Anna says, "hi"' in text} == they


def test_command_that_lets_go_of_a_shared_puppet_tells_who_typed_it() -> None:
    found = party(3)
    found.world.run(found.clients["one"], "ooc")
    assert found.told("You go OOC.") == {"one"}


def test_prompt_comes_last_whatever_it_came_with() -> None:
    one = party(0).clients["one"]
    del one.shown[:]
    one.session.msg(prompt=">", text="text", Char_Vitals={"hp": 3})
    assert [shown.name for shown in one.shown] == ["text", "Char_Vitals", "prompt"]
    assert one.shown[1].options == {"hp": 3}


def test_text_may_bring_its_options() -> None:
    one = party(0).clients["one"]
    del one.shown[:]
    one.session.msg(("look here", {"type": "look"}), options={"raw": True})
    assert one.shown[0].args == ["look here"]
    assert one.shown[0].options == {"raw": True, "type": "look"}


def test_nobody_is_told_without_an_error() -> None:
    found = party(2)
    statue = found.world.game.objects.create(Character, "Statue")
    statue.msg("told")
    found.clients["one"].type("ooc")
    found.clients["one"].session.account.msg("told", session=[])
    assert found.told() == set()


def test_receiver_may_refuse_and_sender_is_told() -> None:
    class Deaf(Character):
        def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool:
            return False

    class Speaker(Character):
        sent: list[Any] = []

        def at_msg_send(self, text: Any = None, to_obj: Any = None, **kwargs: Any) -> None:
            self.sent.append((text, to_obj.key))

    found = party(3)
    objects = found.world.game.objects
    deaf = objects.create(Deaf, "Deaf", location=found.world.start, locks="puppet:all()")
    speaker = objects.create(Speaker, "Speaker")
    found.clients["three"].type("ic Deaf")
    deaf.msg("told", from_obj=speaker)
    assert found.told() == set()
    assert speaker.sent == [("told", "Deaf")]


@pytest.mark.parametrize("mode", [1, 2, 3])
def test_account_runs_a_line_as_its_first_session_or_the_one_given(mode: int) -> None:
    found = party(mode)
    one, three = found.clients["one"], found.clients["three"]
    account: Any = one.session.account
    assert account.is_connected
    account.execute_cmd("tellone")
    found.world.run(found.clients["other"], "idle")
    assert found.told() == {"one"}
    account.execute_cmd("tellone", session=three.session)
    found.world.run(found.clients["other"], "idle")
    assert found.told() == {"three"}
