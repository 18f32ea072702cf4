"""How commands answer: one JSON document for programs, text and tables for people."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.table import Table

PIPED_WIDTH = 10_000
"""Columns of a table that no terminal shows: programs and files fold nothing."""

LINES_AT_ONCE = 500
"""Each time it is printed, the system is called."""

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Give a reading command its `--json`; the function takes it as `json`."""
    option = click.option(
        "--json", is_flag=True, show_envvar=True, help="Print one JSON document on stdout."
    )
    return option(command)


def print_json(document: object) -> None:
    """Print a document (plain values and msgspec structs) as JSON."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def print_lines(lines: Iterable[str]) -> None:
    """Print many lines; those that come before an error are printed before it is raised."""
    part: list[str] = []
    try:
        for line in lines:
            part.append(line)
            if len(part) == LINES_AT_ONCE:
                click.echo("\n".join(part))
                part = []
    finally:
        if part:
            click.echo("\n".join(part))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, as wide as the terminal, or in a file or pipe as wide as it is."""
    from rich.console import Console

    width = None if sys.stdout and sys.stdout.isatty() else PIPED_WIDTH
    Console(width=width).print(table_of(headings, rows))


def table_of(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Make a table for a terminal.

    Cells are plain text, never markup, and cleaned of what would move an operator's cursor.
    """
    from rich.table import Table
    from rich.text import Text

    from everdoor.playertext import clean

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*[Text(clean(cell)) for cell in row])
    return table
