"""Long work leaves room for others, and comes to the same."""

from __future__ import annotations

import asyncio

import pytest

from archives import fleet_session, harbour_session, names, restored, saved
from everdoor import slices
from everdoor.slices import PAUSE_S, SLICE, archive_of, mapped
from running import run


def test_items_are_worked_on_in_their_order() -> None:
    assert run(mapped(str, range(2 * SLICE + 1))) == [str(n) for n in range(2 * SLICE + 1)]
    assert run(mapped(str, [])) == []


def test_others_work_between_two_slices() -> None:
    worked: list[str] = []

    def work(item: int) -> None:
        worked.append("slice")

    async def main() -> None:
        asyncio.get_running_loop().call_soon(worked.append, "other")
        await mapped(work, range(2 * SLICE))

    run(main())
    assert worked.index("other") == SLICE


def test_work_without_end_goes_on_without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(pause_s: float) -> None:
        slept.append(pause_s)

    monkeypatch.setattr(slices, "MOST_PAUSES", 2)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert len(run(mapped(str, range(4 * SLICE)))) == 4 * SLICE
    assert slept == [PAUSE_S, PAUSE_S, 0, 0]


def test_archive_is_the_one_of_what_was_taken() -> None:
    session = fleet_session()
    content: bytes = run(archive_of(session.begin_saving()))
    other = restored(harbour_session(), content)
    assert names(other) == names(session)
    assert len(content) < len(saved(session))
