"""Which hooks of a game run at each end and each start of the server."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from everdoor_server.restarts import (
    RESUME_HOOKS,
    START_HOOKS,
    STOP_HOOKS,
    Ending,
    ModuleHooks,
    releases_puppets,
    run_hooks,
)


def test_every_ending_says_which_hooks_run() -> None:
    assert set(STOP_HOOKS) == set(START_HOOKS) == set(Ending)


@pytest.mark.parametrize(
    ("ending", "stop", "start"),
    [
        (Ending.RELOAD, "at_server_reload_stop", "at_server_reload_start"),
        (Ending.RESET, "at_server_cold_stop", "at_server_cold_start"),
        (Ending.STOP, "at_server_cold_stop", "at_server_cold_start"),
    ],
)
def test_planned_ending_runs_its_own_hooks_before_those_of_all(
    ending: Ending, stop: str, start: str
) -> None:
    assert STOP_HOOKS[ending] == (stop, "at_server_stop")
    assert START_HOOKS[ending] == ("at_server_init", start, "at_server_start")


def test_crash_runs_no_hook_before_and_its_own_after() -> None:
    assert STOP_HOOKS[Ending.CRASH] == ()
    assert START_HOOKS[Ending.CRASH] == (
        "at_server_init",
        "at_server_crash_start",
        "at_server_start",
    )


@pytest.mark.parametrize("ending", [Ending.RELOAD, Ending.RESET, Ending.STOP])
def test_end_that_was_called_off_runs_the_start_hooks_that_would_have_followed(
    ending: Ending,
) -> None:
    assert RESUME_HOOKS[ending] == START_HOOKS[ending][1:]


@pytest.mark.parametrize(
    ("ending", "released"),
    [(Ending.CRASH, False), (Ending.RELOAD, False), (Ending.RESET, True), (Ending.STOP, True)],
)
def test_puppets_are_released_by_a_cold_ending_only(ending: Ending, released: bool) -> None:
    assert releases_puppets(ending) == released


def test_hooks_run_in_order_with_the_game_if_they_want_it_and_those_missing_are_left_out() -> None:
    ran: list[object] = []
    hooks = SimpleNamespace(
        first=lambda: ran.append("first"),
        second=lambda game: ran.append(game),
        third="no function",
    )
    run_hooks(ModuleHooks(hooks), ("second", "missing", "third", "first"), "the game")
    assert ran == ["the game", "first"]


def test_hook_that_raises_keeps_those_behind_it_from_running() -> None:
    ran: list[str] = []

    def broken() -> None:
        raise ValueError("no")

    hooks = SimpleNamespace(broken=broken, after=lambda: ran.append("after"))
    with pytest.raises(ValueError, match="no"):
        run_hooks(ModuleHooks(hooks), ("broken", "after"), None)
    assert ran == []


def test_game_without_a_module_of_hooks_has_none() -> None:
    assert ModuleHooks().get("at_server_start") is None
