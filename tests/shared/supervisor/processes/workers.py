"""Workers for tests, each a coroutine that a supervisor can be given as its target."""

import asyncio
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

from everdoor.errors import StartupError
from everdoor.settings import Settings
from everdoor.worker import WorkerLink


async def good(link: WorkerLink, settings: Settings) -> None:
    """Tells how it is, and stops when asked to."""
    link.tell_status(lambda: info(link))
    await link.go()
    link.ready()
    print(f"stopped: {await link.stop_asked()}", flush=True)


async def stubborn(link: WorkerLink, settings: Settings) -> None:
    """Does not stop."""
    await link.go()
    link.ready()
    await link.stop_asked()
    time.sleep(60)  # noqa: ASYNC251 - blocking the loop is the point


async def hanging(link: WorkerLink, settings: Settings) -> None:
    """Serves, then blocks its loop."""
    await link.go()
    link.ready()
    time.sleep(60)  # noqa: ASYNC251 - blocking the loop is the point


async def refusing(link: WorkerLink, settings: Settings) -> None:
    raise StartupError("the database is missing")


async def broken(link: WorkerLink, settings: Settings) -> None:
    raise RuntimeError("a bug")


async def short_lived(link: WorkerLink, settings: Settings) -> int:
    """Serves and dies, in every life."""
    await link.go()
    link.ready()
    link.leaving("to be tried again", 7)
    return 7


async def slow_again(link: WorkerLink, settings: Settings) -> int:
    """Serves and dies in its first life; in others it serves once a file of the home says so."""
    link.on_park = lambda ending: link.parked({})
    await link.go()
    if link.handed["life"] > 1:
        await asyncio.to_thread(wait_for, settings.home / "serve")
    link.ready()
    if link.handed["life"] == 1:
        link.leaving("to be tried again", 7)
        return 7
    await link.stop_asked()
    return 0


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def info(link: WorkerLink) -> dict[str, Any]:
    with socket.socket(fileno=os.dup(link.fd("stream"))) as stream:
        listens = stream.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    return {
        "process": link.process,
        "index": link.index,
        "life": link.handed["life"],
        "listens": bool(listens),
        "stdin": os.readlink("/proc/self/fd/0"),
        "ignores": [
            signal.getsignal(number) == signal.SIG_IGN
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        ],
    }
