"""The thread that works on the accounts database, many jobs in one transaction.

A job is a function of an open transaction (`records`) without other effects, so that it can be run
again: what waits is run and committed together, and when that fails, one by one.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import structlog
from sqlmodel import Session as DbSession

from everdoor.errors import StoreBusy
from everdoor_auth.store import Store

MAX_BATCH = 64
"""Jobs in one transaction: all that the service works on at once."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class _Job(NamedTuple):
    work: Callable[[DbSession], Any]
    is_writing: bool
    done: asyncio.Future[Any]


class StoreThread:
    """Runs jobs on a store in their order; every call is of the event loop's thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="accounts-store", daemon=True)
        self._thread.start()

    async def read(self, work: Callable[[DbSession], T]) -> T:
        """Run a job that only reads.

        Raises:
            StoreBusy: The database is locked or gone.
        """
        return await self._run(work, is_writing=False)

    async def write(self, work: Callable[[DbSession], T]) -> T:
        """Run a job that may write; its effect is committed when this returns.

        Raises:
            StoreBusy: The database is locked, full or gone; the job had no effect as far as is
                known (the outcome of a commit that a lost connection cut off is not).
        """
        return await self._run(work, is_writing=True)

    async def close(self) -> None:
        """Finish the jobs that wait, end the thread, close the store. Idempotent."""
        if self._thread.is_alive():
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)
        self._store.close()

    async def _run(self, work: Callable[[DbSession], T], is_writing: bool) -> T:
        done: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(work, is_writing, done))
        return await done

    # In the thread.

    def _work(self) -> None:
        is_open = True
        while is_open:
            batch = [self._jobs.get()]
            while len(batch) < MAX_BATCH and not self._jobs.empty():
                batch.append(self._jobs.get())
            is_open = None not in batch
            if jobs := [job for job in batch if job is not None]:
                self._loop.call_soon_threadsafe(_settle, self._run_batch(jobs))

    def _run_batch(self, batch: list[_Job]) -> list[tuple[_Job, Any]]:
        try:
            return self._run_together(batch)
        except Exception as exc:
            if len(batch) > 1:
                return [outcome for job in batch for outcome in self._run_batch([job])]
            return [(batch[0], _told(exc))]

    def _run_together(self, batch: list[_Job]) -> list[tuple[_Job, Any]]:
        is_writing = any(job.is_writing for job in batch)
        with self._store.writing() if is_writing else self._store.reading() as db:
            return [(job, job.work(db)) for job in batch]


def _told(exc: Exception) -> Exception:
    """What a caller gets to see of an error."""
    if isinstance(exc, StoreBusy):
        log.warning("the accounts database did not do it", why=str(exc))
    return exc


def _settle(outcomes: list[tuple[_Job, Any]]) -> None:
    for job, outcome in outcomes:
        if job.done.done():
            continue
        if isinstance(outcome, Exception):
            job.done.set_exception(outcome)
        else:
            job.done.set_result(outcome)
