"""How command sets become one."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor.errors import UserError
from everdoor_server.commands.cmdset import CmdSet, MergeCache, merge
from everdoor_server.commands.command import Command


def named(key: str, *aliases: str) -> Command:
    return Command(key=key, aliases=aliases)


def cmdset(*commands: Command, key: str = "low", **attributes: Any) -> CmdSet:
    cls = type("Made", (CmdSet,), {"key": key, **attributes})
    made: CmdSet = cls()
    made.add(commands)
    return made


def keys(*sets: CmdSet) -> list[str]:
    return sorted(command.key for command in merge((sets,)))


LOW = (named("look"), named("get", "take"), named("say"))
HIGH = (named("look"), named("take"), named("fly"))


@pytest.mark.parametrize(
    ("mergetype", "expected"),
    [
        ("Union", ["fly", "look", "say", "take"]),
        ("Intersect", ["look", "take"]),
        ("Replace", ["fly", "look", "take"]),
        ("Remove", ["say"]),
    ],
)
def test_higher_set_merges_onto_the_lower_one(mergetype: str, expected: list[str]) -> None:
    high = cmdset(*HIGH, key="high", priority=1, mergetype=mergetype)
    assert keys(high, cmdset(*LOW)) == expected


def test_union_takes_the_command_of_the_higher_set() -> None:
    low, high = cmdset(*LOW), cmdset(*HIGH, priority=1)
    merged = merge(((high,), (low,)))
    look = next(entry for entry in merged.entries if entry.command.key == "look")
    assert look.command is HIGH[0]
    assert look.origin == 0


def test_of_the_same_priority_the_later_set_wins() -> None:
    first, second = named("look"), named("look")
    merged = merge(((cmdset(first), cmdset(second)),))
    assert [entry.command for entry in merged.entries] == [second]


def test_key_mergetypes_hold_toward_the_set_they_name() -> None:
    high = cmdset(*HIGH, priority=1, key_mergetypes={"low": "Replace"})
    assert keys(high, cmdset(*LOW)) == ["fly", "look", "take"]
    assert "say" in keys(high, cmdset(*LOW, key="other"))


def test_duplicates_stay_side_by_side_at_one_priority_only() -> None:
    doors = [cmdset(named("door"), duplicates=True, priority=101) for _ in range(2)]
    assert keys(cmdset(named("door")), *doors) == ["door", "door"]


def test_system_commands_survive_a_replacing_set() -> None:
    low = cmdset(named("__nomatch_command"), named("look"))
    merged = merge(((low, cmdset(named("1"), priority=1, mergetype="Replace")),))
    assert list(merged.system) == ["__nomatch_command"]
    assert [command.key for command in merged] == ["1"]


def test_no_exits_and_no_objs_hold_until_a_higher_set_says_otherwise() -> None:
    closed = cmdset(no_exits=True, no_objs=True)
    merged = merge(((closed, cmdset(priority=1), cmdset(priority=2, no_objs=False)),))
    assert merged.no_exits and not merged.no_objs


def test_adding_replaces_commands_that_share_a_name() -> None:
    made = cmdset(named("get", "take"), named("say"))
    made.add(named("grab", "take"))
    assert [command.key for command in made] == ["say", "grab"]
    assert "take" in made and "get" not in made
    made.remove("take")
    assert [command.key for command in made] == ["say"]


@pytest.mark.parametrize("added", [3, None, "look", object])
def test_adding_what_is_no_command_is_refused(added: Any) -> None:
    with pytest.raises(UserError, match="expected a Command"):
        CmdSet().add(added)


def test_unknown_mergetype_is_refused() -> None:
    with pytest.raises(UserError, match="mergetype is one of"):
        cmdset(mergetype="Mix")


def test_set_has_the_commands_of_its_base_and_its_own() -> None:
    class Base(CmdSet):
        def at_cmdset_creation(self) -> None:
            self.add(named("look"))

    class Derived(Base):
        def at_cmdset_creation(self) -> None:
            super().at_cmdset_creation()
            self.add(named("fly"))

    assert [command.key for command in Derived()] == ["look", "fly"]


def test_cache_gives_one_result_until_a_set_changes() -> None:
    cache, low, high = MergeCache(), cmdset(*LOW), cmdset(*HIGH, priority=1)
    first = cache.merged(((low,), (high,)))
    assert cache.merged(((low,), (high,))) is first
    assert cache.merged(((low, high), ())) is not first
    high.add(named("swim"))
    assert "swim" in [command.key for command in cache.merged(((low,), (high,)))]


def test_cache_forgets_the_oldest_beyond_its_size() -> None:
    cache, sets = MergeCache(size=2), [cmdset(named(str(n))) for n in range(3)]
    first = cache.merged(((sets[0],),))
    cache.merged(((sets[1],),))
    cache.merged(((sets[2],),))
    assert cache.merged(((sets[0],),)) is not first
