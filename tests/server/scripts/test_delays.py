"""`delay`: what is called later, once, and what can be kept."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from everdoor.errors import UserError
from everdoor_server.current import within
from everdoor_server.objects import Object, Thing
from everdoor_server.scripts import Delay, Script, delay
from everdoor_server.testing import World
from everdoor_server.waits import sleep

called: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_called() -> None:
    called.clear()


def note(what: Any, more: str = "") -> None:
    called.append((what, more))


async def note_slowly(what: str) -> None:
    called.append(what)
    await sleep(5)
    called.append(f"{what} later")


def fail() -> None:
    raise ValueError("a mistake of the game")


class Bell(Thing):
    def ring(self, times: int) -> None:
        called.append((self.key, times))


class Clock(Script):
    def strike(self) -> None:
        called.append(self.key)


PATH = f"{__name__}.note"


def put(world: World, *args: Any, **kwargs: Any) -> Delay:
    with within(world.game):
        return delay(*args, **kwargs)


def bell(world: World) -> Bell:
    return world.game.objects.create(Bell, "bell", location=world.start)


def restarted(world: World) -> World:
    world.commit()
    world.restart()
    return world


@pytest.mark.parametrize("persistent", [False, True])
def test_delay_calls_once_when_it_is_due(persistent: bool) -> None:
    world = World()
    later = put(world, 5, note, "a", more="b", persistent=persistent)
    world.advance(4)
    assert called == [] and (later.is_pending, later.seconds_left) == (True, 1.0)
    world.advance(100)
    assert called == [("a", "b")] and not later.is_pending
    assert later.seconds_left == 0.0 and not later.cancel()


@pytest.mark.parametrize("persistent", [False, True])
def test_cancelled_delay_is_never_called(persistent: bool) -> None:
    world = World()
    later = put(world, 5, note, "a", persistent=persistent)
    assert later.cancel() and not later.cancel()
    restarted(world).advance(100)
    assert called == []


def test_delays_are_called_in_the_order_in_which_they_are_due() -> None:
    world = World()
    for seconds in (3, 1, 2, 1):
        put(world, seconds, note, seconds)
    world.advance(3)
    assert called == [(1, ""), (1, ""), (2, ""), (3, "")]


def test_plain_delay_ends_with_the_server() -> None:
    world = World()
    put(world, 5, note, "a")
    restarted(world).advance(10)
    assert called == []


def test_persistent_delay_is_called_by_the_next_server_once() -> None:
    world = World()
    put(world, 5, note, "a", persistent=True)
    restarted(world).advance(10)
    restarted(world).advance(10)
    assert called == [("a", "")]


def test_persistent_delay_whose_call_was_not_written_is_called_again() -> None:
    world = World()
    put(world, 5, note, "a", persistent=True)
    world.commit()
    world.advance(5)
    world.restart()
    world.advance(0)
    assert called == [("a", "")] * 2


def test_persistent_delay_keeps_objects_among_its_arguments() -> None:
    world = World()
    lamp = world.game.objects.create(Thing, "lamp")
    put(world, 5, PATH, [lamp, {"of": lamp}], persistent=True)
    restarted(world).advance(5)
    [([found, more], _)] = called
    assert isinstance(found, Object) and found.id == lamp.id and more["of"] is found


def test_persistent_delay_calls_a_method_of_an_object() -> None:
    world = World()
    put(world, 5, bell(world).ring, 3, persistent=True)
    restarted(world).advance(5)
    assert called == [("bell", 3)]


def test_persistent_delay_calls_a_method_of_a_script() -> None:
    world = World()
    clock = world.game.scripts.create(Clock, "noon")
    put(world, 5, clock.strike, persistent=True)
    restarted(world).advance(5)
    assert called == ["noon"]


@pytest.mark.parametrize("persistent", [False, True])
def test_delay_of_a_method_goes_with_its_object(persistent: bool) -> None:
    world = World()
    its = bell(world)
    put(world, 5, its.ring, 3, persistent=persistent)
    assert its.scripts.all() == []
    its.delete()
    world.advance(5)
    assert called == []


def test_delay_of_a_method_of_a_script_that_is_gone_calls_nothing() -> None:
    world = World()
    clock = world.game.scripts.create(Clock)
    put(world, 5, clock.strike, persistent=True)
    clock.delete()
    restarted(world).advance(5)
    assert called == []


@pytest.mark.parametrize("persistent", [False, True])
def test_delay_may_wait_within_its_call(persistent: bool) -> None:
    world = World()
    put(world, 1, note_slowly, "a", persistent=persistent)
    world.advance(1)
    assert called == ["a"]
    world.advance(5)
    assert called == ["a", "a later"]


@pytest.mark.parametrize("persistent", [False, True])
def test_delay_whose_call_fails_is_over_and_disturbs_nobody(persistent: bool) -> None:
    world = World()
    later = put(world, 1, fail, persistent=persistent)
    put(world, 1, note, "after")
    world.advance(1)
    assert called == [("after", "")] and not later.is_pending


def test_delays_that_put_off_others_at_once_without_end_are_told_in_tests() -> None:
    world = World()

    def again() -> None:
        put(world, 0, again)

    put(world, 0, again)
    with pytest.raises(RuntimeError, match="timers are due at the same time"):
        world.advance(1)


@pytest.mark.parametrize("callback", [lambda: None, partial(note, 1), [].append, World().advance])
def test_callback_that_cannot_be_found_again_is_not_kept(callback: Any) -> None:
    world = World()
    with pytest.raises(UserError, match="a persistent delay calls a function of a module"):
        put(world, 1, callback, persistent=True)


@pytest.mark.parametrize("persistent", [False, True])
def test_path_of_no_function_is_refused(persistent: bool) -> None:
    for path in ("no.such.function", "os.name", "note", ""):
        with pytest.raises(UserError, match="which is no function of a module"):
            put(World(), 1, path, persistent=persistent)


def test_argument_that_cannot_be_kept_is_refused() -> None:
    world = World()
    with pytest.raises(TypeError, match="an attribute holds plain values"):
        put(world, 1, note, object(), persistent=True)
    assert world.rows.timers() == [] and restarted(world).rows.script(1) is None


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), "5"])
def test_seconds_that_are_none_are_refused(seconds: Any) -> None:
    with pytest.raises(UserError, match="a delay takes a number of seconds"):
        put(World(), seconds, note)


def test_nothing_is_put_off_where_no_world_runs() -> None:
    with pytest.raises(RuntimeError, match="delay is for what a server runs"):
        delay(1, note)
