"""Lanes: one at a time in each, in order, and nothing left behind."""

import asyncio

import pytest

from everdoor.errors import CallRefused
from everdoor_auth.lanes import Lanes


async def pass_through(lanes: Lanes, lane: str | None, name: str, seen: list[str]) -> None:
    async with lanes.turn(lane):
        seen.append(f"{name} in")
        await asyncio.sleep(0)
        seen.append(f"{name} out")


def passed(*people: tuple[str | None, str]) -> list[str]:
    async def scenario() -> list[str]:
        lanes, seen = Lanes(), list[str]()
        await asyncio.gather(*(pass_through(lanes, lane, name, seen) for lane, name in people))
        assert len(lanes) == 0
        return seen

    return asyncio.run(scenario())


def test_lane_is_passed_one_at_a_time_in_order() -> None:
    people = [("x", name) for name in "abc"]
    assert passed(*people) == ["a in", "a out", "b in", "b out", "c in", "c out"]


@pytest.mark.parametrize("lanes", [("x", "y"), (None, None)])
def test_lanes_do_not_wait_for_each_other(lanes: tuple[str | None, str | None]) -> None:
    assert passed((lanes[0], "a"), (lanes[1], "b")) == ["a in", "b in", "a out", "b out"]


def test_lane_refuses_what_it_cannot_hold() -> None:
    async def scenario() -> None:
        lanes, seen = Lanes(max_in_lane=1), list[str]()
        async with lanes.turn("x"):
            waiting = asyncio.create_task(pass_through(lanes, "x", "a", seen))
            await asyncio.sleep(0)
            with pytest.raises(CallRefused, match="wait from your address"):
                await pass_through(lanes, "x", "b", seen)
        await waiting
        assert seen == ["a in", "a out"]
        assert len(lanes) == 0

    asyncio.run(scenario())


def test_lane_goes_on_when_one_who_waits_gives_up() -> None:
    async def scenario() -> None:
        lanes, seen = Lanes(), list[str]()
        async with lanes.turn("x"):
            gone = asyncio.create_task(pass_through(lanes, "x", "a", seen))
            waiting = asyncio.create_task(pass_through(lanes, "x", "b", seen))
            await asyncio.sleep(0)
            gone.cancel()
        await waiting
        assert seen == ["b in", "b out"]
        assert len(lanes) == 0

    asyncio.run(scenario())
