"""Scripts: made, started, due, stopped, gone; in a world in memory."""

from __future__ import annotations

from typing import Any

from everdoor_server.objects import Character
from everdoor_server.scripts import Script
from everdoor_server.testing import World


class Noting(Script):
    """Notes what happens to it."""

    interval = 10.0
    start_delay = True

    def note(self, what: str) -> None:
        self.db.notes = [*(self.db.notes or []), what]

    def at_script_creation(self) -> None:
        self.note("made")

    def at_start(self, **kwargs: Any) -> None:
        self.note("started")

    def at_repeat(self) -> None:
        self.note("due")

    def at_pause(self, **kwargs: Any) -> None:
        self.note("paused")

    def at_stop(self, **kwargs: Any) -> None:
        self.note("stopped")


class Barker(Script):
    """Has what it is on say something."""

    interval = 5.0

    def at_repeat(self) -> None:
        assert self.obj is not None
        self.obj.execute_cmd(f"say {self.time_until_next_repeat():g} more")


def made(world: World, **settings: Any) -> Noting:
    return world.game.scripts.create(Noting, "Noting", **settings)


def npc(world: World) -> Character:
    return world.game.objects.create(Character, "Guard", location=world.start)


def test_script_repeats_at_its_interval() -> None:
    world = World()
    script = made(world)
    world.advance(9)
    assert script.db.notes == ["made", "started"]
    world.advance(1)
    assert script.db.notes[2:] == ["due"]
    world.advance(25)
    assert script.db.notes[2:] == ["due"] * 3
    assert script.time_until_next_repeat() == 5.0


def test_npc_on_a_timer_is_heard_by_those_who_are_there() -> None:
    world = World()
    anna = world.log_in("Anna")
    npc(world).scripts.add(Barker)
    world.advance(5)
    assert anna.read() == 'Guard says, "5 more"\nGuard says, "5 more"'
