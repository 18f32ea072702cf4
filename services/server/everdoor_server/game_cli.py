"""`everdoor game`: a game's folder, made and checked; what runs it is `everdoor up`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from everdoor.cli.output import json_option

if TYPE_CHECKING:
    from everdoor_server.gamecheck import Checked


@click.group()
def game() -> None:
    """Make a game, and check it."""


@game.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Make the FOLDER of a new game, called as the folder is.

    It holds settings, a first world as code, command sets, classes, hooks and a test; `everdoor
    up` in it runs the game.
    """
    from everdoor_server.newgame import new_game

    new_game(folder.absolute())
    click.echo(f"{folder} is a game now. Run it: cd {folder} && everdoor up")


@game.command()
@json_option
@click.pass_context
def check(ctx: click.Context, json: bool) -> None:
    """Import the game of this folder and tell every mistake, by file and line.

    Its world is built in memory; its hooks are not run, and nothing is stored. Exit code 1 when
    there is a mistake.
    """
    from everdoor.cli.output import print_json

    found = _check()
    if json:
        print_json({"mistakes": [mistake._asdict() for mistake in found.mistakes]})
    else:
        for mistake in found.mistakes:
            click.echo(mistake)
        click.echo(_summary(found), err=True)
    ctx.exit(1 if found.mistakes else 0)


def _check() -> Checked:
    """Check it; what the game prints meanwhile is talk."""
    import sys
    from contextlib import redirect_stdout

    from everdoor.cli.surroundings import read_settings
    from everdoor.errors import SettingsError, UserError
    from everdoor_server.game import GameFolder
    from everdoor_server.gamecheck import Checked, check, mistake_of_setting

    try:
        settings = read_settings()
    except SettingsError as exc:
        return Checked([mistake_of_setting(line) for line in str(exc).splitlines()], 0, 0, 0)
    if settings.game is None:
        raise UserError(
            "no game here: expected an everdoor.toml that sets `game`; "
            "`everdoor game new` makes one"
        )
    folder = GameFolder(settings.game, settings.home).folder
    with redirect_stdout(sys.stderr):
        return check(settings, folder, _shown(folder))


def _shown(folder: Path) -> str:
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def _summary(found: Checked) -> str:
    if found.mistakes:
        return f"{_counted(len(found.mistakes), 'mistake')}."
    counted = [
        _counted(found.modules, "module"),
        _counted(found.cmdsets, "command set"),
        _counted(found.commands, "command"),
    ]
    return f"No mistakes: {', '.join(counted)} of its own."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
