"""`everdoor portal`: portals as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from everdoor.cli.completing import complete_portal
from everdoor.cli.output import json_option, print_json, print_table
from everdoor.cli.span import Span

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from everdoor.supervisor import WorkerSpec

MAX_WORKERS = 64
"""Workers of one process; beyond it, and long before, more hosts help more."""

ASKED_S = 5.0
"""How long a supervisor may take to say that it has understood."""

LOOK_S = 0.5
"""How often one looks who waits for a portal to leave."""


@click.group()
def portal() -> None:
    """Run portals, which keep the clients' connections, and see which there are."""


@portal.command()
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    default=1,
    show_default=True,
    show_envvar=True,
    help="Portals that this process runs, each on a core of its own at best; they share the port.",
)
@click.pass_context
def run(ctx: click.Context, workers: int) -> None:
    """Run portals of this home in the foreground until SIGTERM or Ctrl-C.

    Any number of such processes may run in a home, each with a name of its own, all on one port.
    Exit code 3 when it could not start: the port is taken, or its name is.
    """
    import os
    import socket

    from everdoor.cli.surroundings import endpoints_of, settings_to_start
    from everdoor.farhosts import surroundings
    from everdoor.incarnation import portal_id, process_name
    from everdoor.logs import configure_logs
    from everdoor.supervisor import WorkerSpec, address_of, supervise
    from everdoor_portal.gateways.doors import doors

    settings = settings_to_start()
    name = process_name(settings.portal_id, os.environ)
    configure_logs(settings, name)
    # Who lacks a key is told so before anything is started.
    surroundings(settings, "portal")
    host = socket.gethostname()

    def prepare(stack: ExitStack) -> list[WorkerSpec]:
        opened = {
            door_name: stack.enter_context(door.listen(settings, workers))
            for door_name, door in doors().items()
        }
        return [
            WorkerSpec(
                "everdoor_portal.worker:serve",
                {door_name: each[index].fileno() for door_name, each in opened.items() if each},
                _hand(settings.home, portal_id(host, name, index), host),
                can_drain=True,
            )
            for index in range(workers)
        ]

    metrics = address_of(settings, name)
    ctx.exit(supervise(name, settings.home, endpoints_of(settings), prepare, metrics=metrics))


@portal.command("list")
@json_option
def list_portals(json: bool) -> None:
    """List the portals that the server knows; those of this host while the server is away.

    The JSON is a list of objects with id, incarnation, host, state (up; away while the portal and
    the server do not hear each other; draining, of portals of this host), sessions and logged_in.
    Exit code 1 when nothing runs.
    """
    from msgspec.structs import asdict, replace

    from everdoor.cli.control import reports
    from everdoor.cli.live import portals
    from everdoor.cli.state import draining
    from everdoor.cli.surroundings import endpoints_of, read_settings

    settings = read_settings()
    leaving = draining(reports(endpoints_of(settings)))
    found = [
        replace(info, state="draining") if info.id in leaving else info
        for info in portals(settings)
    ]
    if json:
        print_json([asdict(info) for info in found])
        return
    headings = ["PORTAL", "STATE", "SESSIONS", "LOGGED IN", "HOST", "INCARNATION"]
    print_table(
        headings,
        [
            [each.id, each.state, str(each.sessions), str(each.logged_in), each.host]
            + [str(each.incarnation)]
            for each in found
        ],
    )


@portal.command()
@click.argument("portal_id", metavar="ID", shell_complete=complete_portal)
@click.option(
    "--within",
    type=Span(),
    show_envvar=True,
    help="Let go who is still there after so long, such as 10m; otherwise it waits for the last, "
    "or as long as was said before.",
)
@click.option("--wait", is_flag=True, show_envvar=True, help="Return when the portal has left.")
def drain(portal_id: str, within: float | None, wait: bool) -> None:
    """Have portal ID of this host take no more clients, and leave when it has none.

    Browsers are handed over to other portals at once; who came by telnet or SSH stays until they
    leave. Nothing takes the place of a portal that has left; a process that has none left ends.
    """
    import time

    from everdoor.cli.control import command, reports
    from everdoor.cli.state import find_portal
    from everdoor.cli.surroundings import endpoints_of, read_settings
    from everdoor.messages.calls import DrainPortal

    settings = read_settings()
    system = endpoints_of(settings)
    seat = find_portal(portal_id, reports(system))
    command(settings, seat.process, DrainPortal(seat.index, within), ASKED_S)
    if not wait:
        click.echo(f"{portal_id} takes no more clients; `everdoor status` shows who is left.")
        return
    while not seat.is_left(reports(system)):
        time.sleep(LOOK_S)
    click.echo(f"{portal_id} has left.")


def _hand(home: Path, portal: str, host: str) -> Callable[[], dict[str, Any]]:
    """What each life of a worker is given: who it is."""
    from everdoor.incarnation import next_incarnation

    def hand() -> dict[str, Any]:
        number, nonce = next_incarnation(home, portal)
        return {"portal": portal, "host": host, "number": number, "nonce": nonce}

    return hand
