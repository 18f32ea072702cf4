"""The program's outermost group: finds commands when they are asked for, and tells failures.

A command is imported when it is run or listed, not before, so that the program starts fast.
"""

from __future__ import annotations

import gc
from importlib.metadata import EntryPoint, entry_points
from typing import IO, Any

import click

from everdoor.errors import EverdoorError, StartupError

SERVICES = "everdoor.commands"
"""Entry-point group in which services name their commands."""

OWN = {
    name: EntryPoint(name, f"everdoor.cli.{module}", SERVICES)
    for name, module in {
        "up": "up:up",
        "down": "down:down",
        "status": "status:status",
        "metrics": "metrics:metrics",
        "top": "top:top",
        "session": "session:session",
        "log": "log:log",
        "completion": "completion:completion",
        "settings": "settings:settings",
        "db": "db:db",
        "keys": "keys:keys",
        "import": "imports:imports",
    }.items()
}

COULD_NOT_START = 3


class Program(click.Group):
    """A group whose commands are entry points.

    An EverdoorError ends the program with its text in one line, exit code 3 for a StartupError and
    1 for others; wrong usage does so with exit code 2. Ctrl-C ends it quietly.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as exc:
            raise _in_one_line(exc) from exc
        except OSError as exc:
            # Of printing help.
            raise _refused(exc) from exc

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self._known())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # What services name is looked for in the files of all packages that are installed.
        found = OWN.get(cmd_name) or self._known().get(cmd_name)
        if found is None:
            return None
        # Looking for garbage in what is imported, where there is none, takes a fifth of a start.
        gc.disable()
        try:
            command = found.load()
        except ImportError as exc:
            return _broken(cmd_name, f"cannot be loaded: {exc}")
        finally:
            gc.freeze()
            gc.enable()
        assert isinstance(command, click.Command), f"{found.value} is no command"
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StartupError as exc:
            raise CouldNotStart(str(exc)) from exc
        except EverdoorError as exc:
            raise Failure(str(exc)) from exc
        except OSError as exc:
            raise _refused(exc) from exc
        except click.UsageError as exc:
            raise _in_one_line(exc) from exc
        except (KeyboardInterrupt, click.Abort):
            click.echo(err=True)
            raise click.exceptions.Exit(1) from None
        finally:
            # The program ends: looking for garbage in all it has would take long for nothing.
            gc.freeze()

    def _known(self) -> dict[str, EntryPoint]:
        return {found.name: found for found in [*entry_points(group=SERVICES), *OWN.values()]}


class Failure(click.ClickException):
    """Ends the program with a text on stderr and exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"everdoor: {self.message}", file=file, err=True)


class CouldNotStart(Failure):
    """The same with exit code 3."""

    exit_code = COULD_NOT_START


class WrongUsage(Failure):
    """The same with exit code 2."""

    exit_code = click.UsageError.exit_code


def _in_one_line(error: click.UsageError) -> click.ClickException:
    """What is wrong with the command line, and whose help tells what is right."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        # Nothing was wrong: a group alone shows its help.
        return error
    command = error.ctx.command_path if error.ctx else "everdoor"
    told = " ".join(error.format_message().split()).rstrip(".")
    return WrongUsage(f"{told}{' See' if told.endswith('?') else '; see'} `{command} --help`")


def _refused(error: OSError) -> Exception:
    """What the system refuses, and where, such as a home that is another user's. A pipe that nobody
    reads any more is left to click."""
    if isinstance(error, BrokenPipeError):
        return error
    at = f"{error.filename}: " if error.filename else ""
    return Failure(at + (error.strerror or str(error) or type(error).__name__))


def _broken(name: str, why: str) -> click.Command:
    """Stand in for a command that cannot be imported, so that the others stay usable."""

    def refuse() -> None:
        raise Failure(f"{name} {why}")

    # Whatever was typed behind it: that is not what is wrong.
    takes_all = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=refuse, help=f"({why})", context_settings=takes_all)


@click.group(
    cls=Program,
    context_settings={
        "auto_envvar_prefix": "EVERDOOR",
        "help_option_names": ["-h", "--help"],
        "show_default": True,
    },
)
@click.version_option(package_name="everdoor", message="%(prog)s %(version)s")
def main() -> None:
    """Everdoor: a server for text worlds whose players never lose their connection.

    Settings come from EVERDOOR_* variables and ./everdoor.toml; see `everdoor settings`.
    """
