"""`everdoor import`: worlds of other servers, brought here.

Reading is `everdoor.evennia`'s; each service writes what is its own, and names what does so in the
entry-point group `everdoor.importers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from everdoor.cli.output import json_option, print_json, print_table
from everdoor.errors import UserError

if TYPE_CHECKING:
    from everdoor.evennia.importing import Import, Report
    from everdoor.settings import Settings

T = TypeVar("T")


@click.group("import")
def imports() -> None:
    """Bring a world of another server here."""


@imports.command()
@click.argument("database", type=click.Path(path_type=Path), metavar="DATABASE")
@click.option(
    "--dry-run", is_flag=True, show_envvar=True, help="Only say what would come; write nothing."
)
@click.option(
    "--keep-accounts",
    is_flag=True,
    show_envvar=True,
    help="Take accounts that exist here under the same names for the same people.",
)
@click.option(
    "--typeclass",
    "typeclasses",
    multiple=True,
    metavar="OLD=NEW",
    show_envvar=True,
    help="What objects of a class of your own become, such as "
    "typeclasses.mobs.Goblin=game.typeclasses.Goblin; may be repeated.",
)
@click.option(
    "--start",
    type=int,
    default=2,
    metavar="ID",
    show_envvar=True,
    help="The number of the room where new characters begin; Evennia's Limbo is 2.",
)
@json_option
def evennia(
    database: Path,
    dry_run: bool,
    keep_accounts: bool,
    typeclasses: tuple[str, ...],
    start: int,
    json: bool,
) -> None:
    """Bring Evennia's accounts and world here, from its SQLite file DATABASE.

    Nothing of this system may run, and its world must be new: nobody has logged in to it yet.
    Players keep their names, passwords, characters and places, objects their numbers. What cannot
    come along is listed. An import that was cut off is repeated.

    The JSON is an object with dry_run, brought (counts by what it is) and left_out (a list of
    objects with what, count and examples).
    """
    from everdoor.cli.surroundings import read_settings
    from everdoor.evennia.database import EvenniaDatabase
    from everdoor.evennia.importing import Import

    settings = read_settings()
    with EvenniaDatabase(database) as source:
        job = Import(source, settings, dry_run, keep_accounts, _pairs(typeclasses), start)
        _run(job)
    if json:
        print_json(_document(job))
    else:
        _print(job.report, dry_run)


def _pairs(typeclasses: Iterable[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in typeclasses]
    for old, equals, new in pairs:
        if not (old and equals and new):
            raise click.UsageError(f"--typeclass takes OLD=NEW, got {old}{equals}{new}")
    return {old: new for old, _, new in pairs}


def _run(job: Import) -> None:
    """Have each service look at what there is, and, when none has refused, write its own."""
    from contextlib import ExitStack
    from importlib.metadata import entry_points

    from rich.console import Console
    from rich.progress import track

    from everdoor.cli.db import make_home
    from everdoor.evennia.importing import IMPORTERS

    told = Console(stderr=True)

    def shown(items: Iterable[T], total: int, doing: str) -> Iterable[T]:
        hidden = not told.is_terminal
        return track(items, doing, total=total, console=told, transient=True, disable=hidden)

    job.track = shown
    if not job.is_dry:
        _refuse_running(job.settings)
        make_home(job.settings)
    with ExitStack() as stack:
        found = sorted(entry_points(group=IMPORTERS), key=lambda entry: entry.name)
        for write in [stack.enter_context(entry.load()(job)) for entry in found]:
            write()


def _refuse_running(settings: Settings) -> None:
    """Refuse when auth runs, which keeps in memory who is banned; the server has its own lock.

    Raises:
        UserError: It does.
    """
    from everdoor.cli.control import is_listening
    from everdoor.cli.surroundings import endpoints_of

    if is_listening(Path(endpoints_of(settings).auth_rpc.removeprefix("ipc://"))):
        raise UserError(
            f"the system in {settings.home} runs: stop it (`everdoor down`), then try again"
        )


def _document(job: Import) -> dict[str, object]:
    left_out = [
        {"what": group, "count": count, "examples": examples}
        for group, (count, examples) in job.report.left_out.items()
    ]
    return {"dry_run": job.is_dry, "brought": job.report.brought, "left_out": left_out}


def _print(report: Report, is_dry: bool) -> None:
    brought = ", ".join(f"{count} {what}" for what, count in report.brought.items())
    click.echo(f"{'would import' if is_dry else 'imported'} {brought}")
    if report.left_out:
        rows = [
            [group, str(count), "; ".join(examples)]
            for group, (count, examples) in report.left_out.items()
        ]
        click.echo("What did not come along, or not as it was:")
        print_table(["WHAT", "COUNT", "EXAMPLES"], rows)
