"""What happens to the other processes: portals, auth and every kind of supervisor killed."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from faults.bench import Bench, Row
from faults.field import Game, Round
from integration.system import PASSWORD, kill, until
from players.telnet import Player

PORTALS = 6
"""So many, where they are killed one after the other: some players are always left."""

NEWCOMERS = 3
"""Who log in while auth is killed, each time."""

ANSWER_S = 5.0
"""Within which a login is answered, well or with a clean refusal."""

UNAVAILABLE = "Accounts cannot be reached just now."


def portal_workers(bench: Bench) -> None:
    """Kill the portal that most are on; its clients drop, nobody else."""

    async def inject(count: int, round_: Round) -> None:
        for _ in range(count):
            before = await round_.beside(round_.game.status)
            victim = max(before.portals.values(), key=lambda portal: int(portal["sessions"]))
            async with round_.restless():
                at = await round_.strike(partial(kill, victim["worker_pid"]))
                back = await round_.beside(_portal_is_back, round_.game, victim)
            round_.note(at, back_s=back - at)
            cut = {player.name for player in round_.crowd.players if not player.is_open}
            if len(cut - round_.cut) != victim["sessions"]:
                told = f"{len(cut - round_.cut)} were dropped, not {victim['sessions']}"
                round_.problems.append(told)
            round_.cut |= cut

    with bench.game(portals=PORTALS) as game:
        bench.rounds(game, lambda count: partial(inject, count), each=PORTALS - 2)


def portal_supervisors(bench: Bench) -> None:
    """Kill the supervisor of all portals and start it again."""

    async def inject(round_: Round) -> None:
        game = round_.game
        pid = next(iter((await round_.beside(game.status)).portals.values()))["pid"]
        async with round_.restless():
            at = await round_.strike(partial(kill, pid))
        for player in round_.crowd.players:
            await player.closed()
        round_.cut = {player.name for player in round_.crowd.players}
        game.start_supervisor("portal")
        await round_.beside(game.until_up)
        round_.note(at, back_s=time.monotonic() - at)

    with bench.game() as game:
        bench.rounds(game, lambda count: inject, each=1)


def _portal_is_back(game: Game, victim: dict[str, object]) -> float:
    def is_back() -> bool:
        now = game.status().portals.get(str(victim["id"]), {})
        return now.get("state") == "up" and now["incarnation"] != victim["incarnation"]

    until(is_back, "another life of the portal serves")
    return time.monotonic()


def supervisors(kind: str) -> Row:
    """The row of a supervisor without which players stay connected."""

    async def inject(count: int, round_: Round) -> None:
        game = round_.game
        for _ in range(count):
            pid = getattr(await round_.beside(game.status), kind)["pid"]
            async with round_.restless():
                at = await round_.strike(partial(kill, pid))
                game.start_supervisor(kind)
                await round_.beside(game.until_up)
            await round_.crowd.all_served()
            round_.note(at)

    def run(bench: Bench) -> None:
        with bench.game() as game:
            bench.rounds(game, lambda count: partial(inject, count), each=10)

    return Row(f"kill -9 the supervisor of {kind}, started again", 20, 1, run)


def auth_workers(bench: Bench) -> None:
    """Kill auth while some log in; they get in late, or are refused and try again."""

    async def inject(count: int, round_: Round) -> None:
        for number in range(count):
            ones = round_.guests[number * NEWCOMERS :][:NEWCOMERS]
            pid = (await round_.beside(round_.game.status)).auth["worker_pid"]
            async with round_.restless():
                for one in ones:
                    one.type(f"connect {one.name} {PASSWORD}")
                at = await round_.strike(partial(kill, pid))
                await asyncio.gather(*map(_gets_in, ones))
            round_.note(at, back_s=time.monotonic() - at)
            await round_.beside(round_.game.until_up)

    each = 5
    with bench.game() as game:
        bench.rounds(
            game, lambda count: partial(inject, count), each, guests=each * NEWCOMERS, at_door=True
        )


async def _gets_in(player: Player) -> None:
    """Be answered in time, again and again until it is well."""

    def is_answer(line: str) -> bool:
        return line.startswith("Exits:") or UNAVAILABLE in line

    while UNAVAILABLE in await player.sees(is_answer, ANSWER_S):
        player.type(f"connect {player.name} {PASSWORD}")


ROWS = (
    Row("kill -9 a portal", 20, 1, portal_workers),
    supervisors("server"),
    supervisors("auth"),
    Row("kill -9 the supervisor of portals, started again", 20, 1, portal_supervisors),
    Row("kill -9 auth while players log in", 20, 2, auth_workers),
)
