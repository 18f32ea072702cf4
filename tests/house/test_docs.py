"""What the documents say exists: the files they link to, the commands and targets they name."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from everdoor.cli import main

TOP = Path(__file__).parents[2]
DOCUMENTS = [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]
TARGETS = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), flags=re.MULTILINE))


def named(path: Path) -> str:
    return str(path.relative_to(TOP))


def code_of(document: Path) -> list[str]:
    """Everything set as code: in backquotes, and indented or fenced lines."""
    text = document.read_text()
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    fenced = [line for block in blocks for line in block.splitlines()]
    indented = re.findall(r"^ {4}(\S.*)$", text, flags=re.MULTILINE)
    return [*re.findall(r"`([^`\n]+)`", text), *indented, *fenced]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_document_links_to_what_exists(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text())
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]

    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_document_names_commands_that_exist(document: Path) -> None:
    lines = [code for code in code_of(document) if code.startswith("everdoor ")]

    assert [line for line in lines if not is_command(line.split()[1:])] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_document_names_targets_that_exist(document: Path) -> None:
    found = [re.match(r"make ([a-z-]+)", code) for code in code_of(document)]

    assert {match[1] for match in found if match} <= TARGETS


def test_make_help_shows_every_target_for_people() -> None:
    shown = subprocess.run(["make", "-C", TOP, "help"], capture_output=True, text=True, check=True)

    for target in ("help", "run", "test", "check", "format", "lock", "clean"):
        assert f"make {target} " in shown.stdout


def is_command(words: list[str]) -> bool:
    """Whether the words lead to a command, up to its arguments and options."""
    command: click.Command | None = main
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            return True
        command = command.get_command(click.Context(command), word)
        if command is None:
            return False
    return True
