"""`everdoor status`: how the processes of the system in this home are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from everdoor.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from everdoor.cli.state import SystemState
    from everdoor.messages.calls import StatusReport


@click.command()
@json_option
def status(json: bool) -> None:
    """Show the state of every process: up, draining, hanging, starting, restarting or down.

    A service that another host runs for this home, by the settings, is elsewhere. Exit code 1 when
    nothing runs at all.
    """
    from everdoor.cli.control import reports
    from everdoor.cli.program import Failure
    from everdoor.cli.state import services_elsewhere, system_state
    from everdoor.cli.surroundings import endpoints_of, read_settings

    settings = read_settings()
    found = reports(endpoints_of(settings))
    answered = [report for report in found.values() if report]
    elsewhere = services_elsewhere(settings)
    state = system_state(answered, elsewhere)
    if json:
        print_json(state)
    else:
        headings = ["PROCESS", "STATE", "PID", "WORKER", "SESSIONS", ""]
        print_table(headings, _rows(state, answered, elsewhere))
    for process in [process for process, report in found.items() if not report]:
        click.echo(f"everdoor: {process} runs but does not answer", err=True)
    if not found:
        raise Failure(f"nothing runs in {settings.home}; start it with `everdoor up`")


def _rows(
    state: SystemState, reports: list[StatusReport], elsewhere: Mapping[str, str]
) -> list[list[str]]:
    from everdoor.cli.state import ELSEWHERE, notes

    told: dict[int | None, str] = {report.pid: "; ".join(notes(report)) for report in reports}
    server, auth = state.server, state.auth
    shown: list[tuple[str, str, int | None, int | None, int | None]] = [
        ("auth", auth.state, auth.pid, auth.worker_pid, None),
        ("server", server.state, server.pid, server.worker_pid, server.sessions),
    ]
    shown += [
        (f"portal {portal.id}", portal.state, portal.pid, portal.worker_pid, portal.sessions)
        for portal in state.portals
    ]
    return [
        [
            *["-" if cell is None else str(cell) for cell in row],
            f"at {elsewhere[row[0]]}" if row[1] == ELSEWHERE else told.get(row[2], ""),
        ]
        for row in shown
    ]
