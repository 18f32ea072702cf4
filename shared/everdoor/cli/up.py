"""`everdoor up`: the whole system in the foreground of one shell, for whoever tries it out."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from everdoor.cli.program import COULD_NOT_START
from everdoor.errors import StartupError, UserError

if TYPE_CHECKING:
    from everdoor.cli.runner import Runner
    from everdoor.endpoints import Endpoints
    from everdoor.messages.calls import StatusReport
    from everdoor.settings import Settings

LOOK_S = 0.1
"""Pause between two looks at whether everything is up."""


@click.command()
@click.pass_context
def up(ctx: click.Context) -> None:
    """Run the processes of ./Procfile, or of a whole system without that file, until Ctrl-C.

    In a new home the databases are made first. When everything is up, a line says where to
    connect. When one process ends, all are ended. Exit code 3 when one could not start.
    """
    from everdoor.cli.procfile import read_procfile
    from everdoor.cli.runner import Runner
    from everdoor.cli.surroundings import endpoints_of, settings_to_start

    settings = settings_to_start()
    system = endpoints_of(settings)
    try:
        commands = read_procfile(Path.cwd())
    except UserError as exc:
        raise StartupError(str(exc)) from exc
    _refuse_second(settings, system, commands)
    _make_databases(settings)
    done = threading.Event()
    runner = Runner(commands, _environment(settings), lambda: watcher.start())
    watcher = threading.Thread(
        target=_tell_when_up, args=(runner, settings, system, _supervisors(commands), done)
    )
    try:
        code = runner.run()
    finally:
        done.set()
    watcher.join()
    ctx.exit(code)


def is_new(settings: Settings) -> bool:
    """Whether the home holds no world yet: it is not there, or one of its own databases is not."""
    urls = (settings.auth_database_url, settings.world_database_url)
    prefix = f"sqlite:///{settings.home}/"
    own = [url.get_secret_value() for url in urls if url.get_secret_value().startswith(prefix)]
    files = [Path(url.removeprefix("sqlite:///").partition("?")[0]) for url in own]
    return not settings.home.exists() or not all(file.exists() for file in files)


def _refuse_second(settings: Settings, system: Endpoints, commands: dict[str, str]) -> None:
    from everdoor.cli.control import running

    wanted = {settings.portal_id}.union(*((name, f"{name}.1") for name in commands))
    already = [process for process in running(system) if process in wanted]
    if already:
        raise StartupError(
            f"{', '.join(already)} already run{'s' if len(already) == 1 else ''} in "
            f"{settings.home}; `everdoor down` stops it, another EVERDOOR_HOME is another world"
        )


def _make_databases(settings: Settings) -> None:
    """In a process of its own, which takes what upgrading loads with it when it ends."""
    if not is_new(settings):
        return
    upgrade = [sys.executable, "-P", "-m", "everdoor.cli", "db", "upgrade"]
    made = subprocess.run(upgrade, check=False)
    if made.returncode:
        # It has said why.
        raise click.exceptions.Exit(COULD_NOT_START)


def _environment(settings: Settings) -> dict[str, str]:
    """What the commands get: this program on their PATH, and readable logs on a terminal."""
    programs = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
    if settings.log_json == "auto" and sys.stdout.isatty():
        environment["EVERDOOR_LOG_JSON"] = "false"
    return environment


def _supervisors(commands: dict[str, str]) -> int:
    """How many of the commands are supervisors of ours, which can be asked how they are."""
    kinds = ("everdoor auth run", "everdoor server run", "everdoor portal run")
    return sum(any(kind in command for kind in kinds) for command in commands.values())


def _tell_when_up(
    runner: Runner, settings: Settings, system: Endpoints, expected: int, done: threading.Event
) -> None:
    from everdoor.cli.control import reports

    while expected and not done.wait(LOOK_S):
        found = reports(system)
        known = [report for report in found.values() if report]
        if len(known) >= expected and all(report.state == "up" for report in known):
            if not runner.is_stopping:
                runner.say(f"Everything is up.{_invitation(settings, known)}")
            return


def _invitation(settings: Settings, reports: list[StatusReport]) -> str:
    """Where to play; portals know the port where the setting leaves it open."""
    infos = [worker.info for report in reports for worker in report.workers]
    doors = next((info for info in infos if "telnet_port" in info), None)
    if doors is None:
        return ""
    host = settings.listen_address or "localhost"
    in_url = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.web_tls else "http"
    page = f", or {scheme}://{in_url}:{doors['web_port']}/" if "web_port" in doors else ""
    return f" Play: telnet {host} {doors['telnet_port']}{page}"
