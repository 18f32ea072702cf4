"""A system with a crowd in it that types while something goes wrong, and what is noted of that.

What goes wrong is done by the rows (`faults.rows`); what came of it is read from the records
afterwards (`faults.results`).
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from everdoor.endpoints import endpoints
from faults import safeguards, steps
from faults.results import Fault, Result
from integration.crowded import crowd_of, findings, look_around, records_of
from integration.system import PASSWORD, System, kill, until
from players.crowd import Crowd
from players.lines import Verb
from players.telnet import Player

T = TypeVar("T")

TESTS = Path(__file__).parents[1]
KEPT = TESTS.parent / "tests-output" / "faults"

MIX = (Verb.THINK, Verb.SAY, Verb.DROP, Verb.SAY, Verb.GET, Verb.THINK)
"""A third each: to oneself, to all across the portals, and about what the database keeps."""

STRIKE_S = 0.008
"""A crowd that types at once is answered within about so long; a fault comes at any time of it."""

RESTLESS_S = 0.002


class Game(System):
    """A system whose server runs the game of these tests, and waits for nobody who has gone.

    Attributes:
        orders: Has its server die at steps.
        earlier: Everybody who was in it in former rounds.
        far: The home of its portals, where they are on another host.
    """

    def __init__(self, folder: Path, weakness: str = "", **settings: object) -> None:
        game = folder / "game"
        shutil.copytree(Path(__file__).parent / "game", game)
        self.orders = steps.Orders(folder / "orders")
        self.weakness = weakness
        self.extra_environment: dict[str, str] = {}
        self.earlier: set[str] = set()
        self.far: System | None = None
        self._stems = (f"{a}{b}" for a, b in itertools.product("ABCDEFGHIJKLM", "abcdefghijklm"))
        given = {"login_throttle_limit": 0, "resume_grace_s": 0, "game": game, **settings}
        super().__init__(folder, **given)

    def environment(self) -> dict[str, str]:
        """As that of every system, with what the worker needs to be told."""
        told = {
            "PYTHONPATH": str(TESTS),
            steps.FOLDER: str(self.orders.folder),
            safeguards.VARIABLE: self.weakness,
        }
        return {**super().environment(), **told, **self.extra_environment}

    def stream_path(self) -> Path:
        """The file of the socket between portals and server."""
        system = endpoints(self.home, Path(tempfile.gettempdir()), os.getuid())
        return Path(system.stream.removeprefix("ipc://"))

    def next_stem(self) -> str:
        """A name that no crowd has had."""
        return next(self._stems)

    def kill_supervisor(self, kind: str) -> None:
        """Kill it, and wait until its workers have ended with it."""
        status = self.status()
        ones = list(status.portals.values()) if kind == "portal" else [getattr(status, kind)]
        kill(ones[0]["pid"])
        until(lambda: not self._is_any_alive(kind), f"the workers of {kind} have ended")

    def restart_supervisor(self, kind: str) -> None:
        """Kill it and start it again, as an operator would."""
        self.kill_supervisor(kind)
        self.start_supervisor(kind)
        self.until_up()

    def _is_any_alive(self, kind: str) -> bool:
        status = self.status()
        ones = list(status.portals.values()) if kind == "portal" else [getattr(status, kind)]
        return any(one["pid"] for one in ones)


class Round:
    """One crowd, from its first line to its last.

    Attributes:
        faults: What went wrong, and when.
        cut: Whose connection that was meant to end.
        guests: Others who are there, and are not checked.
        problems: What went otherwise than it should.
    """

    def __init__(self, game: Game, crowd: Crowd, chance: random.Random) -> None:
        self.game = game
        self.crowd = crowd
        self.chance = chance
        self.faults: list[Fault] = []
        self.cut: set[str] = set()
        self.guests: list[Player] = []
        self.problems: list[str] = []

    async def strike(self, do: Callable[[], object]) -> float:
        """Do something at a random instant while the lines of all are under way; returns when."""
        self.crowd.hurry()
        await asyncio.sleep(self.chance.uniform(0, STRIKE_S))
        at = time.monotonic()
        do()
        return at

    @asynccontextmanager
    async def restless(self) -> AsyncIterator[None]:
        """Have one player type the next line as soon as the last is answered."""
        task = asyncio.create_task(self._type_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _type_on(self) -> None:
        """Only look at what comes: others may wait for lines of the same player."""
        player = self.chance.choice(self.crowd.present())
        looked_at, answer = len(player.lines), ""
        while True:
            if answer in player.lines[looked_at:] or not answer:
                line, answer = self.crowd.thought(player)
                looked_at = len(player.lines)
                player.type(line)
            await asyncio.sleep(RESTLESS_S)

    def note(self, at: float, until: float | None = None, **how: Any) -> None:
        """Note a fault; `until` as in `Fault`, None: it was over at once."""
        self.faults.append(Fault(at, at if until is None else until, **how))

    async def beside(self, function: Callable[..., T], *given: Any) -> T:
        """Run what waits, while all go on typing."""
        return await asyncio.to_thread(function, *given)

    async def server_pid(self) -> int:
        """The worker that serves."""
        return int(await self.beside(_server_worker, self.game))


Inject = Callable[[Round], Awaitable[None]]
Connect = Callable[[str, int], Awaitable[Player]]


def play(
    game: Game,
    result: Result,
    inject: Inject,
    chance: random.Random,
    players: int,
    every_s: float,
    guests: int = 0,
    at_door: bool = False,
    connect: Connect = Player.connect,
) -> None:
    """Have a new crowd play while something goes wrong, and add to a result what came of it.

    Args:
        every_s: Pause between two lines of one player.
        guests: How many others are there, with accounts of their own.
        at_door: They have not logged in.
        connect: Opens their connections.
    """
    stem = game.next_stem()
    names = [f"{stem}guest{number}" for number in range(guests)]
    if names:
        game.make_accounts(names)
    crowd = crowd_of(game, players, stem, MIX, every_s)
    round_ = Round(game, crowd, chance)

    async def come() -> None:
        for name in names:
            round_.guests.append(guest := await connect(name, game.port))
            await (guest.sees_screen() if at_door else guest.log_in(PASSWORD))

    places = asyncio.run(_play(round_, inject, come))
    found = findings(game, stem, places, round_.cut | game.earlier | set(names))
    result.add(round_.faults, records_of(game, stem), found, round_.problems)
    if found.counts or round_.problems:
        _keep(game, stem, KEPT / f"{result.name}-{stem}")
    game.earlier |= {*names, *(player.name for player in crowd.players)}


async def _play(
    round_: Round, inject: Inject, come: Callable[[], Awaitable[None]]
) -> dict[str, str]:
    game, crowd = round_.game, round_.crowd
    await come()
    async with crowd:
        crowd.start()
        try:
            await crowd.all_served()
            await inject(round_)
            await crowd.all_served()
            await crowd.finish()
            for guest in round_.guests:
                await guest.leave()
            await round_.beside(_until_gone, game, len(crowd.present()))
            await look_around(crowd)
        except AssertionError as exc:
            round_.problems.append(str(exc)[:1000])
        return await round_.beside(game.places)


def _keep(game: Game, stem: str, folder: Path) -> None:
    """Keep what a round left behind for whoever wants to know what went wrong."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(records_of(game, stem), folder / "records")
    shutil.copytree(game.home / "logs", folder / "logs")


def _until_gone(game: Game, present: int) -> None:
    """Wait until those who have gone are out of the game."""
    until(lambda: _accounts_present(game) == present, "only who is here is present", 10.0)


def _accounts_present(game: Game) -> int:
    rows = game.select("SELECT count(*) FROM world_roster WHERE account_id IS NOT NULL")
    return int(rows[0][0])


def _server_worker(game: Game) -> Any:
    return until(lambda: _serving(game), "the server serves")


def _serving(game: Game) -> Any:
    server = game.status().server
    return server["worker_pid"] if server["state"] == "up" else None
