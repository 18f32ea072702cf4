"""The units for systemd: each runs a command that exists, and stops as the processes do."""

from __future__ import annotations

import configparser
from pathlib import Path

import click
import pytest

from everdoor.cli import main
from everdoor.supervisor.crew import COULD_NOT_START, STOP_S

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))


def service(path: Path) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(path.read_text())
    return unit["Service"]


def test_there_is_a_unit_for_every_process() -> None:
    assert [path.stem for path in UNITS] == [
        f"everdoor-{it}" for it in ("auth", "portal", "server")
    ]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_runs_a_command_that_exists(path: Path) -> None:
    program, group, command, *options = service(path)["ExecStart"].split()
    assert program.endswith("/bin/everdoor") and (group, command) == (path.stem[9:], "run")
    found = main.get_command(click.Context(main), group)
    assert isinstance(found, click.Group)
    run = found.get_command(click.Context(found), command)
    assert run is not None
    run.make_context("run", options)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_gives_a_process_its_time_to_stop_and_lets_one_that_cannot_start_be(
    path: Path,
) -> None:
    unit = service(path)
    assert float(unit["TimeoutStopSec"]) > STOP_S
    assert unit["KillMode"] == "mixed"
    assert int(unit["RestartPreventExitStatus"]) == COULD_NOT_START
