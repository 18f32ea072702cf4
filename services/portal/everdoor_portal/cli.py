"""`everdoor portal`: portals as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from everdoor.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from everdoor.supervisor import WorkerSpec

MAX_WORKERS = 64
"""Workers of one process; beyond it, and long before, more hosts help more."""


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
            )
            for index in range(workers)
        ]

    metrics = address_of(settings, name)
    ctx.exit(supervise(name, settings.home, endpoints_of(settings), prepare, metrics=metrics))


@portal.command("list")
@json_option
def list_portals(json: bool) -> None:
    """List the portals that the server knows; those of this host while the server is away.

    The JSON is a list of objects with id, incarnation, host, state (up, or away while the portal
    and the server do not hear each other), sessions and logged_in. Exit code 1 when nothing runs.
    """
    from msgspec.structs import asdict

    from everdoor.cli.live import portals
    from everdoor.cli.surroundings import read_settings

    found = portals(read_settings())
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


def _hand(home: Path, portal: str, host: str) -> Callable[[], dict[str, Any]]:
    """What each life of a worker is given: who it is."""
    from everdoor.incarnation import next_incarnation

    def hand() -> dict[str, Any]:
        number, nonce = next_incarnation(home, portal)
        return {"portal": portal, "host": host, "number": number, "nonce": nonce}

    return hand
