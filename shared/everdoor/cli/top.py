"""`everdoor top`: the system live in the terminal."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--every",
    type=click.FloatRange(0.2, 60),
    default=1.0,
    show_default=True,
    show_envvar=True,
    help="Seconds between two looks.",
)
def top(every: float) -> None:
    """Watch portals, sessions, turns, latencies, queues and restarts; q ends it.

    Needs the optional part `top`: pip install 'everdoor[top]'.
    """
    import math
    import sys

    from everdoor.cli.control import running
    from everdoor.cli.surroundings import endpoints_of, read_settings
    from everdoor.errors import UserError

    if math.isnan(every):
        raise click.BadParameter("expected a number of seconds, got nan")
    try:
        from everdoor.cli.topscreen import Top
    except ModuleNotFoundError as exc:
        raise UserError(f"`everdoor top` needs {exc.name}: pip install 'everdoor[top]'") from exc
    settings = read_settings()
    system = endpoints_of(settings)
    if not running(system):
        raise UserError(f"nothing runs in {settings.home}; start it with `everdoor up`")
    if not sys.stdout.isatty():
        raise UserError("`everdoor top` needs a terminal; for programs there is /metrics")
    screen = Top(system, every)
    screen.run()
    if screen.return_code:
        raise click.exceptions.Exit(screen.return_code)
