"""Writing what turns have done: one Commit at a time, tried again for a while, then given up.

A database on this machine takes a commit at once; one elsewhere takes it beside the event loop, in
a thread. What is run meanwhile, and what happens once it is written or given up, is the shell's
around the turn (`everdoor_server.app`).
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, Protocol

import structlog

from everdoor.errors import StoreBusy, StoreError
from everdoor_server.commit import Commit

COMMIT_PATIENCE_S = 5.0
"""How long a commit that the database refuses for now is tried again."""

COMMIT_RETRY_S = 0.05

ANSWER_S = 5.0
"""How long a database elsewhere may take to answer; what becomes of a commit is unknown then."""

_log = structlog.get_logger(__name__)


class CommitStore(Protocol):
    """What the turn's shell needs of the world database."""

    @property
    def is_remote(self) -> bool:
        """Whether `commit` waits for others than the disk, and the lease must be renewed."""

    @property
    def failure(self) -> StoreBusy | None:
        """A read that could not be done: what was run has had no answer from the database."""

    def commit(self, commit: Commit) -> None:
        """Write all of it or nothing.

        Raises:
            Fenced: A newer generation exists.
            StoreBusy: Not now; the same Commit may be tried again.
            StoreRefused: What it holds cannot be stored.
            StoreError: It cannot be written, or whether it was is unknown.
        """

    def renew(self, generation: int) -> None:
        """Show others that this generation is alive; raises as `commit`."""


class Committer:
    """Writes the commits of one generation.

    Args:
        on_written: Called with each Commit once it is written; within `write` where it could be
            written at once.
        on_failed: Called once with the reason why this generation cannot go on.

    Attributes:
        trouble: Why what waits cannot be written now; empty when nothing is wrong.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        store: CommitStore,
        on_written: Callable[[Commit], None],
        on_failed: Callable[[Exception], None],
    ) -> None:
        self.trouble = ""
        self._loop = loop
        self._store = store
        self._on_written = on_written
        self._on_failed = on_failed
        self._beside = _Thread(loop) if store.is_remote else None
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Whether the last commit is written; while it is not, memory must not run further ahead,
        and no turn may be run."""
        return self._idle.is_set()

    async def wait_idle(self) -> None:
        """Wait until nothing is being written; returns in the same breath as that is so."""
        while not self._idle.is_set():
            await self._idle.wait()

    def write(self, commit: Commit) -> None:
        """Write a commit, now or beside what goes on; only when idle."""
        if self._beside is None:
            try:
                self._store.commit(commit)
            except StoreBusy as exc:
                self._begin(self._retry(commit, exc))
            except Exception as exc:
                self._on_failed(exc)
            else:
                self._on_written(commit)
        else:
            self._begin(self._write_beside(commit))

    def renew(self, generation: int) -> None:
        """Show others that this generation lives, where others may come to the database."""
        if self._beside is not None:
            self._spawn(self._renew(self._beside, generation))

    def close(self) -> None:
        """Try nothing again; what the database is working on is not waited for."""
        for task in self._tasks:
            task.cancel()
        if self._beside is not None:
            self._beside.close()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._idle.clear()
        self._spawn(work)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write_beside(self, commit: Commit) -> None:
        try:
            await self._attempt(commit)
        except StoreBusy as exc:
            await self._retry(commit, exc)
        except Exception as exc:
            self._on_failed(exc)
        else:
            self._done(commit)

    async def _retry(self, commit: Commit, error: StoreBusy) -> None:
        """Try a commit again for a while; portals go on holding what is typed."""
        _log.warning("the database does not take a turn, trying again", error=str(error))
        end = self._loop.time() + COMMIT_PATIENCE_S
        while self._loop.time() < end:
            self.trouble = str(error)
            await asyncio.sleep(COMMIT_RETRY_S)
            try:
                await self._attempt(commit)
            except StoreBusy as exc:
                error = exc
            except Exception as exc:
                self._on_failed(exc)
                return
            else:
                self._done(commit)
                return
        self._on_failed(error)

    async def _attempt(self, commit: Commit) -> None:
        if self._beside is None:
            self._store.commit(commit)
            return
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._beside.run(partial(self._store.commit, commit))
        except TimeoutError:
            raise StoreError(
                f"the world database has not answered for {ANSWER_S:g} s; whether it has written "
                "is not known"
            ) from None

    def _done(self, commit: Commit) -> None:
        self.trouble = ""
        self._idle.set()
        self._on_written(commit)

    async def _renew(self, beside: _Thread, generation: int) -> None:
        try:
            await beside.run(partial(self._store.renew, generation))
        except StoreBusy as exc:
            self.trouble = str(exc)
        except StoreError as exc:
            self._on_failed(exc)
        else:
            self.trouble = ""


class _Job(NamedTuple):
    work: Callable[[], None]
    done: asyncio.Future[None]


class _Thread:
    """Runs one thing at a time. A daemon: one that hangs in the driver keeps no process alive."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="commits", daemon=True).start()

    def run(self, work: Callable[[], None]) -> asyncio.Future[None]:
        """Run something; what it raises is raised by what is returned."""
        job = _Job(work, self._loop.create_future())
        self._jobs.put(job)
        return job.done

    def close(self) -> None:
        """Take nothing more. Idempotent."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            error: Exception | None = None
            try:
                job.work()
            except Exception as exc:
                error = exc
            # The loop may have been closed meanwhile: then nobody waits any more.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(settle_future, job.done, error)


def settle_future(done: asyncio.Future[None], error: Exception | None) -> None:
    """Tell whoever still waits how it went; None: well."""
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
