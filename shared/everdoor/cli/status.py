"""`everdoor status`: how the processes of the system in this home are."""

from __future__ import annotations

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

    Exit code 1 when nothing runs at all.
    """
    from everdoor.cli.control import reports
    from everdoor.cli.program import Failure
    from everdoor.cli.state import system_state
    from everdoor.cli.surroundings import endpoints_of, read_settings

    settings = read_settings()
    found = reports(endpoints_of(settings))
    answered = [report for report in found.values() if report]
    state = system_state(answered)
    if json:
        print_json(state)
    else:
        print_table(["PROCESS", "STATE", "PID", "WORKER", "SESSIONS", ""], _rows(state, answered))
    for process in [process for process, report in found.items() if not report]:
        click.echo(f"everdoor: {process} runs but does not answer", err=True)
    if not found:
        raise Failure(f"nothing runs in {settings.home}; start it with `everdoor up`")


def _rows(state: SystemState, reports: list[StatusReport]) -> list[list[str]]:
    from everdoor.cli.state import notes

    told = {report.pid: "; ".join(notes(report)) for report in reports}
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
        [*["-" if cell is None else str(cell) for cell in row], told.get(row[2] or 0, "")]
        for row in shown
    ]
