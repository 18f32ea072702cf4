"""Runs the `everdoor` program in a home of its own, as a user at a shell would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT_S = 30.0


class Shell:
    """A working directory with a home; `run` and `start` are what is typed there."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.home = folder / "var"
        # Nothing of the tests' own runner: a Procfile runner's process name, other settings.
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("EVERDOOR_")
        }
        # Doors that a test does not name stay shut: their ports are shared with other tests.
        given = {"tls_port": "off", "ssh_port": "off", **settings}
        self.environment |= {f"EVERDOOR_{name.upper()}": value for name, value in given.items()}

    def procfile(self, text: str) -> None:
        (self.folder / "Procfile").write_text(text)

    def make_old_home(self) -> None:
        """Make a home that `up` takes for one with databases, for what needs none."""
        self.home.mkdir()
        for name in ("auth", "world"):
            (self.home / f"{name}.db").write_text("mine")

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end; `given` is its stdin."""
        return subprocess.run(
            _command(arguments),
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command; its stdout and stderr are one pipe, and it is stopped at the end.

        It leads a process group, as at a terminal (see `press_ctrl_c`).
        """
        process = subprocess.Popen(
            _command(arguments),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            with process.stdout:
                yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(LIMIT_S)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read what a started command says up to the line with this text; fail if it ends before."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} was never said:\n{seen}")


def read_all(process: subprocess.Popen[str]) -> str:
    """Read what a started command still says, until it and all that it started have ended."""
    assert process.stdout is not None
    return process.stdout.read()


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """Send SIGINT to a started command and to all in its process group."""
    os.killpg(process.pid, signal.SIGINT)


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "everdoor.cli", *arguments]
