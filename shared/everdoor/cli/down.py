"""`everdoor down`: stops the system of this home from another shell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from everdoor.errors import UserError

if TYPE_CHECKING:
    from everdoor.endpoints import Endpoints

LIMIT_S = 10.0
"""Supervisors give their workers 5 s; twice that is no longer in order."""

STEP_S = 4.0
"""Part of the limit after which the next ones are asked although the ones before are not gone."""

MAX_REASON = 200
"""Characters that the message to a supervisor has room for."""


@click.command()
@click.option(
    "--reason",
    default="The game is shutting down.",
    show_envvar=True,
    help=f"Text for the players, at most {MAX_REASON} characters.",
)
def down(reason: str) -> None:
    """Stop every process of the system in this home, portals first.

    Exit code 1 when nothing runs, or when something still runs after 10 seconds.
    """
    from everdoor.cli.control import reports
    from everdoor.cli.surroundings import endpoints_of, read_settings

    if len(reason) > MAX_REASON:
        raise click.BadParameter(f"at most {MAX_REASON} characters, got {len(reason)}")
    settings = read_settings()
    system = endpoints_of(settings)
    found = {process: report.pid for process, report in reports(system).items() if report}
    if not found:
        raise UserError(f"nothing runs in {settings.home}")
    remaining = stop(system, found, reason)
    for process in sorted(found.keys() - remaining.keys()):
        click.echo(f"{process} has stopped")
    if remaining:
        still = ", ".join(f"{process} (pid {pid})" for process, pid in sorted(remaining.items()))
        raise UserError(f"still running after {LIMIT_S:g} s: {still}")


def stop(system: Endpoints, pids: Mapping[str, int], reason: str) -> dict[str, int]:
    """Ask these supervisors to stop and wait until they have; return those that have not."""
    from everdoor.cli.control import ask
    from everdoor.messages.calls import Stop

    deadline = time.monotonic() + LIMIT_S
    portals = [process for process in pids if process not in ("auth", "server")]
    for group in (portals, ["server"], ["auth"]):
        asked = {process: pids[process] for process in group if process in pids}
        if asked:
            ask(system, asked, Stop(reason))
            _wait(asked, min(deadline, time.monotonic() + STEP_S))
    return _wait(dict(pids), deadline)


def _wait(pids: Mapping[str, int], until: float) -> dict[str, int]:
    while True:
        remaining = {process: pid for process, pid in pids.items() if is_alive(pid)}
        if not remaining or time.monotonic() >= until:
            return remaining
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
