"""Where log lines go: readable or JSON on stderr, and always JSON in a file under the home.

Only entry points call `configure_logs`; everyone else has `structlog.get_logger(__name__)` and
binds context at the door. Values are escaped on both ways out, so a player's text can neither
forge a line nor move an operator's cursor; what must not be logged at all is up to who logs.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, NoReturn, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from everdoor.listeners import private_folder
from everdoor.lockfile import locked
from everdoor.settings import Settings
from everdoor.trace import current_trace

MAX_FILE_BYTES = 10 * 1024 * 1024
"""A log file is put aside above this: some 50 000 lines, which any tool still opens."""

KEPT_FILES = 5
"""Files put aside, `.1` the newest."""


def configure_logs(settings: Settings, process: str) -> None:
    """Set up logging of this whole process, the standard library's included.

    Args:
        process: Its name, such as `server`; a supervisor and its workers share one, and one file,
            `<home>/logs/<process>.log`. It is bound to every line.

    Raises:
        StartupError: The folder of the logs cannot be had.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    file = RotatedFile(private_folder(settings.home / "logs") / f"{process}.log")
    as_json = not sys.stderr.isatty() if settings.log_json == "auto" else settings.log_json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            add_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            Output(file, sys.stderr, as_json),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    # Libraries' own notices are seldom of use; their warnings are.
    logging.basicConfig(handlers=[_FromLibraries()], level=max(level, logging.WARNING), force=True)


def add_trace(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """A processor: names the line of a player that is worked on, where there is one."""
    if trace := current_trace():
        event.setdefault("trace", trace)
    return event


class Output:
    """The last processor: writes a line to the file and to stderr, and ends its way."""

    def __init__(self, file: RotatedFile, stderr: TextIO, as_json: bool) -> None:
        self._file = file
        self._stderr = stderr
        # Plain tracebacks: pretty ones show local variables, and passwords are among them.
        self._readable = structlog.dev.ConsoleRenderer(
            colors=stderr.isatty(),
            repr_native_str=True,
            exception_formatter=structlog.dev.plain_traceback,
        )
        self._as_json = as_json

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> NoReturn:
        document = structlog.processors.format_exc_info(logger, name, dict(event))
        line = json.dumps(document, default=repr)
        self._file.write(line + "\n")
        shown = line if self._as_json else self._readable(logger, name, event)
        try:
            self._stderr.write(shown + "\n")
            self._stderr.flush()
        except (OSError, ValueError):
            # Whoever read it has gone; the file has the line.
            pass
        raise structlog.DropEvent


class RotatedFile:
    """A log file that several processes append to; whoever finds it too large puts it aside.

    Failing to write (a full disk) is not an error: the game matters more than its log.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_FILE_BYTES, kept: int = KEPT_FILES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._fd = -1

    def write(self, text: str) -> None:
        """Append whole lines."""
        try:
            self._open_current()
            if os.fstat(self._fd).st_size >= self._max_bytes:
                with locked(self._path.with_suffix(".lock")):
                    self._rotate()
            os.write(self._fd, text.encode(errors="replace"))
        except OSError:
            self.close()

    def close(self) -> None:
        """Close the file; the next line opens it again. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open_current(self) -> None:
        """Open the file, again if another process has put it aside."""
        if self._fd >= 0 and self._is_current():
            return
        self.close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = os.open(self._path, flags, 0o600)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._fd))
        except FileNotFoundError:
            return False

    def _rotate(self) -> None:
        """Put the file aside, unless another process has just done so."""
        if self._is_current():
            for number in range(self._kept, 0, -1):
                older = self._aside(number - 1)
                if older.exists():
                    older.replace(self._aside(number))
        self._open_current()

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


class _FromLibraries(logging.Handler):
    """Hands the standard library's records on, so that asyncio's and alembic's are not lost."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info:
            fields["exc_info"] = record.exc_info
        structlog.get_logger().log(record.levelno, record.getMessage(), **fields)
