"""Triggers call their handlers in order, whatever a handler does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from everdoor.state import DEREGISTER, Logger, TriggerHandler, TriggerSet


class Calls:
    """Makes handlers that note their name when called."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def add(self, triggers: TriggerSet, note: str, answer: object = None) -> TriggerHandler:
        def handler(name: str, data: object) -> object:
            self.made.append(note)
            return answer

        return triggers.add_handler("bell", handler)


@pytest.fixture
def triggers() -> TriggerSet:
    made = TriggerSet(Logger("test"))
    made.add_trigger("bell")
    return made


def ring(triggers: TriggerSet, calls: Calls) -> list[str]:
    """Activate the trigger and take what was called."""
    calls.made.clear()
    triggers.activate_trigger("bell")
    return list(calls.made)


def test_activate_trigger_passes_name_and_data(triggers: TriggerSet) -> None:
    got: list[tuple[str, object]] = []
    triggers.add_handler("bell", lambda name, data: got.append((name, data)))
    triggers.activate_trigger("bell", {"loud": True})
    assert got == [("bell", {"loud": True})]


@given(st.lists(st.booleans(), max_size=8))
def test_handlers_are_called_in_order_and_those_that_deregister_once(stays: list[bool]) -> None:
    triggers, calls = TriggerSet(Logger("test")), Calls()
    triggers.add_trigger("bell")
    for n, stay in enumerate(stays):
        calls.add(triggers, str(n), None if stay else DEREGISTER)
    assert ring(triggers, calls) == [str(n) for n in range(len(stays))]
    assert ring(triggers, calls) == [str(n) for n, stay in enumerate(stays) if stay]


def test_failing_handler_is_logged_kept_and_stops_no_other(triggers: TriggerSet) -> None:
    calls = Calls()

    def broken(name: str, data: object) -> None:
        calls.made.append("broken")
        raise RuntimeError("cracked")

    triggers.add_handler("bell", broken)
    calls.add(triggers, "next")
    with capture_logs() as logs:
        assert ring(triggers, calls) == ["broken", "next"]
    (line,) = logs
    assert line["event"] == "trigger handler failed"
    assert line["trigger"] == "bell" and "broken" in line["handler"]
    assert str(line["exc_info"]) == "cracked"
    with capture_logs():
        assert ring(triggers, calls) == ["broken", "next"]


def test_handler_may_end_the_process(triggers: TriggerSet) -> None:
    def leave(name: str, data: object) -> None:
        raise KeyboardInterrupt

    triggers.add_handler("bell", leave)
    with pytest.raises(KeyboardInterrupt):
        triggers.activate_trigger("bell")


def test_remove_handler_is_idempotent(triggers: TriggerSet) -> None:
    calls = Calls()
    handler = calls.add(triggers, "gone")
    triggers.remove_handler(handler)
    triggers.remove_handler(handler)
    assert ring(triggers, calls) == []


def test_handler_removed_by_an_earlier_one_is_not_called(triggers: TriggerSet) -> None:
    calls = Calls()
    triggers.add_handler("bell", lambda name, data: triggers.remove_handler(later))
    later = calls.add(triggers, "later")
    assert ring(triggers, calls) == []


def test_handler_added_meanwhile_waits_for_the_next_activation(triggers: TriggerSet) -> None:
    calls = Calls()

    def add(name: str, data: object) -> object:
        calls.add(triggers, "new")
        return DEREGISTER

    triggers.add_handler("bell", add)
    assert ring(triggers, calls) == []
    assert ring(triggers, calls) == ["new"]


def test_trigger_may_be_activated_by_its_own_handler(triggers: TriggerSet) -> None:
    depths: list[int] = []

    def again(name: str, depth: int) -> None:
        depths.append(depth)
        if depth < 3:
            triggers.activate_trigger("bell", depth + 1)

    triggers.add_handler("bell", again)
    triggers.activate_trigger("bell", 1)
    assert depths == [1, 2, 3]


def test_add_trigger_refuses_a_name_twice(triggers: TriggerSet) -> None:
    with pytest.raises(KeyError, match="a trigger 'bell' already"):
        triggers.add_trigger("bell")


def test_unknown_trigger_is_a_key_error_that_names_the_known(triggers: TriggerSet) -> None:
    for use in (triggers.activate_trigger, lambda name: triggers.add_handler(name, print)):
        with pytest.raises(KeyError, match=r"no trigger 'gong'; there are \['bell'\]"):
            use("gong")
    foreign = TriggerSet(Logger("other"))
    foreign.add_trigger("gong")
    with pytest.raises(KeyError):
        triggers.remove_handler(foreign.add_handler("gong", print))


def test_add_handler_refuses_a_coroutine_function(triggers: TriggerSet) -> None:
    async def later(name: str, data: object) -> None:
        pass

    with pytest.raises(TypeError, match="plain function"):
        triggers.add_handler("bell", later)
