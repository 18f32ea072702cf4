"""Every command and every setting is told of on a page, every decision and page in its list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from everdoor.cli import main
from everdoor.settings import Settings

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
PAGES = "\n".join(page.read_text() for page in sorted(DOCS.glob("*.md")))
COMMANDS = re.compile(r"everdoor ([a-z]+(?: [a-z-]+)*)((?:`, `[a-z-]+)*)")


def commands(group: click.Group, *above: str) -> Iterator[str]:
    """Every command of a group by its whole name, groups in it included."""
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        if isinstance(found, click.Group):
            yield from commands(found, *above, name)
        else:
            yield " ".join([*above, name])


def told() -> set[str]:
    """Commands as pages tell of them: `everdoor session list`, `show`, `watch` are three."""
    found = set()
    for words, others in COMMANDS.findall(PAGES):
        *group, _ = names = words.split()
        found |= {" ".join(names[:length]) for length in (1, 2, 3)}
        found |= {" ".join([*group, other]) for other in re.findall(r"[a-z-]+", others)}
    return found


@pytest.mark.parametrize("name", list(commands(main)))
def test_command_is_on_a_page(name: str) -> None:
    assert name in told()


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_setting_is_on_a_page(name: str) -> None:
    assert f"`{name}`" in PAGES or f"EVERDOOR_{name.upper()}" in PAGES or f"{name} = " in PAGES


def test_readme_links_to_every_page() -> None:
    readme = (TOP / "README.md").read_text()
    pages = [f"docs/{page.name}" for page in DOCS.glob("*.md")]
    assert [page for page in pages if f"({page})" not in readme] == []


def test_list_of_decisions_has_every_page() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text()
    pages = {page.name for page in (DOCS / "decisions").glob("*.md")} - {"README.md"}
    assert [page for page in pages if f"]({page})" not in listed] == []
