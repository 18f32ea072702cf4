"""The form of the commands that ship."""

from __future__ import annotations

import pytest

from everdoor.errors import UserError
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


def test_sides_can_be_divided_by_a_word() -> None:
    command = MuxCommand(key="give", args=" a tome to Bo", rhs_split=("=", " to "))
    command.parse()
    assert (command.lhs, command.rhs) == ("a tome", "Bo")


def test_switch_is_known_by_its_beginning_and_others_are_refused() -> None:
    command = MuxCommand(key="tel", args="/tel/q", switch_options=("teleport", "quiet", "quick"))
    with pytest.raises(UserError, match="tel: no switch /q; it knows teleport, quiet, quick."):
        command.parse()
    command.args = "/tel/qui/quic"
    with pytest.raises(UserError, match="no switch /qui;"):
        command.parse()
    command.args = "/TEL/quic"
    command.parse()
    assert command.switches == ["teleport", "quick"]
