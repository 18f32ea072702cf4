"""`everdoor auth`: the auth service as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contextlib import ExitStack

    from everdoor.supervisor import WorkerSpec


@click.group()
def auth() -> None:
    """Run the auth service, which keeps the accounts."""


@auth.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """Run the auth service of this home in the foreground until SIGTERM or Ctrl-C.

    One runs in each home. Its worker is started again whenever it ends. Exit code 3 when it
    could not start: the database cannot be opened, or the service runs already.
    """
    from everdoor.cli.surroundings import endpoints_of, settings_to_start
    from everdoor.farhosts import far_places, surroundings
    from everdoor.listeners import listen_far, listen_ipc
    from everdoor.logs import configure_logs
    from everdoor.supervisor import WorkerSpec, address_of, supervise

    settings = settings_to_start()
    configure_logs(settings, "auth")
    # Who lacks a key is told so before anything is started.
    surroundings(settings, "auth")
    system = endpoints_of(settings)

    def prepare(stack: ExitStack) -> list[WorkerSpec]:
        listeners = {"rpc": listen_ipc(system.auth_rpc), "events": listen_ipc(system.auth_events)}
        listeners |= {
            name: listen_far(place) for name, place in far_places(settings, "auth").items()
        }
        fds = {name: stack.enter_context(each).fileno() for name, each in listeners.items()}
        return [WorkerSpec("everdoor_auth.app:serve", fds)]

    metrics = address_of(settings, "auth")
    ctx.exit(supervise("auth", settings.home, system, prepare, metrics=metrics))
