"""`everdoor account create`: accounts, made from a shell, one or many.

Everything is asked of the running auth service, which checks names and passwords; nothing here
opens its database.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import click

from everdoor.errors import CallError, UserError
from everdoor_auth.asking import AskAuth, checked


class Entry(NamedTuple):
    """An account to make."""

    name: str
    password: str


@click.command()
@click.argument("name", required=False)
@click.option(
    "--superuser", is_flag=True, show_envvar=True, help="The account may do everything in the game."
)
@click.option(
    "--password-stdin",
    is_flag=True,
    show_envvar=True,
    help="Read the password from the first line of stdin instead of asking for it.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    show_envvar=True,
    help="Make one account for each line `name<TAB>password` of a file (`-`: stdin) instead.",
)
def create(name: str | None, superuser: bool, password_stdin: bool, source: Path | None) -> None:
    """Make the account NAME; its password is asked for, twice, and not shown.

    With --from, lines that fail are told by number, the others are made, and the exit code is 1.
    """
    if (name is None) == (source is None):
        raise click.UsageError("expected either a NAME or --from FILE")
    if source is not None:
        if password_stdin:
            raise click.UsageError("--password-stdin is for a NAME; lines of FILE have their own")
        create_from(source, superuser)
    elif name is not None:
        _create_one(Entry(name, read_password(password_stdin)), superuser)


def create_from(source: Path, superuser: bool) -> None:
    """Make an account for each line of a file; go on after lines that fail.

    Raises:
        UserError: At least one line failed; each was told on stderr.
    """
    from rich.console import Console
    from rich.progress import track

    lines = _read(source)
    told = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    failed = 0
    with AskAuth() as auth:
        for number, line in track(lines, "Making accounts", console=told, transient=True):
            try:
                _make(auth, parse_line(line), superuser)
            except (UserError, CallError) as exc:
                failed += 1
                told.print(f"line {number}: {exc}")
    click.echo(f"created {len(lines) - failed} of {len(lines)} accounts")
    if failed:
        raise UserError(f"{failed} of {len(lines)} lines failed")


def parse_line(line: bytes) -> Entry:
    """Take one line `name<TAB>password` apart; everything behind the first tab is the password.

    Raises:
        UserError: It is not UTF-8, or has no tab, or nothing on one side of it.
    """
    try:
        name, tab, password = line.decode().partition("\t")
    except UnicodeDecodeError:
        raise UserError("expected UTF-8 text") from None
    if not (name and tab and password):
        raise UserError("expected a name, a tab and a password")
    return Entry(name, password)


def _make(auth: AskAuth, entry: Entry, superuser: bool) -> str:
    """Make an account; return its name as it was stored."""
    from everdoor.messages.accounts import AccountFound, CreateAccount

    call = checked(CreateAccount(entry.name, entry.password, "", superuser))
    answer = auth.ask(call, entry.name)
    assert isinstance(answer, AccountFound), f"auth answered {type(answer).__name__}"
    return answer.name


def _create_one(entry: Entry, superuser: bool) -> None:
    with AskAuth() as auth:
        click.echo(f"created {_make(auth, entry, superuser)}")


def read_password(from_stdin: bool) -> str:
    """Read a new password from stdin, or ask for it twice on the terminal, showing nothing.

    Raises:
        UserError: There is none, and no terminal.
    """
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise UserError("expected a password on the first line of stdin, found none")
        return password
    if not sys.stdin.isatty():
        raise UserError("no terminal to ask for the password; pipe it in with --password-stdin")
    return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)


def _read(source: Path) -> list[tuple[int, bytes]]:
    """The lines of a file with their numbers, empty ones left out."""
    with click.open_file(str(source), "rb") as file:
        return list(_numbered(file))


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, start=1):
        if text := line.rstrip(b"\r\n"):
            yield number, text
