"""Each way to end and start runs its own hooks of the game; puppets are kept or taken again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from integration.games import EditedGame
from integration.system import PASSWORD, System, kill
from players.telnet import Player

pytestmark = pytest.mark.timeout(120)

RELOAD = [
    "at_server_reload_stop",
    "at_server_stop",
    "at_server_init",
    "at_server_reload_start",
    "at_server_start",
]
COLD = [
    "at_server_cold_stop",
    "at_server_stop",
    "at_server_init",
    "at_server_cold_start",
    "at_server_start",
]
CRASH = ["at_server_init", "at_server_crash_start", "at_server_start"]


@pytest.fixture(scope="module")
def game(tmp_path_factory: pytest.TempPathFactory) -> EditedGame:
    return EditedGame(tmp_path_factory.mktemp("hooks"))


@pytest.fixture(scope="module")
def system(game: EditedGame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("hooks"), game=game.folder) as system:
        system.up()
        system.make_accounts(["Ada"])
        yield system
        system.stop()
        assert game.take_notes() == COLD[:2]


async def _play(system: System, game: EditedGame, *end_and_start: tuple[str, ...]) -> list[str]:
    """Log in, end and start the server; return what the player has seen meanwhile."""
    ada = await Player.connect("Ada", system.port)
    await ada.log_in(PASSWORD)
    game.take_notes()
    before = len(ada.lines)
    for command in end_and_start:
        if command == ("kill",):
            kill((await asyncio.to_thread(system.status)).server["worker_pid"])
        else:
            await asyncio.to_thread(system.run, *command)
    await ada.asks("think here", 'You think, "here"')
    await ada.asks("who", "One unique account logged in.")
    seen = [line for line in ada.lines[before:] if line.strip()]
    await ada.leave()
    return seen


@pytest.mark.parametrize(
    ("ends", "hooks"),
    [
        ([("server", "reload")], RELOAD),
        ([("server", "reset")], COLD),
        ([("server", "stop"), ("server", "start")], COLD),
        ([("kill",)], CRASH),
    ],
    ids=["reload", "reset", "stop and start", "crash"],
)
def test_hooks_run_in_their_order_and_the_player_is_in_again(
    system: System, game: EditedGame, ends: list[tuple[str, ...]], hooks: list[str]
) -> None:
    seen = asyncio.run(_play(system, game, *ends))
    assert game.take_notes() == hooks
    room_shown = any("The Front Step" in line for line in seen)
    assert room_shown == (hooks is COLD)


@pytest.mark.parametrize(("ending", "hooks"), [("reload", RELOAD), ("reset", COLD)])
def test_restart_that_is_called_off_runs_the_hooks_of_its_end_and_of_a_start(
    system: System, game: EditedGame, ending: str, hooks: list[str]
) -> None:
    async def play() -> None:
        ada = await Player.connect("Ada", system.port)
        await ada.log_in(PASSWORD)
        game.take_notes()
        mistake = "def at_server_init(): 1 / 0"
        game.append("hooks", mistake)
        try:
            await asyncio.to_thread(system.run, "server", ending, code=1)
        finally:
            game.remove("hooks", mistake)
        await ada.asks("think here", 'You think, "here"')
        await ada.leave()

    asyncio.run(play())
    assert game.take_notes() == [hook for hook in hooks if hook != "at_server_init"]
    system.expects_tracebacks("a start hook has failed")
