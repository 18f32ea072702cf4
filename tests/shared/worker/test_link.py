"""The worker's end of its supervisor: what it says, and what it does about what it hears."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from everdoor.errors import StartupError
from everdoor.messages.supervision import (
    AskStatus,
    Begin,
    FromWorker,
    Go,
    Imported,
    Leaving,
    NotStarting,
    Park,
    Parked,
    Ready,
    Release,
    Released,
    Resume,
    Serve,
    Settled,
    StatusInfo,
    StopWork,
    Taken,
    TellSession,
    ToWorker,
    Wish,
)
from everdoor.worker import WorkerLink
from running import run, until


class Supervisor:
    """The other end of a worker's socketpair."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._unread = b""

    def say(self, *messages: ToWorker) -> None:
        self.send(b"".join(msgspec.json.encode(message) + b"\n" for message in messages))

    def send(self, data: bytes) -> None:
        self._end.sendall(data)

    def heard(self) -> list[FromWorker]:
        """All that the worker has said and was not heard yet."""
        self._end.setblocking(False)
        try:
            self._unread += self._end.recv(65536)
        except BlockingIOError:
            pass
        *lines, self._unread = self._unread.split(b"\n")
        return [msgspec.json.decode(line, type=FromWorker) for line in lines]


BEGIN = Begin("server", 0, 4711, {}, {"code": "new"})


@contextmanager
def linked(*first: ToWorker) -> Iterator[tuple[WorkerLink, Supervisor]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        supervisor = Supervisor(ours)
        supervisor.say(*(first or (BEGIN,)))
        yield WorkerLink(theirs), supervisor


def test_worker_begins_with_what_it_is_given() -> None:
    with linked() as (link, _):
        assert (link.process, link.index, link.supervisor_pid) == ("server", 0, 4711)
        assert link.handed == {"code": "new"}
        with pytest.raises(KeyError):
            link.fd("stream")


def test_worker_whose_supervisor_has_gone_cannot_begin() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs, pytest.raises(StartupError, match="the supervisor has gone"):
        WorkerLink(theirs)


def test_worker_reads_what_came_with_its_first_line() -> None:
    async def main(link: WorkerLink, supervisor: Supervisor) -> None:
        link.attach(asyncio.get_running_loop())
        supervisor.say(Go())
        assert await link.go() is False
        assert await link.stop_asked() == "noon"
        assert supervisor.heard() == [Imported()]

    with linked(BEGIN, StopWork("noon")) as (link, supervisor):
        run(main(link, supervisor))


def test_worker_that_takes_over_says_so_and_waits_for_the_sockets() -> None:
    async def main(link: WorkerLink, supervisor: Supervisor) -> None:
        link.attach(asyncio.get_running_loop())
        supervisor.say(Go(hold=True))
        assert await link.go() is True
        serving = asyncio.ensure_future(link.serve())
        heard: list[FromWorker] = []
        await until(lambda: heard.extend(supervisor.heard()) or Taken() in heard)
        assert not serving.done()
        supervisor.say(Serve())
        await serving

    with linked() as (link, supervisor):
        run(main(link, supervisor))


def test_worker_is_asked_to_park_resume_release_and_tell_in_order() -> None:
    async def main(link: WorkerLink, supervisor: Supervisor) -> None:
        asked: list[Any] = []
        link.on_park = lambda ending: asked.append(("park", ending))
        link.on_resume = lambda: asked.append("resume")
        link.on_release = lambda: asked.append("release")
        link.on_tell = lambda sessid, text: asked.append((sessid, text))
        link.attach(asyncio.get_running_loop())
        supervisor.say(Park("reset"), Resume(), TellSession(7, "Done."), Park("stop"), Release())
        await until(lambda: len(asked) == 5)
        assert asked == [("park", "reset"), "resume", (7, "Done."), ("park", "stop"), "release"]

    with linked() as (link, supervisor):
        run(main(link, supervisor))


def test_worker_says_how_it_is_when_asked() -> None:
    async def main(link: WorkerLink, supervisor: Supervisor) -> None:
        link.attach(asyncio.get_running_loop())
        heard: list[FromWorker] = []
        supervisor.say(AskStatus())
        await until(lambda: heard.extend(supervisor.heard()) or heard)
        link.tell_status(lambda: {"sessions": 3})
        supervisor.say(AskStatus())
        await until(lambda: heard.extend(supervisor.heard()) or len(heard) == 2)
        assert heard == [StatusInfo({}), StatusInfo({"sessions": 3})]

    with linked() as (link, supervisor):
        run(main(link, supervisor))


def test_worker_that_is_asked_to_stop_twice_keeps_the_first_reason() -> None:
    async def main(link: WorkerLink, supervisor: Supervisor) -> None:
        link.attach(asyncio.get_running_loop())
        supervisor.say(StopWork("noon"), StopWork("again"))
        assert await link.stop_asked() == "noon"
        assert await link.stop_asked() == "noon"

    with linked() as (link, supervisor):
        run(main(link, supervisor))


def test_worker_says_each_step_in_one_line() -> None:
    with linked() as (link, supervisor):
        link.ready()
        link.settled()
        link.parked({"quiesce": 0.5})
        link.released()
        link.not_starting("hooks.py, line 3: no\nmore")
        link.not_starting("hooks.py, line 3: no", has_accepted=True)
        link.wish("reload", 7)
        link.leaving("fenced", 1)
        assert supervisor.heard() == [
            Ready(),
            Settled(),
            Parked({"quiesce": 0.5}),
            Released(),
            NotStarting("hooks.py, line 3: no\nmore"),
            NotStarting("hooks.py, line 3: no", has_accepted=True),
            Wish("reload", 7),
            Leaving("fenced", 1),
        ]


def test_message_that_comes_in_pieces_is_read_once_it_is_whole() -> None:
    async def main(link: WorkerLink, supervisor: Supervisor) -> None:
        told: list[str] = []
        link.on_tell = lambda sessid, text: told.append(text)
        link.attach(asyncio.get_running_loop())
        line = msgspec.json.encode(TellSession(1, "Grüße")) + b"\n"
        for byte in line:
            supervisor.send(bytes([byte]))
            await asyncio.sleep(0)
        await until(lambda: told)
        assert told == ["Grüße"]

    with linked() as (link, supervisor):
        run(main(link, supervisor))
