"""`everdoor server`: the game server as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from everdoor.cli.output import json_option

if TYPE_CHECKING:
    from contextlib import ExitStack

    from everdoor.messages.calls import ControlCall, Result
    from everdoor.supervisor import WorkerSpec

CHANGE_S = 150.0
"""How long a planned change may take: a worker starts, a large game loads, a commit is tried again,
hooks run."""


@click.group()
def server() -> None:
    """Run the game server, which keeps the world."""


@server.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    """Run the game server of this home in the foreground until SIGTERM or Ctrl-C.

    One runs in each home. A second worker waits, loaded, and takes over at once when the first
    ends. A server for a world in PostgreSQL that the server of another home serves waits until
    that one ends. Exit code 3 when it could not start: the database cannot be opened, or the
    server runs already.
    """
    from everdoor.cli.surroundings import endpoints_of, settings_to_start
    from everdoor.farhosts import far_places, surroundings
    from everdoor.listeners import listen_far, listen_ipc
    from everdoor.logs import configure_logs
    from everdoor.supervisor import WorkerSpec, address_of, supervise
    from everdoor_server.worldlock import world_lock

    settings = settings_to_start()
    configure_logs(settings, "server")
    # Who lacks a key is told so before anything is started.
    surroundings(settings, "server")
    system = endpoints_of(settings)
    metrics = address_of(settings, "server")

    def prepare(stack: ExitStack) -> list[WorkerSpec]:
        url = settings.world_database_url.get_secret_value()
        stack.enter_context(world_lock(url, settings.home))
        listeners = {
            "stream": listen_ipc(system.stream),
            "rpc": listen_ipc(system.server_rpc),
            "events": listen_ipc(system.server_events),
        }
        listeners |= {
            name: listen_far(place) for name, place in far_places(settings, "server").items()
        }
        fds = {name: stack.enter_context(each).fileno() for name, each in listeners.items()}
        limit_s = settings.turn_limit_s
        return [WorkerSpec("everdoor_server.worker:serve", fds, hang_limit_s=limit_s)]

    ctx.exit(supervise("server", settings.home, system, prepare, True, metrics))


@server.command()
@json_option
def reload(json: bool) -> None:
    """Bring the game's code, as it is now, to the running game; nobody loses anything.

    Returns when the new code serves. Code that cannot be loaded, or whose start hook fails, is
    refused with the reason and exit code 1, and the old code runs on.
    """
    _restart("reload", json)


@server.command()
@json_option
def reset(json: bool) -> None:
    """As reload, but characters are left and taken again, and the cold hooks run."""
    _restart("reset", json)


@server.command()
def stop() -> None:
    """Stop the game and keep the players' connections, for `everdoor server start`.

    They are told after a while, and let go after the setting max_hold_s. The supervisor stays.
    """
    from everdoor.messages.calls import StopServer

    _command(StopServer())
    click.echo("The game server has stopped; portals hold their clients.")


@server.command()
def start() -> None:
    """Start the game again after `everdoor server stop`; held lines are done first."""
    from everdoor.messages.calls import Started, StartServer

    started = _command(StartServer())
    assert isinstance(started, Started), "a supervisor answers what it was asked"
    if started.refused:
        click.echo(f"The present code cannot start: {started.refused}", err=True)
        click.echo("The game server runs with the code that was accepted last.")
    else:
        click.echo("The game server runs.")


@server.command()
@json_option
def status(json: bool) -> None:
    """Show how the game server is. Exit code 1 when it does not run, or on another host."""
    import msgspec

    from everdoor.cli.control import reports
    from everdoor.cli.output import print_json, print_table
    from everdoor.cli.state import DOWN, ELSEWHERE, services_elsewhere, system_state
    from everdoor.cli.surroundings import endpoints_of, read_settings
    from everdoor.errors import UserError

    settings = read_settings()
    found = [each for each in reports(endpoints_of(settings)).values() if each]
    elsewhere = services_elsewhere(settings)
    state = system_state(found, elsewhere).server
    if json:
        print_json(msgspec.to_builtins(state))
    else:
        values = msgspec.to_builtins(state)
        headings = ["STATE", "PID", "WORKER", "GENERATION", "SESSIONS"]
        print_table(headings, [["-" if v is None else str(v) for v in values.values()]])
    if state.state == ELSEWHERE:
        raise UserError(f"the game server of {settings.home} runs at {elsewhere['server']}")
    if state.state == DOWN:
        raise UserError(f"the game server does not run in {settings.home}")


def _restart(mode: Literal["reload", "reset"], json: bool) -> None:
    from everdoor.cli.output import print_json
    from everdoor.messages.calls import Restart, Restarted

    done = _command(Restart(mode))
    assert isinstance(done, Restarted), "a supervisor answers what it was asked"
    if json:
        print_json({"silence_s": done.silence_s, "parts": done.parts})
        return
    parts = ", ".join(f"{name} {value * 1000:.0f} ms" for name, value in done.parts.items())
    click.echo(f"The new code serves. Players waited {done.silence_s * 1000:.0f} ms ({parts}).")


def _command(call: ControlCall) -> Result:
    from everdoor.cli.control import command
    from everdoor.cli.surroundings import read_settings

    return command(read_settings(), "server", call, CHANGE_S)
