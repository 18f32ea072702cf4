"""Runs several commands in the foreground, until one ends or a signal comes; then ends all.

honcho does the work: it starts each command in a process group of its own, prints what it says
behind its name, and sends SIGTERM, later SIGKILL. Here is only what it leaves open: signals that
come while it is still starting, a stdout that goes away, and which exit code it all amounts to.
Nothing is restarted: each command is a supervisor that does so itself.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from types import FrameType
from typing import Any, TextIO

from honcho.manager import SIGNALS, Manager
from honcho.printer import Message, Printer
from honcho.process import Process

from everdoor.cli.program import COULD_NOT_START

STOP_SIGNALS = {signal.SIGINT, signal.SIGTERM}

KILL_AFTER_S = 8.0
"""From the wish to stop to SIGKILL for what still runs: above the 5 s that supervisors take."""

COMMAND_NOT_FOUND = (126, 127)
"""How a shell says that it could not start the command of a Procfile line."""

OWN_NAME = "everdoor"
"""Stands before the lines that are not a command's."""


_SIMPLE = re.compile(r"[\w./-]+( [\w./:,@+=-]+)*")
"""A program and plain words, nothing that a shell would have to stay for."""


class Runner(Manager):
    """Runs the commands given by name; `started` is called once all processes were made.

    Args:
        environment: Of every command; HONCHO_PROCESS_NAME is added, such as `portal.1`.
    """

    def __init__(
        self,
        commands: Mapping[str, str],
        environment: Mapping[str, str],
        started: Callable[[], None],
        output: TextIO = sys.stdout,
    ) -> None:
        super().__init__(_UntilClosed(output, self.terminate))
        self._process_ctor = _Command
        self._printer.width = max(self._printer.width, len(OWN_NAME))
        self._started = started
        self._stop_is_due = False
        for name, command in commands.items():
            numbered = f"{name}.1"
            env = {**environment, "HONCHO_PROCESS_NAME": numbered}
            self.add_process(numbered, _replacing_shell(command), env=env)

    @property
    def is_stopping(self) -> bool:
        """Whether the end has been asked for."""
        return self._stop_is_due

    def run(self) -> int:
        """Run to the end; return the exit code of the whole.

        0 when a signal or an orderly end stopped it, 3 when a command could not start, else 1.
        """
        self.loop()
        if self.returncode in [0, *[known["rc"] for known in SIGNALS.values()]]:
            return 0
        could_not_start = (COULD_NOT_START, *COMMAND_NOT_FOUND)
        return COULD_NOT_START if self.returncode in could_not_start else 1

    def say(self, text: str) -> None:
        """Print a line among those of the commands; from any thread."""
        self.events.put(Message("line", f"{text}\n", datetime.now(), OWN_NAME, None))

    def terminate(self) -> None:
        """Ask all to end. Idempotent; while some are still being started, done when all are."""
        self._stop_is_due = True
        if self._terminating or not self._all_started():
            return
        timer = threading.Timer(KILL_AFTER_S, self.kill)
        timer.daemon = True
        timer.start()
        super().terminate()

    def _start(self) -> None:
        # A child has this process's handlers until it sets its own: no signal meets it before.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        try:
            super()._start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        self._started()

    def _system_print(self, data: str) -> None:
        super()._system_print(data)
        # honcho prints each start it learns of: the place to catch up with a wish to stop.
        if self._stop_is_due and not self._terminating:
            self.terminate()


def _replacing_shell(command: str) -> str:
    """Have the shell become a simple command, so that its exit code is the command's own."""
    is_program = _SIMPLE.fullmatch(command) and shutil.which(command.split()[0])
    return f"exec {command}" if is_program else command


class _Command(Process):
    """One command, in the process that honcho forks to read what it says."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        # A handler and not SIG_IGN: the command would inherit that.
        for number in STOP_SIGNALS:
            signal.signal(number, _nothing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        super().run(events, ignore_signals)


class _UntilClosed(Printer):
    """Prints until nobody reads any more; then asks for the end, once, and keeps quiet."""

    def __init__(self, output: TextIO, closed: Callable[[], None]) -> None:
        super().__init__(output)
        self._closed = closed

    def write(self, message: Message) -> None:
        try:
            super().write(message)
        except BrokenPipeError:
            # What Python would still flush at its end has to go somewhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.output.fileno())
            self._closed()


def _nothing(number: int, frame: FrameType | None) -> None:
    """Take a signal without any effect."""
