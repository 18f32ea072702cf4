"""`everdoor log`: what all processes of a home have logged, as one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from everdoor.cli.completing import complete_log
from everdoor.errors import UserError

if TYPE_CHECKING:
    from everdoor.cli.loglines import LogLine

LOOK_S = 0.2
"""Pause between two looks at the files: soon enough for a person, and cheap."""


ALL_LINES = 10**9
"""More than all files hold: lines about one line of a player may be anywhere in them."""


@click.command()
@click.option(
    "--process",
    metavar="NAME",
    show_envvar=True,
    shell_complete=complete_log,
    help="Only the lines of this process, such as `server` or `portal.1`.",
)
@click.option(
    "--trace",
    metavar="ID",
    show_envvar=True,
    help="Only the lines about this line of a player, such as 7-42; all are logged at level debug.",
)
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    show_envvar=True,
    help="How many of the last lines to begin with, of all processes together.",
)
@click.option(
    "--follow/--no-follow",
    "-f",
    default=True,
    show_default=True,
    show_envvar=True,
    help="Go on with what is logged from now on, until Ctrl-C.",
)
@click.option(
    "--json",
    is_flag=True,
    # EVERDOOR_LOG_JSON is a setting: how processes log.
    envvar="EVERDOOR_LOG_AS_JSON",
    show_envvar=True,
    help="Print one JSON document a line, as logged.",
)
def log(process: str | None, trace: str | None, lines: int, follow: bool, json: bool) -> None:
    """Show what the processes of this home have logged, in the order of time (UTC).

    The files are in `logs` in the home; they are followed through their rotation. Exit code 1 when
    nothing has been logged yet, or not by this process.
    """
    from everdoor.cli.logfiles import LogFiles
    from everdoor.cli.loglines import for_people, for_programs
    from everdoor.cli.surroundings import read_settings

    home = read_settings().home
    width = max(map(len, _names(home, process)))

    def show(found: list[LogLine]) -> None:
        for line in found:
            click.echo(for_programs(line) if json else for_people(line, width))

    files = LogFiles(home, process)
    show(_about(files.last(ALL_LINES), trace)[-lines:] if trace and lines else files.last(lines))
    try:
        while follow:
            show(_about(files.read(), trace))
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        # The way to end it.
        click.echo(err=True)
    finally:
        files.close()


def _about(found: list[LogLine], trace: str | None) -> list[LogLine]:
    """The lines about a line of a player; all when none is asked for."""
    return [line for line in found if trace is None or (line.fields or {}).get("trace") == trace]


def _names(home: Path, process: str | None) -> list[str]:
    """The processes whose lines are asked for; UserError when there are none."""
    from everdoor.cli.logfiles import processes

    names = processes(home)
    if not names:
        raise UserError(f"nothing has been logged in {home}; start it with `everdoor up`")
    if process is None:
        return names
    if process not in names:
        raise UserError(f"no process {process!r} has logged; there are: {', '.join(names)}")
    return [process]
