"""The form of the commands that ship."""

from __future__ import annotations

import pytest

from everdoor_server.commands.default import MuxCommand


def parsed(args: str) -> MuxCommand:
    command = MuxCommand(key="do", args=args)
    command.parse()
    return command


@pytest.mark.parametrize(
    ("args", "switches", "rest"),
    [
        ("", [], ""),
        ("  a lamp ", [], "a lamp"),
        ("/all", ["all"], ""),
        ("/All/Now a lamp", ["all", "now"], "a lamp"),
        (" /all", [], "/all"),
        ("// lamp", [], "lamp"),
    ],
)
def test_switches_are_split_off_where_they_touch_the_name(
    args: str, switches: list[str], rest: str
) -> None:
    command = parsed(args)
    assert (command.switches, command.args) == (switches, rest)


def test_sides_of_an_equals_sign_and_their_lists_are_split() -> None:
    command = parsed(" a, b = c = d, e ")
    assert (command.lhs, command.rhs) == ("a, b", "c = d, e")
    assert (command.lhslist, command.rhslist) == (["a", "b"], ["c = d", "e"])
    assert parsed(" a").rhs is None and parsed(" a").rhslist == []
