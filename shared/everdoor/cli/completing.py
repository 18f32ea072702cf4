"""What a shell offers behind Tab: sessids and portals of the running system, names of its logs.

Completing never fails and never waits long: where nothing runs, nothing is offered.
"""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from everdoor.messages.calls import SessionInfo


def complete_sessid(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the sessids of the sessions that are here, each with its account."""
    return [
        CompletionItem(str(info.sessid), help=info.account or "not logged in")
        for info in _sessions()
        if info.sessid and str(info.sessid).startswith(incomplete)
    ]


def complete_portal(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the ids of the portals that run."""
    from everdoor.cli.live import portals
    from everdoor.cli.surroundings import read_settings
    from everdoor.errors import EverdoorError

    try:
        with redirect_stderr(StringIO()):
            found = portals(read_settings())
    except EverdoorError:
        return []
    return [CompletionItem(info.id) for info in found if info.id.startswith(incomplete)]


def complete_log(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the names of the processes that have logged."""
    from everdoor.cli.logfiles import processes
    from everdoor.cli.surroundings import read_settings
    from everdoor.errors import EverdoorError

    try:
        found = processes(read_settings().home)
    except EverdoorError:
        return []
    return [CompletionItem(name) for name in found if name.startswith(incomplete)]


def _sessions() -> list[SessionInfo]:
    from everdoor.cli.live import sessions
    from everdoor.cli.surroundings import read_settings
    from everdoor.errors import EverdoorError

    try:
        with redirect_stderr(StringIO()):
            return sessions(read_settings())
    except EverdoorError:
        return []
