"""Commits that cannot be written: tried again for a while, then given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine

import pytest

from everdoor.errors import Fenced, StoreBusy, StoreError
from everdoor_server import committing
from everdoor_server.commit import Commit
from everdoor_server.committing import Committer

COMMIT = Commit(1, 1)


class Database:
    """Answers commits as it is told to; an answer that is an event is waited for."""

    def __init__(self, *answers: Exception | threading.Event | None, is_remote: bool) -> None:
        self.is_remote = is_remote
        self.failure = None
        self.threads: set[str] = set()
        self.written: list[Commit | int] = []
        self.on_asked: Callable[[], object] = lambda: None
        self._answers = list(answers)

    def commit(self, commit: Commit) -> None:
        self._answer(commit)

    def renew(self, generation: int) -> None:
        self._answer(generation)

    def _answer(self, what: Commit | int) -> None:
        self.threads.add(threading.current_thread().name)
        self.on_asked()
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            answer.wait()
        self.written.append(what)


class Shell:
    """A committer, and what it says."""

    def __init__(self, database: Database) -> None:
        self.written: list[Commit] = []
        self.errors: list[Exception] = []
        self.over = asyncio.Event()
        self.committer = Committer(
            asyncio.get_running_loop(), database, self._on_written, self._on_failed
        )

    def _on_written(self, commit: Commit) -> None:
        self.written.append(commit)
        self.over.set()

    def _on_failed(self, error: Exception) -> None:
        self.errors.append(error)
        self.over.set()


def run(database: Database, scenario: Callable[[Shell], Coroutine[None, None, None]]) -> None:
    async def with_shell() -> None:
        shell = Shell(database)
        try:
            await scenario(shell)
        finally:
            shell.committer.close()

    asyncio.run(with_shell())


@pytest.fixture(params=[False, True], ids=["here", "remote"])
def is_remote(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_commit_here_is_written_at_once() -> None:
    async def scenario(shell: Shell) -> None:
        shell.committer.write(COMMIT)
        assert shell.written == [COMMIT]
        assert shell.committer.is_idle

    run(Database(is_remote=False), scenario)


def test_commit_elsewhere_is_written_beside_the_loop() -> None:
    answer = threading.Event()
    database = Database(answer, is_remote=True)

    async def scenario(shell: Shell) -> None:
        shell.committer.write(COMMIT)
        await asyncio.sleep(0)
        assert not shell.committer.is_idle and not shell.written
        answer.set()
        await shell.committer.wait_idle()
        assert shell.written == [COMMIT]

    run(database, scenario)
    assert database.threads == {"commits"}


def test_busy_database_is_asked_again_and_says_why_meanwhile(is_remote: bool) -> None:
    database = Database(StoreBusy("locked"), StoreBusy("full"), is_remote=is_remote)
    told: list[str] = []

    async def scenario(shell: Shell) -> None:
        database.on_asked = lambda: told.append(shell.committer.trouble)
        shell.committer.write(COMMIT)
        assert not shell.committer.is_idle
        await shell.over.wait()
        assert (shell.written, shell.errors, shell.committer.trouble) == ([COMMIT], [], "")

    run(database, scenario)
    assert (told, database.written) == (["", "locked", "full"], [COMMIT])


def test_database_that_stays_busy_is_given_up(
    is_remote: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "COMMIT_PATIENCE_S", 0.2)
    database = Database(*[StoreBusy("locked")] * 100, is_remote=is_remote)

    async def scenario(shell: Shell) -> None:
        shell.committer.write(COMMIT)
        await shell.over.wait()
        assert [str(error) for error in shell.errors] == ["locked"]
        assert not shell.written

    run(database, scenario)


@pytest.mark.parametrize("error", [Fenced("replaced"), StoreError("unknown"), TypeError("a bug")])
def test_commit_that_is_refused_is_not_tried_again(error: Exception) -> None:
    database = Database(error, is_remote=True)

    async def scenario(shell: Shell) -> None:
        shell.committer.write(COMMIT)
        await shell.over.wait()
        assert shell.errors == [error]

    run(database, scenario)
    assert not database.written


def test_database_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "ANSWER_S", 0.05)
    never = threading.Event()

    async def scenario(shell: Shell) -> None:
        shell.committer.write(COMMIT)
        await shell.over.wait()
        assert type(shell.errors[0]) is StoreError
        assert "whether it has written is not known" in str(shell.errors[0])

    run(Database(never, is_remote=True), scenario)
    never.set()


def test_lease_is_renewed_where_others_may_come(is_remote: bool) -> None:
    database = Database(is_remote=is_remote)

    async def scenario(shell: Shell) -> None:
        shell.committer.renew(7)
        shell.committer.write(COMMIT)
        await shell.over.wait()

    run(database, scenario)
    assert database.written == ([7, COMMIT] if is_remote else [COMMIT])


def test_lease_that_is_lost_ends_the_server_also_when_nothing_is_written() -> None:
    async def scenario(shell: Shell) -> None:
        shell.committer.renew(7)
        await shell.over.wait()
        assert type(shell.errors[0]) is Fenced

    run(Database(Fenced("replaced"), is_remote=True), scenario)
