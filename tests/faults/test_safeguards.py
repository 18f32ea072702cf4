"""Each safeguard shows its worth: without it, the same fault is found by the checker."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from faults.bench import SMALL, Bench
from faults.database_rows import PostgresGame
from faults.field import Game, Round
from faults.link_rows import far_apart
from faults.relay import DOWN, Relay
from faults.results import Result
from integration.system import PASSWORD, kill, until
from players.telnet import Player
from postgres import Postgres

pytestmark = pytest.mark.timeout(120)

CUT_S = 1.0
TAKEOVER_S = 2.0
NEVER_S = 3.0


@pytest.fixture
def bench() -> Bench:
    return Bench(SMALL, 1, Result("a safeguard is missing", 1))


async def _kill(round_: Round) -> None:
    pid = await round_.server_pid()
    async with round_.restless():
        round_.note(await round_.strike(partial(kill, pid)))


async def _die_between_sends(round_: Round) -> None:
    step = "between sends to two portals"
    round_.game.orders.arm(step)
    round_.crowd.hurry()
    died_at = partial(round_.game.orders.died_at, step)
    round_.note(await round_.beside(until, died_at, "a server dies"))


@pytest.mark.parametrize(
    ("weakness", "inject"), [("cursor", _kill), ("outbox", _die_between_sends)]
)
def test_checker_finds_what_a_killed_server_without_a_safeguard_does(
    bench: Bench, weakness: str, inject: Callable[..., object]
) -> None:
    with bench.game(weakness) as game:
        bench.rounds(game, lambda count: inject, each=1)
    assert bench.result.counts


@pytest.mark.parametrize(
    ("weakness", "kind"), [("acknowledgement", "answers lost"), ("dedupe", "answers doubled")]
)
def test_checker_finds_what_a_broken_link_without_a_safeguard_does(
    bench: Bench, weakness: str, kind: str
) -> None:
    with far_apart(bench, weakness) as (game, relay):
        bench.rounds(game, lambda count: partial(_cut_answers, relay), each=1)
    assert bench.result.counts[kind]


async def _cut_answers(relay: Relay, round_: Round) -> None:
    """Lines reach the server, and what it says is lost with the connection."""
    async with round_.restless():
        at = await round_.strike(partial(relay.cut, DOWN))
        await asyncio.sleep(CUT_S)
        round_.note(at)
        relay.heal(breaks=True)


@pytest.mark.parametrize(
    ("weakness", "kept"), [("lost changes", "seven"), ("barrier digest", None)]
)
def test_barrier_mends_copies_that_differ_and_without_its_digest_they_are_lost(
    bench: Bench, weakness: str, kept: str | None
) -> None:
    with bench.game(weakness) as game:
        game.make_accounts(["Ada"])
        asyncio.run(_note_and_reload(game, kept))


async def _note_and_reload(game: Game, kept: str | None) -> None:
    ada = await Player.connect("Ada", game.port)
    await ada.log_in(PASSWORD)
    await ada.asks("note seven", "Noted.")
    await ada.asks("notes", "You noted: seven.")
    await asyncio.to_thread(game.run, "server", "reload")
    await ada.asks("notes", f"You noted: {kept}.")
    await ada.leave()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("two")


@pytest.mark.parametrize(("weakness", "writes"), [("", False), ("fence", True)])
def test_fence_keeps_a_server_that_was_replaced_while_it_slept_from_writing(
    folder: Path, postgres: Postgres, weakness: str, writes: bool
) -> None:
    url = postgres.empty_database()
    # Its supervisor is to let it sleep.
    given = {"takeover_after_s": TAKEOVER_S, "turn_limit_s": 0}
    here = PostgresGame(folder / "here", postgres, url, weakness, **given)
    there = PostgresGame(folder / "there", postgres, url, takeover_after_s=TAKEOVER_S)
    with here, there:
        here.start_supervisors()
        here.make_accounts(["Ada"])
        there.start_supervisor("server")
        assert asyncio.run(_sleep_and_write(here, there)) is writes


async def _sleep_and_write(here: PostgresGame, there: PostgresGame) -> bool:
    """Whether a server writes what a player typed while it slept, and another serves."""
    ada = await Player.connect("Ada", here.port)
    await ada.log_in(PASSWORD)
    await ada.asks("drop Ada's key", "You drop")
    stopped = here.status().server["worker_pid"]
    os.kill(stopped, signal.SIGSTOP)
    ada.type("get Ada's key")
    await asyncio.to_thread(until, lambda: there.status().server["state"] == "up", "it takes over")
    os.kill(stopped, signal.SIGCONT)
    has_ended = partial(_has_another_worker, here, stopped)
    try:
        await ada.sees("You pick up", NEVER_S)
    except AssertionError:
        await asyncio.to_thread(until, has_ended, "the one that slept leaves")
    writes = here.places()["Ada's key"] == "Ada"
    await ada.leave()
    return writes


def _has_another_worker(game: Game, pid: int) -> bool:
    return bool(game.status().server["worker_pid"] != pid)
