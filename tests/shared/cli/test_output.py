"""What commands print."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from everdoor.cli.output import LINES_AT_ONCE, print_lines, print_table
from everdoor.errors import RestoreError


def test_table_shows_a_players_text_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["NAME", "SAYS"], [["An\x1b[2Jna", "[red]a\nb\u202ec\x9b31m"]])

    assert capsys.readouterr().out.splitlines()[1].rstrip() == "An[2Jna  [red]a bc31m"


def test_table_in_a_pipe_folds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["A", "B"], [["x" * 300, "y" * 300]])

    assert "x" * 300 + "  " + "y" * 300 in capsys.readouterr().out


def test_table_that_nobody_can_see_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a program that was started with its stdout closed."""
    monkeypatch.setattr(sys, "stdout", None)
    print_table(["A"], [["x"]])


def test_lines_before_an_error_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    def lines() -> Iterator[str]:
        yield from map(str, range(LINES_AT_ONCE + 2))
        raise RestoreError("damaged")

    with pytest.raises(RestoreError):
        print_lines(lines())
    printed = capsys.readouterr().out.splitlines()
    assert printed == [str(n) for n in range(LINES_AT_ONCE + 2)]
