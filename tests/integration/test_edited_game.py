"""A game edited while it is played: new behaviour arrives, mistakes are refused unnoticed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from integration.games import EditedGame
from integration.system import PASSWORD, System, kill
from players.telnet import Player

FAILED = 1

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, EditedGame]]:
    """A system that is up and the game that it serves."""
    game = EditedGame(tmp_path_factory.mktemp("edited"))
    with System(tmp_path_factory.mktemp("edited"), game=game.folder) as system:
        system.up()
        system.make_accounts(["Ada"])
        system.make_accounts(["Boss"], superuser=True)
        system.expects_tracebacks("a start hook has failed")
        yield system, game


@pytest.fixture
def system(played: tuple[System, EditedGame]) -> System:
    """The system, with edition 1 of the game accepted."""
    system, game = played
    game.begin_again()
    system.run("server", "reload")
    return system


@pytest.fixture
def game(played: tuple[System, EditedGame]) -> EditedGame:
    return played[1]


async def _logged_in(system: System, name: str) -> Player:
    player = await Player.connect(name, system.port)
    await player.log_in(PASSWORD)
    return player


def test_each_edit_is_there_after_its_reload_and_not_before(
    system: System, game: EditedGame
) -> None:
    async def play() -> None:
        ada = await _logged_in(system, "Ada")
        for edition in range(2, 5):
            game.edit(edition)
            await ada.asks("edition", f"This is edition {edition - 1}.")
            await asyncio.to_thread(system.run, "server", "reload")
            await ada.asks("edition", f"This is edition {edition}.")
        await ada.leave()

    asyncio.run(play())


MISTAKES = {
    "syntax error": ("hooks", "def broken(:", "SyntaxError"),
    "import of nothing": ("cmdsets", "import nothing_of_the_kind", "ModuleNotFoundError"),
    "failing start hook": (
        "hooks",
        "def at_server_start(game): raise RuntimeError('not today')",
        "RuntimeError: not today",
    ),
    "failing reload hook": ("hooks", "def at_server_reload_start(): return 1 / 0", "division"),
}


def test_mistakes_are_refused_with_file_and_line_and_nobody_notices(
    system: System, game: EditedGame
) -> None:
    async def play() -> None:
        ada = await _logged_in(system, "Ada")
        lines = len(ada.lines)
        generation = (await asyncio.to_thread(system.status)).server["generation"]
        for module, text, error in MISTAKES.values():
            line = game.append(module, text)
            done = await asyncio.to_thread(system.run, "server", "reload", code=FAILED)
            [told] = done.stderr.splitlines()
            assert f"{game.folder}/{module}.py, line {line}: " in told
            assert error in told
            assert done.stdout == ""
            game.remove(module, text)
        assert [line for line in ada.lines[lines:] if line.strip()] == []
        await ada.asks("edition", "This is edition 1.")
        worker = await asyncio.to_thread(system.status)
        assert worker.server["generation"] >= generation
        game.edit(2)
        await asyncio.to_thread(system.run, "server", "reload")
        await ada.asks("edition", "This is edition 2.")
        await ada.leave()

    asyncio.run(play())


def test_reload_within_the_game_tells_who_asked_how_it_went(
    system: System, game: EditedGame
) -> None:
    async def play() -> None:
        boss, ada = await _logged_in(system, "Boss"), await _logged_in(system, "Ada")
        await ada.asks("reload", "Command 'reload' is not available.")
        game.edit(2)
        await boss.asks("reload", "Reloading ...")
        await boss.sees("Done: the game was away for ")
        await ada.asks("edition", "This is edition 2.")
        line = game.append("cmdsets", "1 / 0")
        await boss.asks("reload", "Reloading ...")
        told = await boss.sees("The reload was refused: ")
        assert f"cmdsets.py, line {line}: ZeroDivisionError" in told
        await ada.asks("edition", "This is edition 2.")
        assert not any("refused" in line or "Reloading" in line for line in ada.lines)
        await boss.leave()
        await ada.leave()

    asyncio.run(play())


@pytest.mark.parametrize("mistake", ["def broken(:", "def at_server_start(game): 1 / 0"])
def test_game_broken_since_runs_as_it_was_accepted_after_a_kill(
    system: System, game: EditedGame, mistake: str
) -> None:
    async def play() -> None:
        ada = await _logged_in(system, "Ada")
        game.edit(2)
        await asyncio.to_thread(system.run, "server", "reload")
        game.edit(3)
        game.append("hooks", mistake)
        for _ in range(2):
            kill((await asyncio.to_thread(system.status)).server["worker_pid"])
            await ada.asks("edition", "This is edition 2.")
            await asyncio.to_thread(system.until_up)
        await ada.leave()

    asyncio.run(play())


@pytest.mark.parametrize("mistake", ["def broken(:", "def at_server_start(game): 1 / 0"])
def test_game_broken_while_all_was_down_starts_as_it_was_accepted_and_says_so(
    system: System, game: EditedGame, mistake: str
) -> None:
    async def play() -> None:
        ada = await _logged_in(system, "Ada")
        await ada.asks("edition", "This is edition 1.")
        await ada.leave()

    system.run("server", "stop")
    game.edit(2)
    line = game.append("hooks", mistake)
    done = system.run("server", "start")
    assert f"{game.folder}/hooks.py, line {line}" in done.stderr
    assert "accepted last" in done.stdout
    asyncio.run(play())
    system.run("down")
    system.up()
    asyncio.run(play())
