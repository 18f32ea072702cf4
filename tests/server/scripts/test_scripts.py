"""Scripts: made, started, due, stopped, gone; in a world in memory."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from everdoor.errors import UserError
from everdoor_server.commands.default import CharacterCmdSet
from everdoor_server.current import within
from everdoor_server.objects import Character, Object, Thing
from everdoor_server.restarts import Ending
from everdoor_server.scripts import Script, create_script, search_script
from everdoor_server.scripts.base import next_due
from everdoor_server.testing import World
from everdoor_server.waits import ask, sleep


class Noting(Script):
    """Notes what happens to it."""

    interval = 10.0
    start_delay = True
    repeats = 0

    def note(self, what: str) -> None:
        self.db.notes = [*(self.db.notes or []), what]

    def at_script_creation(self) -> None:
        self.desc = "It notes."
        self.note("made")

    def at_start(self, **kwargs: Any) -> None:
        self.note("started")

    def at_repeat(self) -> None:
        self.note("due")

    def at_pause(self, **kwargs: Any) -> None:
        self.note("paused")

    def at_stop(self, **kwargs: Any) -> None:
        self.note("stopped")

    def is_valid(self) -> bool:
        return not self.db.is_over


class Barker(Script):
    """Has what it is on say something."""

    interval = 5.0

    def at_repeat(self) -> None:
        assert self.obj is not None
        self.obj.execute_cmd(f"say {self.db.words or 'Hear!'}")


class Slow(Script):
    """Waits in its repeat, and asks nobody."""

    interval = 60.0

    async def at_repeat(self) -> None:
        self.db.steps = ["begun"]
        await sleep(3)
        self.db.steps.append("awake")
        await ask("? ")


class Failing(Script):
    interval = 5.0

    def at_repeat(self) -> None:
        self.db.times = (self.db.times or 0) + 1
        raise ValueError("a mistake of the game")


class Staying(Script):
    def at_script_delete(self) -> bool:
        return bool(self.db.may_go)


def made(world: World, **settings: Any) -> Noting:
    return world.game.scripts.create(Noting, **settings)


def npc(world: World) -> Character:
    return world.game.objects.create(Character, "Guard", location=world.start)


def notes(script: Script) -> list[str]:
    """What it has noted since the last call."""
    noted = list(script.db.notes)
    script.db.notes = []
    return noted


def after_restart(world: World, script: Script) -> Script:
    """The same script in the next server, all having been written."""
    world.commit()
    world.restart()
    found = world.game.scripts.get(script.id)
    assert found is not None and found is not script
    return found


# Its timer.


def test_script_repeats_at_its_interval() -> None:
    world = World()
    script = made(world)
    world.advance(9)
    assert notes(script) == ["made", "started"]
    world.advance(1)
    assert notes(script) == ["due"]
    world.advance(25)
    assert notes(script) == ["due", "due"]
    assert script.time_until_next_repeat() == 5.0


def test_script_without_start_delay_repeats_at_once() -> None:
    world = World()
    script = made(world, start_delay=False)
    world.advance(0)
    assert notes(script)[2:] == ["due"]
    assert script.time_until_next_repeat() == 10.0


def test_script_stops_when_it_has_repeated_often_enough() -> None:
    world = World()
    script = made(world, repeats=2)
    world.advance(15)
    assert script.remaining_repeats() == 1
    world.advance(60)
    assert notes(script)[2:] == ["due", "due", "stopped"]
    assert not script.is_active and script.time_until_next_repeat() is None


def test_script_that_is_no_longer_valid_stops_instead_of_repeating() -> None:
    world = World()
    script = made(world)
    script.db.is_over = True
    world.advance(10)
    assert notes(script)[2:] == ["stopped"]


def test_paused_script_goes_on_with_what_was_left() -> None:
    world = World()
    script = made(world)
    world.advance(7)
    script.pause()
    assert script.is_paused and not script.is_active
    world.advance(100)
    script.unpause()
    assert script.time_until_next_repeat() == 3.0
    world.advance(3)
    assert notes(script)[1:] == ["started", "paused", "started", "due"]


def test_started_again_a_script_begins_anew_with_what_it_is_given() -> None:
    world = World()
    script = made(world, repeats=3)
    world.advance(10)
    script.start(interval=2)
    assert (script.time_until_next_repeat(), script.remaining_repeats()) == (2.0, 3)


def test_stopped_script_stays_and_its_hook_is_called_once() -> None:
    world = World()
    script = made(world)
    script.stop()
    script.stop()
    world.advance(60)
    assert notes(script)[2:] == ["stopped"]
    assert world.game.scripts.get(script.id) is script


def test_forced_repeat_comes_at_once_and_the_interval_begins_anew() -> None:
    world = World()
    script = made(world)
    world.advance(4)
    script.force_repeat()
    world.advance(0)
    assert notes(script)[2:] == ["due"]
    assert script.time_until_next_repeat() == 10.0


def test_script_counts_anew_when_it_is_told_to() -> None:
    world = World()
    script = made(world, repeats=3)
    world.advance(20)
    script.reset_callcount()
    assert script.remaining_repeats() == 3


def test_script_without_interval_only_keeps_something() -> None:
    world = World()
    script = world.game.scripts.create(Script, "weather", attributes={"sky": "grey"})
    world.advance(1000)
    assert script.is_active and script.time_until_next_repeat() is None
    assert after_restart(world, script).db.sky == "grey"


@pytest.mark.parametrize(("now", "due_s"), [(10.0, 20.0), (19.0, 20.0), (20.0, 30.0), (57.0, 60.0)])
def test_repeats_that_were_missed_are_made_up_for_by_one_and_the_beat_is_kept(
    now: float, due_s: float
) -> None:
    assert next_due(10.0, 10.0, now) == due_s


@pytest.mark.parametrize("interval", [-1, 0.01, float("inf"), float("nan"), "5", True])
def test_interval_that_is_none_is_refused(interval: Any) -> None:
    with pytest.raises(UserError, match="an interval is a number of seconds, 0.05 or more"):
        made(World(), interval=interval)


# Mistakes.


def test_script_that_fails_goes_on_and_what_it_did_before_stands() -> None:
    world = World()
    script = world.game.scripts.create(Failing)
    world.advance(10)
    assert script.db.times == 3 and script.is_active


def test_script_whose_class_is_gone_does_nothing() -> None:
    world = World()
    script = made(world)
    script.typeclass_path = "no.such.Script"
    script.touch()
    found = after_restart(world, script)
    world.advance(10)
    assert type(found) is Script


def test_setting_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError, match="a script has no setting intervall"):
        made(World(), intervall=5)


# Across servers.


def test_script_is_in_the_next_server_what_it_was() -> None:
    world = World()
    script = made(world, key="clock", interval=20, desc="Ticks.", tags=["old"], repeats=4)
    world.advance(25)
    found = after_restart(world, script)
    assert isinstance(found, Noting)
    assert (found.key, found.interval, found.desc) == ("clock", 20.0, "Ticks.")
    assert (found.tags.all(), found.remaining_repeats()) == (["old"], 3)
    assert found.time_until_next_repeat() == 15.0


def test_script_that_was_due_while_no_server_ran_repeats_once() -> None:
    world = World()
    script = made(world)
    world.commit()
    world.now += 1000
    world.restart()
    world.advance(0)
    found = world.game.scripts.get(script.id)
    assert found is not None
    assert notes(found)[2:] == ["due"]
    assert found.time_until_next_repeat() == 10.0


def test_repeat_that_was_not_written_comes_again() -> None:
    world = World()
    script = made(world)
    world.commit()
    world.advance(10)
    world.restart()
    world.advance(0)
    found = world.game.scripts.get(script.id)
    assert found is not None and notes(found)[2:] == ["due"]


def test_paused_script_stays_so_in_the_next_server() -> None:
    world = World()
    script = made(world)
    script.pause()
    found = after_restart(world, script)
    world.advance(100)
    assert found.is_paused and notes(found)[2:] == ["paused"]


@pytest.mark.parametrize(
    ("ended", "stays"),
    [(Ending.RELOAD, True), (Ending.CRASH, True), (Ending.RESET, False), (Ending.STOP, False)],
)
def test_script_that_is_not_persistent_outlives_reloads_and_crashes_only(
    ended: Ending, stays: bool
) -> None:
    world = World()
    script, kept = made(world, persistent=False), made(world)
    world.commit()
    world.restart()
    world.game.at_server_start(ended)
    assert (world.game.scripts.get(script.id) is not None) is stays
    assert world.game.scripts.get(kept.id) is not None


# On objects.


def test_npc_on_a_timer_is_heard_by_those_who_are_there() -> None:
    world = World()
    anna = world.log_in("Anna")
    npc(world).scripts.add(Barker)
    world.advance(5)
    assert anna.read() == 'Guard says, "Hear!"\nGuard says, "Hear!"'


def test_npc_that_somebody_controls_acts_as_that_session() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.puppet.scripts.add(Barker)
    world.advance(0)
    assert anna.read() == 'You say, "Hear!"'


def test_line_of_an_npc_that_is_no_command_disturbs_nobody() -> None:
    world = World()
    anna = world.log_in("Anna")
    guard = npc(world)
    guard.execute_cmd("fly")
    world.advance(0)
    assert anna.read() == ""


def test_npc_can_do_what_a_player_in_its_place_can_do() -> None:
    world = World()
    world.log_in("Anna")
    keys = [command.key for command in CharacterCmdSet().commands]
    assert len(keys) > 10
    with capture_logs() as logs:
        for key in keys:
            for rest in ("", " anna", " anna = hello", " here"):
                guard = npc(world)
                guard.permissions.add("Developer")
                guard.execute_cmd(f"{key}{rest}")
                world.advance(0)
                guard.delete()
    assert [entry for entry in logs if "exc_info" in entry] == []


def test_scripts_of_an_object_are_reached_by_its_handler() -> None:
    world = World()
    guard = npc(world)
    barker = guard.scripts.add(Barker, "bark", autostart=False)
    clock = guard.scripts.add("everdoor_server.scripts.Script", "Clock")
    assert guard.scripts.all() == [barker, clock] and len(guard.scripts) == 2
    assert guard.scripts.get("CLOCK") == [clock] and guard.scripts.has("bark")
    assert guard.scripts.start() == 1 and barker.is_active
    assert guard.scripts.stop("bark") == 1 and not barker.is_active
    assert guard.scripts.delete("bark") == 1
    assert [*guard.scripts] == [clock] and clock.obj is guard


def test_scripts_of_an_object_are_found_after_a_restart() -> None:
    world = World()
    guard = npc(world)
    script = guard.scripts.add(Barker)
    after_restart(world, script)
    found = world.game.objects.get(guard.id)
    assert found is not None and [each.id for each in found.scripts] == [script.id]


def test_scripts_of_an_object_go_with_it() -> None:
    world = World()
    guard = npc(world)
    script = guard.scripts.add(Noting)
    guard.delete()
    assert script.is_deleted and notes(script)[2:] == ["stopped"]
    world.commit()
    world.restart()
    world.advance(100)
    assert world.game.scripts.get(script.id) is None
    assert world.rows.script_attributes(script.id) == {}


def test_object_of_a_world_that_is_no_game_has_no_scripts() -> None:
    world = World()
    thing: Object = world.game.objects.create(Thing, "lamp")
    world.game.objects.scripts = None
    with pytest.raises(RuntimeError, match="this world has no scripts"):
        thing.scripts.all()


# Deleting and finding.


def test_script_can_refuse_to_be_deleted() -> None:
    script = World().game.scripts.create(Staying)
    assert not script.delete()
    script.db.may_go = True
    assert script.delete() and script.is_deleted and not script.delete()


def test_scripts_are_found_by_key_and_tag_before_and_after_they_are_written() -> None:
    world = World()
    script = made(world, key="Weather", tags=["sky"])
    made(world, key="other")
    for _ in range(2):
        with within(world.game):
            found = search_script("weather")
            assert found == search_script(tag="sky") and [each.id for each in found] == [script.id]
        world.commit()
        world.restart()


def test_search_without_anything_to_look_for_is_refused() -> None:
    world = World()
    with within(world.game), pytest.raises(UserError, match="takes a key or a tag"):
        search_script()


def test_game_code_makes_scripts_in_the_world_that_runs() -> None:
    world = World()
    with within(world.game):
        script = create_script(Noting, "clock", interval=3)
        by_path = create_script("everdoor_server.scripts.Script")
    assert script.interval == 3.0 and by_path.key == "Script"


def test_script_class_that_there_is_not_is_refused() -> None:
    world = World()
    with within(world.game):
        for path in ("no.such.Script", "everdoor_server.objects.Thing"):
            with pytest.raises(UserError, match=path):
                create_script(path)


def test_nothing_is_made_where_no_world_runs() -> None:
    with pytest.raises(RuntimeError, match="create_script is for what a server runs"):
        create_script(Noting)


# Waiting.


def test_script_may_wait_and_cannot_ask() -> None:
    world = World()
    script = world.game.scripts.create(Slow)
    world.advance(0)
    assert list(script.db.steps) == ["begun"]
    world.advance(3)
    assert list(script.db.steps) == ["begun", "awake"]
