"""The program of every worker: joins its supervisor, then runs the coroutine it was named."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop

from everdoor.errors import SettingsError, StartupError
from everdoor.logs import configure_logs
from everdoor.settings import Settings, load_settings
from everdoor.worker.link import WorkerLink, inherited_link

COULD_NOT_START = 3

Serve = Callable[[WorkerLink, Settings], Coroutine[Any, Any, int | None]]
"""A worker's main coroutine; it returns its exit code (None: 0)."""


def run_worker(target: str) -> int:
    """Run the coroutine function `package.module:function` with the link and the settings.

    Returns:
        Its exit code; 3 after a StartupError or SettingsError, told on stderr in one line; 1
        after any other error, logged with its traceback.
    """
    try:
        link = inherited_link()
        # Their names have been checked by the supervisor's own program.
        settings = load_settings(other_variables=None)
        configure_logs(settings, link.process)
    except (StartupError, SettingsError) as exc:
        return _could_not_start(exc)
    try:
        module, _, name = target.partition(":")
        serve: Serve = getattr(importlib.import_module(module), name)
        return uvloop.run(_serve(serve, link, settings)) or 0
    except (StartupError, SettingsError) as exc:
        link.leaving(str(exc), COULD_NOT_START)
        return _could_not_start(exc)
    except Exception:
        structlog.get_logger(__name__).exception("worker failed")
        return 1


async def _serve(serve: Serve, link: WorkerLink, settings: Settings) -> int | None:
    link.attach(asyncio.get_running_loop())
    return await serve(link, settings)


def _could_not_start(error: Exception) -> int:
    # In one piece: the supervisor writes to the same stream.
    sys.stderr.write(f"everdoor: {error}\n")
    return COULD_NOT_START
