"""The page on the State API has every public name once, and the tests that it names are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from everdoor import archive, state
from everdoor.state import AppSession, State, StateManager, archivefile

TESTS = Path(__file__).parents[1]
TEXT = (TESTS.parent / "docs" / "state-api.md").read_text()
ROWS = re.findall(r"^\| `([A-Za-z_.]+)` \| (.+) \| `([^`]+)::([^`]+)` \|$", TEXT, re.MULTILINE)


def public(cls: type) -> Iterator[str]:
    """The methods and attributes that a class has and its bases do not."""
    inherited = {name for base in cls.__mro__[1:] for name in vars(base)}
    for name in vars(cls):
        if name[0] != "_" and name not in inherited:
            yield f"{cls.__name__}.{name}"


def names() -> list[str]:
    in_archive = [f"archive.{name}" for name in archive.__all__ if name not in state.__all__]
    methods = [name for cls in (AppSession, State, StateManager) for name in public(cls)]
    return [*state.__all__, *in_archive, *methods]


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_page_has_every_public_name_once() -> None:
    assert sorted(row[0] for row in ROWS) == sorted(names())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_name_on_the_page_is_shown_by_a_test(row: tuple[str, str, str, str]) -> None:
    _, meaning, file, test = row
    assert meaning and test in functions_of(file)


def test_bounds_on_the_page_are_those_of_the_code() -> None:
    mebi = 1024 * 1024
    told = (
        f"{archivefile.MAX_CONTENT_BYTES // mebi} MiB in all, "
        f"{archivefile.MAX_ITEM_BYTES // mebi} MiB an item, {archivefile.MAX_RECORDS:,} records, "
        f"{archivefile.MAX_VALUES:,} values, {archivefile.MAX_ITEM_DEPTH} levels"
    )
    assert told in TEXT
