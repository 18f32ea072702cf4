"""`everdoor server`: the game server as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contextlib import ExitStack

    from everdoor.supervisor import WorkerSpec


@click.group()
def server() -> None:
    """Run the game server, which keeps the world."""


@server.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """Run the game server of this home in the foreground until SIGTERM or Ctrl-C.

    One runs in each home. A second worker waits, loaded, and takes over at once when the first
    ends. Exit code 3 when it could not start: the database cannot be opened, or the server runs
    already.
    """
    from everdoor.cli.surroundings import endpoints_of, settings_to_start
    from everdoor.listeners import listen_ipc
    from everdoor.logs import configure_logs
    from everdoor.supervisor import WorkerSpec, supervise

    settings = settings_to_start()
    configure_logs(settings, "server")
    system = endpoints_of(settings)

    def prepare(stack: ExitStack) -> list[WorkerSpec]:
        stream = stack.enter_context(listen_ipc(system.stream))
        return [WorkerSpec("everdoor_server.worker:serve", {"stream": stream.fileno()})]

    ctx.exit(supervise("server", settings.home, system, prepare, standby=True))
