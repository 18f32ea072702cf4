"""What a supervisor tells of its process: how each worker is, and what is measured of it.

Everything that is told is of the moment in which it is asked for; workers' own words come after.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from everdoor.measures import Source, single
from everdoor.messages.calls import (
    ProcessMeasured,
    StatusReport,
    WorkerMeasured,
    WorkerReport,
)
from everdoor.supervisor.attention import Attention
from everdoor.supervisor.crew import Crew, Place, State
from everdoor.supervisor.figures import ProcessFigures
from everdoor.supervisor.process import WorkerProcess

SERVING: tuple[State, ...] = ("up", "draining")
"""States of a place whose worker serves."""

STATUS_S = 0.5
"""How long a worker may take to say how it is; one that hangs is reported without its words."""


class Reports:
    """Reports of one process, from what its supervisor keeps.

    Args:
        process: Its name, such as `server` or `portal.1`.
        processes: Its workers' processes by the numbers that the crew gave them.
    """

    def __init__(
        self,
        process: str,
        crew: Crew,
        processes: Mapping[int, WorkerProcess],
        attention: Attention,
        figures: ProcessFigures,
    ) -> None:
        self._process = process
        self._crew = crew
        self._processes = processes
        self._attention = attention
        self._figures = figures

    def state(self) -> State:
        """The state of the process; down only when all its workers are."""
        return _worst([self._state_of(place) for place in self._filled])

    async def status(self, metrics_url: str) -> StatusReport:
        """How the process and its workers are.

        Args:
            metrics_url: Where it tells what is measured; empty: nowhere.
        """
        # All of one moment, before anybody is asked: a worker that hangs takes its time.
        state, now = self.state(), asyncio.get_running_loop().time()
        places = [(place, self._process_of(place)) for place in self._crew.places]
        workers = [self._worker(*each, now) for each in places]
        words = await asyncio.gather(*(_words(*each) for each in places))
        metrics = {"metrics": metrics_url} if metrics_url else {}
        told = [replace(each, info=metrics | own) for each, own in zip(workers, words, strict=True)]
        return StatusReport(self._process, state, os.getpid(), told)

    async def measured(self) -> ProcessMeasured:
        """What is measured, for `everdoor top`."""
        sources = await self.sources()
        workers = [WorkerMeasured(source.worker, source.measured) for source in sources]
        return ProcessMeasured(self._process, workers)

    async def sources(self) -> list[Source]:
        """What every worker has measured, with what is measured of it from here."""
        return list(await asyncio.gather(*map(self._source, self._filled)))

    @property
    def _filled(self) -> list[Place]:
        """All places but those that were drained and are to stay empty."""
        return [place for place in self._crew.places if place.active or not place.drains]

    def _process_of(self, place: Place) -> WorkerProcess | None:
        return self._processes.get(place.active.number) if place.active else None

    def _state_of(self, place: Place) -> State:
        state = self._crew.state(place)
        hangs = place.active is not None and self._attention.hangs(place.active.number)
        return "hanging" if state in SERVING and hangs else state

    def _worker(self, place: Place, process: WorkerProcess | None, now: float) -> WorkerReport:
        return WorkerReport(
            index=place.index,
            state=self._state_of(place),
            pid=process.pid if process else 0,
            failures=self._crew.failures(place, now),
            retry_in_s=0.0 if place.active else max(0.0, place.next_active_at - now),
            info={},
        )

    async def _source(self, place: Place) -> Source:
        process = self._process_of(place)
        own = self._figures.of(place.index, process.pid if process else None)
        is_up = process is not None and self._crew.state(place) in SERVING
        theirs = await process.ask_measured(STATUS_S) if process is not None and is_up else {}
        up = single(int(is_up))
        return Source(self._process, place.index, {"everdoor_worker_up": up, **own, **theirs})


async def _words(place: Place, process: WorkerProcess | None) -> dict[str, Any]:
    """A worker's own words; while none can speak, what the last one ended with."""
    if process and place.active and place.active.told_go:
        if info := await process.ask_status(STATUS_S):
            return info
    return {"trouble": place.trouble} if place.trouble else {}


def _worst(states: list[State]) -> State:
    if all(state == "down" for state in states):
        return "down"
    for state in ("hanging", "restarting", "starting"):
        if state in states:
            return state
    if "down" in states:
        return "restarting"
    return "up" if "up" in states else "draining"
