"""Jobs on the store: together in one transaction, alone when that fails."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlmodel import Session as DbSession

from everdoor.errors import StoreBusy
from everdoor_auth.store import Store
from everdoor_auth.store_thread import StoreThread

INSERT = "INSERT INTO auth_throttle_mark (bucket, at) VALUES ('{}', 1)"


@pytest.fixture
def store(tmp_path: Path, empty_database: bytes) -> Store:
    path = tmp_path / "auth.db"
    path.write_bytes(empty_database)
    return Store(f"sqlite:///{path}")


def on_thread(store: Store, scenario: Callable[[StoreThread], Awaitable[None]]) -> None:
    async def run() -> None:
        thread = StoreThread(store)
        await scenario(thread)
        await thread.close()

    asyncio.run(run())


def insert(bucket: str) -> Callable[[DbSession], str]:
    def job(db: DbSession) -> str:
        db.connection().exec_driver_sql(INSERT.format(bucket))
        return bucket

    return job


def buckets(db: DbSession) -> list[str]:
    return sorted(
        db.connection().exec_driver_sql("SELECT bucket FROM auth_throttle_mark").scalars()
    )


def fail(db: DbSession) -> None:
    db.connection().exec_driver_sql(INSERT.format("half"))
    raise ValueError("this job only")


def test_store_thread_answers_each_job_its_own(store: Store) -> None:
    async def scenario(thread: StoreThread) -> None:
        names = [f"b{number:03}" for number in range(150)]
        assert await asyncio.gather(*(thread.write(insert(name)) for name in names)) == names
        assert await thread.read(buckets) == names

    on_thread(store, scenario)


def test_store_thread_lets_no_job_spoil_the_others(store: Store) -> None:
    async def scenario(thread: StoreThread) -> None:
        outcomes = await asyncio.gather(
            thread.write(insert("a")),
            thread.write(fail),
            thread.write(lambda db: db.connection().exec_driver_sql("INSERT INTO nothing")),
            thread.write(insert("b")),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [str, ValueError, StoreBusy, str]
        assert await thread.read(buckets) == ["a", "b"]

    on_thread(store, scenario)


def test_store_thread_finishes_what_waits_when_it_is_closed(store: Store) -> None:
    async def scenario(thread: StoreThread) -> None:
        under_way = [asyncio.create_task(thread.write(insert(f"b{n}"))) for n in range(9)]
        await asyncio.sleep(0)
        await thread.close()
        assert len(await asyncio.gather(*under_way)) == 9

    on_thread(store, scenario)


def test_store_thread_goes_on_when_a_caller_no_longer_waits(store: Store) -> None:
    async def scenario(thread: StoreThread) -> None:
        gone = asyncio.create_task(thread.write(insert("a")))
        await asyncio.sleep(0)
        gone.cancel()
        assert await thread.write(insert("b")) == "b"
        assert await thread.read(buckets) == ["a", "b"]

    on_thread(store, scenario)
