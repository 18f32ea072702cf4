"""Many players at once who type numbered lines: to themselves, to all, and about their thing."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from players.lines import Verb, words
from players.telnet import HOST, Player

LINE_EVERY_S = 0.1

LOGINS_AT_ONCE = 20

ROUND = (Verb.THINK, Verb.SAY, Verb.DROP, Verb.THINK, Verb.SAY, Verb.GET)
"""All that is checked, in turn; a thing is at hand at first."""


class Crowd:
    """Players who are in one room; use as a context that has them leave and write their records.

    Args:
        port: Where they connect.
        things: Each player's own thing, by the player's name.
        password: The same for all.
        records: Folder for the records.
        verbs: What each types, in turn, again and again; a thing is at hand at first.
        every_s: Pause between two lines of one player.
        host: Address to which they connect.
    """

    def __init__(
        self,
        port: int,
        things: dict[str, str],
        password: str,
        records: Path,
        verbs: Sequence[Verb] = ROUND,
        every_s: float = LINE_EVERY_S,
        host: str = HOST,
    ) -> None:
        self.players: list[Player] = []
        self._port = port
        self._things = things
        self._password = password
        self._records = records
        self._verbs = verbs
        self._every_s = every_s
        self._host = host
        self._typists: list[asyncio.Task[None]] = []
        self._hurried = asyncio.Event()
        self._numbers: dict[str, Iterator[int]] = {name: itertools.count(1) for name in things}

    async def __aenter__(self) -> Crowd:
        for name in self._things:
            player = await Player.connect(name, self._port, self._records, self._host)
            self.players.append(player)
        await self._log_in()
        await self._meet()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._cancel()
        await asyncio.gather(*(player.leave() for player in self.players))

    async def _log_in(self) -> None:
        """Log all in, some at once: a password takes time on purpose, and more would wait longer
        than they are let."""
        door = asyncio.Semaphore(LOGINS_AT_ONCE)

        async def log_in(player: Player) -> None:
            async with door:
                await player.log_in(self._password)

        await asyncio.gather(*map(log_in, self.players))

    async def _meet(self) -> None:
        """Wait until nobody's screen holds anything of an arrival any more; then begin."""
        for player in self.players:
            await player.asks(words(player.name, Verb.THINK, 0), "You think")
        for player in self.players:
            player.begin(self._things[player.name])

    def start(self) -> None:
        """Have everyone type, line after line, until `finish`."""
        self._typists = [asyncio.create_task(self._type(player)) for player in self.players]

    async def finish(self) -> None:
        """Stop typing, wait until everybody has seen all that was done, and end what is checked.

        Once every line has been answered, all is committed; what is answered after that comes
        behind it on every screen.
        """
        await self._cancel()
        for _ in ("all is done", "all is seen"):
            await asyncio.gather(*(self.is_answered(player) for player in self.present()))
        for player in self.present():
            player.end()

    def hurry(self) -> None:
        """Have everyone who types do so now."""
        self._hurried.set()
        self._hurried.clear()

    async def all_served(self) -> None:
        """Wait until a line that anyone types from now on is answered."""
        await asyncio.gather(*(self.is_answered(player) for player in self.present()))

    def present(self) -> list[Player]:
        """Those whose connection is open."""
        return [player for player in self.players if player.is_open]

    async def serves(self) -> None:
        """Wait until a line that is typed from now on is answered."""
        await self.is_answered(self.present()[0])

    async def is_answered(self, player: Player) -> None:
        """Have a player think a numbered line, and wait for the answer."""
        await player.asks(*self.thought(player))

    def thought(self, player: Player) -> tuple[str, str]:
        """The next numbered line for a player to think, and what answers it."""
        line = words(player.name, Verb.THINK, next(self._numbers[player.name]))
        return line, f'You think, "{line.removeprefix("think ")}"'

    async def _cancel(self) -> None:
        for typist in self._typists:
            typist.cancel()
        await asyncio.gather(*self._typists, return_exceptions=True)
        self._typists = []

    async def _type(self, player: Player) -> None:
        for verb in itertools.cycle(self._verbs):
            if verb in (Verb.GET, Verb.DROP):
                player.type(f"{verb} {self._things[player.name]}")
            else:
                player.type(words(player.name, verb, next(self._numbers[player.name])))
            await self._pause()

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every_s):
                await self._hurried.wait()


def names(count: int, stem: str) -> list[str]:
    """Names of players, such as `Guest01`."""
    return [f"{stem}{number:02d}" for number in range(1, count + 1)]
