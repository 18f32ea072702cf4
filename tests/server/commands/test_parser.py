"""Which commands a line means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.playertext import clean
from everdoor_server.commands.command import Command
from everdoor_server.commands.parser import Entry, Match, NameIndex


def named(key: str, *aliases: str, arg_regex: str | None = None) -> Command:
    return Command(key=key, aliases=aliases, arg_regex=arg_regex)


def index(*commands: Command) -> NameIndex:
    return NameIndex(Entry(command, 0) for command in commands)


def anybody(command: Command) -> bool:
    return True


def found(names: NameIndex, line: str) -> list[tuple[str, str, str]]:
    return [(m.entry.command.key, m.name, m.args) for m in names.match(line, anybody)]


STANDARD = index(
    named("look", "l", "ls", arg_regex=r"\s|$"),
    named("say", "'", '"'),
    named("pose", ":", "emote"),
    named("north gate", "n", arg_regex="$"),
    named("open"),
    named("open wide"),
    named("İstanbul"),
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("look", ("look", "look", "")),
        ("LOOK at me", ("look", "LOOK", " at me")),
        ("ls", ("look", "ls", "")),
        ("'hello", ("say", "'", "hello")),
        (":waves", ("pose", ":", "waves")),
        ("sayhello", ("say", "say", "hello")),
        ("north gate", ("north gate", "north gate", "")),
        ("n", ("north gate", "n", "")),
        ("open door", ("open", "open", " door")),
        ("open wide door", ("open wide", "open wide", " door")),
        ("@look", ("look", "look", "")),
        ("İstanbul", ("i̇stanbul", "i̇stanbul", "")),
    ],
)
def test_line_means_the_longest_name_that_begins_it(
    line: str, expected: tuple[str, str, str]
) -> None:
    assert found(STANDARD, line) == [expected]


@pytest.mark.parametrize("line", ["lookat", "n extra", "north", "xyz", "", "@", "-", "2-", "2-xyz"])
def test_line_that_nothing_fits_has_no_match(line: str) -> None:
    assert found(STANDARD, line) == []


def test_command_that_is_not_allowed_gives_way_to_a_shorter_name() -> None:
    names = index(named("get"), named("getall"))
    matches = names.match("getall", lambda command: command.key != "getall")
    assert [(m.entry.command.key, m.args) for m in matches] == [("get", "all")]


def test_number_picks_one_of_several_with_one_name() -> None:
    first, second = named("door", arg_regex="$"), named("wide door", "door", arg_regex="$")
    names = index(first, second)
    assert [m.entry.command for m in names.match("door", anybody)] == [first, second]
    assert [m.entry.command for m in names.match("2-door", anybody)] == [second]
    assert [m.entry.command for m in names.match("door-2", anybody)] == [second]
    assert names.match("3-door", anybody) == []


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("lok", "look"),
        ("olok", "look"),
        ("sya", "say"),
        ("quit", None),
        ("opne", "open"),
        ("emoet", "emote"),
    ],
)
def test_misspelt_command_gets_its_name_suggested(typed: str, suggested: str | None) -> None:
    names = STANDARD.suggest(f"{typed} something", anybody)
    assert (names[:1] or [None])[0] == suggested


def test_suggestions_are_few_and_leave_out_what_is_not_allowed() -> None:
    names = index(*(named(f"walk{letter}") for letter in "abcdefg"))
    assert len(names.suggest("walk", anybody)) == 3
    assert names.suggest("walk", lambda command: False) == []
    assert names.suggest("w" * 6000, anybody) == []


def test_suggestions_stay_the_same_whatever_was_typed_in_between() -> None:
    names = index(named("look"), named("lock"))
    first = names.suggest("lok", anybody)
    assert names.suggest("lok", lambda command: command.key == "lock") == ["lock"]
    for number in range(200):
        names.suggest(f"word{number}", anybody)
    assert names.suggest("lok", anybody) == first == ["look", "lock"]


@given(st.text(max_size=60))
def test_no_line_breaks_the_parser(line: str) -> None:
    for match in STANDARD.match(clean(line), anybody):
        assert isinstance(match, Match)
    STANDARD.suggest(line, anybody)
