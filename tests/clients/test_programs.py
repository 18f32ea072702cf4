"""Programs of others play: tests are columns of the table in docs/clients.md, clients are rows.

All play at once on one system; a client that cannot do something is left out of that column.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from clients.programs import (
    COLUMNS,
    LATER_COLUMNS,
    LATER_ROWS,
    PROGRAMS,
    ROWS,
    SECRET,
    Player,
    make_game,
)
from integration.system import System, free_port, until

WORDS = "Grüße aus Łódź"
WITHOUT_WINDOW = {"openssl"}
WITHOUT_HIDING = {"openssl"}
WITHOUT_UTF_8 = {"tf5"}
WITH_OUT_OF_BAND = {name for name, program in PROGRAMS.items() if program.shows_out_of_band}
NARROWER = {"tf5": 1}
"""Columns that a program keeps for itself."""

pytestmark = pytest.mark.timeout(300)

every_client = pytest.mark.parametrize("client", list(PROGRAMS))


def clients_but(without: set[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("client", [name for name in PROGRAMS if name not in without])


class Players:
    """Everybody who plays, by the name of their program; each is logged in when first asked for."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._playing: dict[str, Player] = {}
        self._is_reloaded = False

    def __getitem__(self, client: str) -> Player:
        if client not in self._playing:
            self._playing[client] = self._log_in(client)
        return self._playing[client]

    def _log_in(self, client: str) -> Player:
        folder = self._system.folder / client
        folder.mkdir()
        name = client.capitalize()
        if not PROGRAMS[client].logs_in:
            key = folder / "id_ed25519"
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
            self._system.run("account", "key", "add", name, f"{key}.pub")
        player = Player(PROGRAMS[client], self._system, folder, name)
        player.log_in(PROGRAMS[client].logs_in)
        return player

    def reload_once(self) -> None:
        """Reload the server while everybody plays."""
        if not self._is_reloaded:
            for client in PROGRAMS:
                assert self[client].terminal.isalive(), client
            self._system.run("server", "reload")
            self._is_reloaded = True

    def leave(self) -> None:
        for player in self._playing.values():
            player.leave()


@pytest.fixture(scope="module")
def players() -> Iterator[Players]:
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        folder = Path(path)
        game = make_game(folder / "game")
        ports = {"tls_port": free_port(), "ssh_port": free_port()}
        with System(folder, portals=1, game=game, **ports) as system:
            system.up()
            system.make_accounts([client.capitalize() for client in PROGRAMS])
            players = Players(system)
            try:
                yield players
            finally:
                players.leave()


@every_client
def test_log_in(players: Players, client: str) -> None:
    player = players[client]
    player.types("whatami")
    player.sees(f"You are {player.name} by ")


@every_client
def test_colours(players: Players, client: str) -> None:
    player = players[client]
    player.types("say |rred|n ink")
    player.terminal.expect('You say, "(\x1b\\[[0-9;]*m)+red(\x1b\\[[0-9;]*m)+ ink"')


@clients_but(WITHOUT_WINDOW)
def test_window_size(players: Players, client: str) -> None:
    player = players[client]
    for rows, columns in ((ROWS, COLUMNS), (LATER_ROWS, LATER_COLUMNS)):
        player.terminal.setwinsize(rows, columns)
        size = f"{columns - NARROWER.get(client, 0)} by {rows}."
        # The program tells it when it has noticed, which may be after the line.
        until(partial(tells_size, player, size), f"{client} tells that it is {size}")


def tells_size(player: Player, size: str) -> bool:
    player.types("whatami")
    player.sees("You are ")
    return size in player.terminal.readline()


@clients_but(WITHOUT_HIDING)
def test_hidden_password(players: Players, client: str) -> None:
    player = players[client]
    player.types("confide")
    player.sees("Whisper it: ")
    player.types(SECRET)
    assert SECRET not in player.sees(f"That were {len(SECRET)} letters.")
    player.types("say seen again")
    player.sees("say seen again")
    player.sees('You say, "seen again"')


@clients_but(WITHOUT_UTF_8)
def test_utf_8(players: Players, client: str) -> None:
    player = players[client]
    player.types(f"say {WORDS}")
    player.sees(f'You say, "{WORDS}"')


@every_client
def test_prompt(players: Players, client: str) -> None:
    player = players[client]
    player.types("choose")
    player.sees("Which colour? ")
    player.types("green")
    player.sees("It is green now.")


@clients_but(set(PROGRAMS) - WITH_OUT_OF_BAND)
def test_out_of_band(players: Players, client: str) -> None:
    player = players[client]
    player.types("pulse")
    player.sees(PROGRAMS[client].shows_out_of_band or "")
    player.sees("4711")


@every_client
def test_reload(players: Players, client: str) -> None:
    players.reload_once()
    player = players[client]
    player.types("say still here")
    player.sees('You say, "still here"')
