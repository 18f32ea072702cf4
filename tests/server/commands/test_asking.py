"""Commands that ask whoever typed them for another line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.command import Command
from everdoor_server.testing import Client, World


class CmdMix(Command):
    key = "mix"

    async def func(self) -> None:
        first = await self.ask("First? ")
        second = await self.ask("Second? ", hidden=True)
        self.msg(f"{first} and {second}")


class CmdYield(Command):
    """As commands of Evennia ask and wait."""

    key = "yield"

    def func(self) -> Iterator[Any]:
        answer = yield "What? "
        yield 2
        self.msg(f"later: {answer}")


class CmdAskThenFail(Command):
    key = "fail"

    async def func(self) -> None:
        await self.ask("What? ")
        raise ValueError("no")


class Asking(CmdSet):
    def at_cmdset_creation(self) -> None:
        self.add([CmdMix, CmdYield, CmdAskThenFail])


def asker(world: World | None = None) -> Client:
    anna = (world or World()).log_in("Anna")
    anna.session.cmdset.add(Asking)
    return anna


def test_lines_that_follow_are_the_answers_in_order() -> None:
    anna = asker()
    assert anna.type("mix") == "First? "
    assert anna.type("  look ") == "Second? "
    assert anna.shown[-1].options == {"hidden": True}
    assert anna.type("") == "  look  and "
    assert anna.type("look").startswith("Limbo")


def test_each_prompt_has_a_number_of_its_own() -> None:
    anna = asker()
    numbers = []
    for line in ("mix", "one", "two", "mix"):
        anna.type(line)
        numbers.append((anna.session.prompt, anna.session.is_asked))
    assert numbers == [(1, True), (2, True), (2, False), (3, True)]


def test_generator_is_given_what_it_yields_for() -> None:
    anna = asker()
    assert anna.type("yield") == "What? "
    assert anna.type("this") == "later: this"


def test_command_that_fails_behind_its_prompt_asks_no_more() -> None:
    anna = asker()
    anna.type("fail")
    assert "it has been logged" in anna.type("x")
    assert not anna.session.is_asked
    assert anna.type("look").startswith("Limbo")


def test_prompt_does_not_outlive_a_restart_and_the_answer_is_no_command() -> None:
    world = World()
    anna = asker(world)
    anna.type("mix", "one")
    seen = anna.session.prompt
    world.restart()
    assert "interrupted" in anna.read()
    assert anna.session.is_void(seen)
    assert not anna.session.is_void(anna.session.prompt)


def test_prompt_of_somebody_who_logs_in_begins_again_after_a_restart() -> None:
    world = World()
    client = world.connect()
    client.type("look")
    client.session.cmdset.add(Asking)
    client.type("mix")
    client.read()
    world.restart()
    told = client.read()
    assert "interrupted" in told and "connect <name> <password>" in told
    assert client.type("look")


def test_session_that_ends_at_a_prompt_leaves_nothing_behind() -> None:
    anna = asker()
    anna.type("mix")
    anna.leave()
    assert anna.closed is not None
    assert anna.type("one") == ""
