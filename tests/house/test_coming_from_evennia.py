"""The page for those who know Evennia: every name is on it, and what it promises is tested."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from everdoor_server import default_cmds, syscmdkeys

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "coming-from-evennia.md"
NAMES = (Path(__file__).parent / "evennia_names.txt").read_text().splitlines()
"""Every name of Evennia's sessions, handlers, msg, modes, puppeting, command sets and commands; a
number or word before it groups it."""

OWN_COMMANDS = {"think"}
"""Commands that Evennia has not."""

DEFECTS = "bcdefghijlmn"
"""What went wrong in Evennia and is tried here, by letters; `a` and `k` are not given."""


class Row(NamedTuple):
    name: str
    verdict: str
    note: str
    tests: list[str]


def rows() -> list[list[str]]:
    """The cells of every line of every table of the page, heads left out."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def name_rows() -> list[Row]:
    found = [row for row in rows() if row[0].startswith("`") and row[1] in VERDICTS]
    return [Row(row[0].strip("`"), row[1], row[2], named_in(row[3])) for row in found]


def defect_rows() -> dict[str, list[str]]:
    return {row[0]: named_in(row[3]) for row in rows() if len(row[0]) == 1 and row[0].isalpha()}


VERDICTS = ("same", "better", "left out")


def named_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+::[^`]+)`", cell)


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_page_has_every_name_once() -> None:
    expected = sorted(name.partition(" ")[2] for name in NAMES)
    assert sorted(row.name for row in name_rows()) == expected


def test_page_has_every_command_that_ships() -> None:
    sets = (
        default_cmds.UnloggedinCmdSet,
        default_cmds.SessionCmdSet,
        default_cmds.AccountCmdSet,
        default_cmds.CharacterCmdSet,
    )
    commands = [command for each in sets for command in each() if command.auto_help]
    shipped = {each.key for each in commands if not each.key.startswith(syscmdkeys.PREFIX)}
    named = {row.name.partition(" (")[0] for row in name_rows() if row.verdict != "left out"}
    assert shipped - named == OWN_COMMANDS


@pytest.mark.parametrize("row", name_rows(), ids=lambda row: row.name)
def test_name_is_shown_by_tests_or_says_why_it_is_left_out(row: Row) -> None:
    if row.verdict == "left out":
        assert row.note and not row.tests
    else:
        assert row.tests
        assert row.verdict == "same" or row.note


def test_every_defect_is_tried() -> None:
    assert "".join(sorted(defect_rows())) == DEFECTS
    assert all(defect_rows().values()), [name for name, tests in defect_rows().items() if not tests]


@pytest.mark.parametrize(
    "test", sorted({test for row in rows() for cell in row for test in named_in(cell)})
)
def test_named_test_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert name in functions_of(file)
