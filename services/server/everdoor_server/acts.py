"""Acts: what is run though nobody has typed it, such as a line of an NPC or the rest of a script.

They are set off by game code and run by the turn (`errands`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import structlog

from everdoor.errors import CallRefused, StoreBusy, UserError
from everdoor_server.waits import Running

_log = structlog.get_logger(__name__)


class Act(NamedTuple):
    """Something to run.

    Fields: `who` names it in the log; `begin` runs it, and returns what is left of it when it
    waits.
    """

    who: str
    begin: Callable[[], Running | None]


def report(who: str, error: Exception) -> None:
    """Log what code of the game has raised that nobody had typed.

    Args:
        who: Names it.
    """
    if isinstance(error, StoreBusy):
        # Nothing of this turn is written or shown: this server leaves (`everdoor_server.app`).
        _log.error("the world could not be read", who=who, error=str(error))
    elif isinstance(error, UserError | CallRefused):
        _log.warning("what nobody has typed was refused", who=who, reason=str(error))
    else:
        _log.error("what nobody has typed has failed", who=who, exc_info=error)
