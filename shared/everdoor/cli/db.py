"""`everdoor db`: the databases of a system; their tables and revisions are each service's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from everdoor.cli.output import json_option, print_json
from everdoor.errors import UserError

if TYPE_CHECKING:
    from everdoor.settings import Settings

DATABASES = "everdoor.databases"
"""Entry-point group in which a service names its `upgrade(url)`; the name of the entry point is
the first part of the setting that holds the URL."""


@click.group()
def db() -> None:
    """Make, upgrade and copy the databases."""


@db.command()
@json_option
def upgrade(json: bool) -> None:
    """Bring all databases to the newest revision, making what is missing.

    Repeating it changes nothing. Back up before upgrading a world that people play in.
    """
    from everdoor.cli.surroundings import read_settings
    from everdoor.settings import without_password

    found = upgrade_all(read_settings())
    shown = [{"name": name, "url": without_password(url)} for name, url in found]
    if json:
        print_json({"upgraded": shown})
    for database in [] if json else shown:
        click.echo("{name}: up to date ({url})".format_map(database))


@db.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
def backup(folder: Path, json: bool) -> None:
    """Copy the databases into FOLDER while the system runs; nobody waits for it.

    Each copy is whole as of one moment, the accounts' a little later than the world's. To go back
    to them, stop the system and put them in the place of those in its home, whose files that end
    in -wal and -shm must go too. Databases in PostgreSQL are copied with its own tools.
    """
    from rich.console import Console
    from rich.progress import Progress

    from everdoor.cli.backup import back_up
    from everdoor.cli.surroundings import read_settings

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {name: bar.add_task(name, total=None) for name in ("world", "auth")}
        found = back_up(
            read_settings(),
            folder,
            lambda name, done, total: bar.update(tasks[name], completed=done, total=total),
        )
    if json:
        print_json({"copied": [{**each._asdict(), "path": str(each.path)} for each in found]})
    for each in [] if json else found:
        click.echo(f"{each.name}: {each.path} ({each.size} bytes)")


def upgrade_all(settings: Settings) -> list[tuple[str, str]]:
    """Upgrade every database and return their names and URLs, passwords included.

    Raises:
        UserError: The home cannot be made.
        StartupError: A database cannot be opened, or is newer than this program.
    """
    from importlib.metadata import entry_points

    make_home(settings)
    found = []
    for entry in sorted(entry_points(group=DATABASES)):
        url = getattr(settings, f"{entry.name}_database_url").get_secret_value()
        entry.load()(url)
        found.append((entry.name, url))
    return found


def make_home(settings: Settings) -> None:
    """Make the folder that the databases are in, where it is missing.

    Raises:
        UserError: It cannot be made.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as exc:
        raise UserError(f"{settings.home} cannot be made (EVERDOOR_HOME): {exc.strerror}") from exc
