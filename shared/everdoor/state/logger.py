"""The log of an application session, in the words of the State API.

Writes to structlog and configures nothing: where lines go is decided by the entry point.
"""

from __future__ import annotations

import sys

from everdoor.lean import load_structlog

load_structlog()

import structlog  # noqa: E402


class Logger:
    """Says what happens in one application session. Event text is constant, values are fields."""

    def __init__(self, app_name: str, *, debug: bool = False, silent: bool = False) -> None:
        """Make a logger whose every line names the application.

        Args:
            app_name: Bound to each line as `app`.
            debug: Errors and warnings carry the traceback of the exception being handled, if any.
            silent: Info and warnings are dropped; errors and bugs never are.
        """
        # Kept as the lazy proxy, so that a configuration made later still holds for it.
        self._log = structlog.get_logger("everdoor.state", app=app_name)
        self._debug = debug
        self._silent = silent

    def info(self, event: str, **fields: object) -> None:
        """Say what happened."""
        if not self._silent:
            self._log.info(event, **fields)

    def warning(self, event: str, **fields: object) -> None:
        """Say what may have gone wrong."""
        if not self._silent:
            self._log.warning(event, **self._with_traceback(fields, self._debug))

    def error(self, event: str, **fields: object) -> None:
        """Say what went wrong, by somebody's mistake or the world's."""
        self._log.error(event, **self._with_traceback(fields, self._debug))

    def bug(self, event: str, **fields: object) -> None:
        """Say what went wrong by a mistake of the program, with the traceback if there is one."""
        self._log.error(event, bug=True, **self._with_traceback(fields, True))

    def _with_traceback(self, fields: dict[str, object], wanted: bool) -> dict[str, object]:
        exc = sys.exception() if wanted else None
        return fields if exc is None else {"exc_info": exc, **fields}
