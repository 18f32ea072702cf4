"""Code of the game that runs beside lines: what it raises costs nobody else anything.

What a line raises is told to whoever typed it (`everdoor_server.lanes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

_log = structlog.get_logger(__name__)


@contextmanager
def tolerated(event: str, **about: object) -> Iterator[None]:
    """Log what is raised within, as this event, and go on behind it."""
    try:
        yield
    except Exception:
        _log.exception(event, **about)
