"""What commands print."""

from __future__ import annotations

import pytest

from everdoor.cli.output import print_table


def test_table_shows_a_players_text_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["NAME", "SAYS"], [["An\x1b[2Jna", "[red]a\nb\u202ec\x9b31m"]])

    assert capsys.readouterr().out.splitlines()[1].rstrip() == "An[2Jna  [red]a bc31m"


def test_table_in_a_pipe_folds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["A", "B"], [["x" * 300, "y" * 300]])

    assert "x" * 300 + "  " + "y" * 300 in capsys.readouterr().out
