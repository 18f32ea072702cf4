"""Named steps of a server's life at which its worker can be told to die by SIGKILL.

`watch` runs in the worker, called by the hooks of the tests' game: it wraps the methods of the
shell and the cores that begin or end each step. A worker dies at a step when whoever tests has put
down a file of that name (`Orders.arm`); it takes the file first, so that the next one lives, and
leaves in it when it died. Without such a file nothing is done but to look for it.
"""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = "FAULTS_FOLDER"
"""Names the folder of the orders in a worker's environment."""

DELIVERED_S = 0.02
"""What was sent has left the process by then: its thread writes it to the socket."""


class Step(NamedTuple):
    """A step; `at`: what must happen for a server to come to it."""

    name: str
    at: str


ARRIVED_S = 0.05
"""Some who were answered have typed again by then: a server that is to end has taken what came."""


STEPS = (
    Step("before it takes a frame", "line"),
    Step("after it took a frame", "line"),
    Step("while lines run", "line"),
    Step("before the commit", "line"),
    Step("inside the transaction", "line"),
    Step("after the commit, before it sends", "line"),
    Step("between sends to two portals", "line"),
    Step("after it sent", "line"),
    Step("in the last turn before a reload", "reload"),
    Step("during the barrier", "reload"),
    Step("parked, while the next one takes over", "reload"),
    Step("taking over, before the commit", "death"),
    Step("taking over, after the commit", "death"),
    Step("after it bound, before a hello", "death"),
    Step("at a hello", "death"),
    Step("while it adopts", "death"),
    Step("while it replays", "death"),
)


class Orders:
    """The orders to die, from the side of whoever gives them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def arm(self, step: str) -> None:
        """Have the next worker that comes to a step die there."""
        _path(self.folder, "died", step).unlink(missing_ok=True)
        _path(self.folder, "die", step).touch()

    def died_at(self, step: str) -> float | None:
        """When one did, in seconds of the monotonic clock."""
        try:
            told = _path(self.folder, "died", step).read_text()
        except FileNotFoundError:
            return None
        return float(told) if told else None

    def call_off(self, step: str) -> None:
        """Let nobody die at a step any more."""
        _path(self.folder, "die", step).unlink(missing_ok=True)


def watch() -> None:
    """Have this process die at steps as it is told."""
    from everdoor.worker import WorkerLink
    from everdoor_server.adoption import Adoption
    from everdoor_server.app import Server
    from everdoor_server.links import Links
    from everdoor_server.turn import Turn
    from everdoor_server.worker import _Worker
    from everdoor_server.world.linkrows import LinkRows
    from everdoor_server.world.store import Store

    _before(Server, "_received", "before it takes a frame")
    _before(Turn, "run", "after it took a frame", when=lambda turn, *_: turn._lanes.has_ready)
    _after(Turn, "_step", "while lines run")
    _before(Store, "commit", "before the commit")
    _after(LinkRows, "write", "inside the transaction")
    _after(Store, "commit", "after the commit, before it sends")
    _between_sends(Links)
    _before(Turn, "end", "in the last turn before a reload", when=_plans_an_end, after_s=ARRIVED_S)
    _before(Server, "confirm", "during the barrier")
    _after(WorkerLink, "parked", "parked, while the next one takes over")
    _before(LinkRows, "load", "taking over, before the commit")
    _before(_Worker, "_serve", "taking over, after the commit")
    _after(Server, "start", "after it bound, before a hello")
    _before(Adoption, "greeted", "at a hello")
    _after(Adoption, "_adopt", "while it adopts")
    _before(Turn, "_step", "while it replays", when=lambda turn, *_: turn._n < 2)


def die_if_told(step: str, after_s: float = 0.0) -> None:
    """Die here when that was asked for, after a pause."""
    folder = Path(os.environ[FOLDER])
    died = _path(folder, "died", step)
    try:
        os.rename(_path(folder, "die", step), died)
    except FileNotFoundError:
        return
    time.sleep(after_s)
    died.write_text(str(time.monotonic()))
    os.kill(os.getpid(), signal.SIGKILL)


def _path(folder: Path, what: str, step: str) -> Path:
    return folder / f"{what} {step}"


When = Callable[..., object]


def _always(*_: Any) -> bool:
    return True


def _before(cls: type, name: str, step: str, when: When = _always, after_s: float = 0.0) -> None:
    method = getattr(cls, name)

    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if when(*args):
            die_if_told(step, after_s)
        return method(*args, **kwargs)

    setattr(cls, name, wrapped)


def _after(cls: type, name: str, step: str) -> None:
    method = getattr(cls, name)

    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        die_if_told(step)
        return result

    setattr(cls, name, wrapped)


def _between_sends(links: type) -> None:
    """Die when the frames of a turn for one portal are sent, and those for the next are not."""
    method = links.data_to_send  # type: ignore[attr-defined]

    def wrapped(self: Any, now: float) -> Iterator[tuple[bytes, bytes]]:
        previous = None
        for routing_id, frame in method(self, now):
            if previous not in (None, routing_id):
                die_if_told("between sends to two portals", DELIVERED_S)
            previous = routing_id
            yield routing_id, frame
        if previous is not None:
            die_if_told("after it sent", DELIVERED_S)

    links.data_to_send = wrapped  # type: ignore[attr-defined]


def _plans_an_end(turn: Any, ending: str) -> bool:
    return str(ending) != "crash"
