"""The frame of the program: its commands, their help, and how failures end it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from errno import EACCES
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from everdoor.cli import main, program
from everdoor.cli.program import Program
from everdoor.cli.surroundings import option_variables
from everdoor.errors import CallRefused, EverdoorError, SettingsError, StartupError, UserError
from everdoor.settings import PREFIX, Settings


def walk(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, click.Command]]:
    yield ctx.command_path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below is not None
            yield from walk(below, click.Context(below, parent=ctx, info_name=name))


COMMANDS = dict(walk(main, click.Context(main, info_name="everdoor", **main.context_settings)))


def failing(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def run_failing(error: BaseException) -> tuple[int, str, str]:
    group = Program("everdoor")
    group.get_command = lambda ctx, name: click.Command(name, callback=failing(error))  # type: ignore[method-assign]
    outcome = CliRunner().invoke(group, ["fail"])
    return outcome.exit_code, outcome.stdout, outcome.stderr


@pytest.mark.parametrize("path", COMMANDS)
def test_command_has_help(path: str) -> None:
    command = COMMANDS[path]

    assert command.help and not command.help.startswith("(cannot be loaded")


@pytest.mark.parametrize("path", COMMANDS)
def test_option_has_help(path: str) -> None:
    options = [param for param in COMMANDS[path].params if isinstance(param, click.Option)]

    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_option_tells_its_variable(path: str) -> None:
    options = [param for param in COMMANDS[path].params if isinstance(param, click.Option)]

    assert [
        option.name for option in options if not option.show_envvar and option.name != "version"
    ] == []


def test_variables_of_options_are_named_by_their_commands() -> None:
    assert {"EVERDOOR_STATUS_JSON", "EVERDOOR_DB_UPGRADE_JSON"} <= set(option_variables(main))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EverdoorError("it went wrong"), 1),
        (UserError("it went wrong"), 1),
        (SettingsError("it went wrong"), 1),
        (CallRefused("busy", "it went wrong"), 1),
        (StartupError("it went wrong"), 3),
        (OSError("it went wrong"), 1),
    ],
)
def test_error_ends_in_one_line(error: Exception, code: int) -> None:
    assert run_failing(error) == (code, "", "everdoor: it went wrong\n")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (PermissionError(EACCES, "Permission denied", "/root/var"), "/root/var: Permission denied"),
        (PermissionError(EACCES, "Permission denied"), "Permission denied"),
        (TimeoutError(), "TimeoutError"),
    ],
    ids=str,
)
def test_what_the_system_refuses_is_told_with_where(error: OSError, told: str) -> None:
    assert run_failing(error) == (1, "", f"everdoor: {told}\n")


def test_interrupt_ends_quietly() -> None:
    assert run_failing(KeyboardInterrupt()) == (1, "", "\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("stats", "No such command 'stats'; see `everdoor --help`"),
        ("--loud", "No such option '--loud'; see `everdoor --help`"),
        (
            "status --jsno",
            "No such option '--jsno'. Did you mean '--json'? See `everdoor status --help`",
        ),
        (
            "session show",
            "Missing argument 'SESSID'; see `everdoor session show --help`",
        ),
        (
            "top --every nan",
            "Invalid value: expected a number of seconds, got nan; see `everdoor top --help`",
        ),
    ],
)
def test_wrong_usage_is_told_in_one_line(arguments: str, told: str) -> None:
    outcome = CliRunner().invoke(main, arguments.split(), prog_name="everdoor")

    assert (outcome.exit_code, outcome.stdout) == (2, "")
    assert outcome.stderr == f"everdoor: {told}\n"


def test_group_alone_shows_its_help() -> None:
    outcome = CliRunner().invoke(main, ["server"])

    assert outcome.exit_code == 2
    assert "reload" in outcome.output


def test_no_option_takes_the_variable_of_a_setting() -> None:
    settings = {PREFIX + name.upper() for name in Settings.model_fields}

    assert settings.isdisjoint(option_variables(main))


def test_own_commands_are_found_without_asking_every_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program, "entry_points", pytest.fail)
    assert CliRunner().invoke(main, ["session", "list", "--help"]).exit_code == 0


def test_command_that_cannot_be_loaded_leaves_the_others_usable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = EntryPoint("broken", "everdoor.no_such_module:command", program.SERVICES)
    monkeypatch.setattr(program, "OWN", program.OWN | {"broken": broken})

    listed = CliRunner().invoke(main, ["--help"])
    refused = CliRunner().invoke(main, ["broken", "run", "--fast"])

    assert "settings" in listed.stdout
    assert "broken" in listed.stdout
    assert refused.exit_code == 1
    assert refused.stderr == (
        "everdoor: broken cannot be loaded: No module named 'everdoor.no_such_module'\n"
    )


@pytest.mark.parametrize("arguments", ["--help", "settings", "auth --help", "account --help"])
def test_reading_commands_load_no_databases_and_no_sockets(arguments: str) -> None:
    program = (
        "import sys; from everdoor.cli import main\n"
        f"try: main({arguments.split()!r})\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'alembic', 'zmq', 'uvloop', 'honcho', 'argon2'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert outcome.returncode == 0, outcome.stderr


def test_reader_that_goes_away_ends_it_quietly() -> None:
    command = f"{sys.executable} -m everdoor.cli settings | :"
    outcome = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)

    assert (outcome.stdout, outcome.stderr) == ("", "")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("log", "File name too long"),
        ("settings > /dev/full", "No space left on device"),
        ("server status > /dev/full", "No space left on device"),
        ("server status >&-", "the game server does not run in "),
    ],
)
def test_home_and_output_that_cannot_be_used_are_told_in_one_line(
    tmp_path: Path, command: str, told: str
) -> None:
    """What not even root can use."""
    outcome = subprocess.run(
        f"{sys.executable} -m everdoor.cli {command}",
        shell=True,
        env={**os.environ, "EVERDOOR_HOME": f"{tmp_path}/{'x' * 300}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (outcome.returncode, outcome.stdout) == (1, "")
    assert outcome.stderr.startswith("everdoor: ") and outcome.stderr.count("\n") == 1
    assert told in outcome.stderr
