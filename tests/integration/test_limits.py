"""Each limit at the door as a client meets it, on real processes."""

from __future__ import annotations

import asyncio
import itertools
import re
import tempfile
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from integration.system import PASSWORD, System
from players.telnet import Player

HERE, THERE = "127.0.0.1", "127.0.0.2"
RATE = 20


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """A system with limits that are soon met."""
    limits = {
        "max_connection_rate": 2,
        "max_preauth_per_address": 3,
        "login_grace_s": 5,
        "max_command_rate": RATE,
        "max_char_limit": 200,
        "idle_timeout": 10,
    }
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        with System(Path(path), portals=1, **limits) as system:
            system.up()
            system.make_accounts(["Anna", "Ben", "Carl"])
            yield system


@asynccontextmanager
async def players(system: System, *hosts: str) -> Any:
    """A client from each of some addresses."""
    found = []
    try:
        for number, host in enumerate(hosts):
            connected = asyncio.open_connection(HERE, system.port, local_addr=(host, 0))
            found.append(Player(f"client {number}", *await connected))
        yield found
    finally:
        for player in found:
            await player.leave()


async def log_in(player: Player, name: str) -> None:
    await player.sees_screen()
    await player.asks(f"connect {name} {PASSWORD}", lambda line: line.startswith("Exits:"))


def test_clients_that_come_too_fast_wait_their_turn_or_are_refused(system: System) -> None:
    async def main() -> None:
        for number in itertools.count(1):
            async with players(system, *[f"127.0.1.{number}"] * 20) as clients:
                await clients[-1].closed()
                # Who comes half a second after the first is refused for those who are let in by
                # then, so that a slow machine tries again, from another address.
                if any("Please try again in a moment." in line for line in clients[-1].lines):
                    await clients[2].sees("you are let in in")
                    break

    asyncio.run(main())


def test_clients_that_do_not_log_in_are_bounded_and_told_when_their_time_is_over(
    system: System,
) -> None:
    async def main() -> None:
        async with players(system, *["127.0.0.4"] * 3) as first:
            for player in first:
                await player.sees_screen()
            async with players(system, "127.0.0.4", "127.0.0.5") as (same, other):
                await same.sees("3 connections wait for a login already")
                await same.closed()
                await other.sees_screen()
            for player in first:
                await player.sees("You have not logged in for 5 seconds.")
                await player.closed()

    asyncio.run(main())


def test_lines_that_come_too_fast_are_all_done_in_order(system: System) -> None:
    async def main() -> None:
        async with players(system, HERE, THERE) as (fast, slow):
            # At once: who waits for the other must not be too late.
            await asyncio.gather(log_in(fast, "Anna"), log_in(slow, "Ben"))
            count = RATE * 4
            for number in range(count):
                fast.type(f"think {number}.")
            await slow.asks("think Nobody holds me back.", "Nobody holds me back.")
            await fast.sees(f"{RATE} a second at most")
            await fast.asks("think done", 'You think, "done"')
            done = [int(found[1]) for line in fast.lines if (found := re.search(r"(\d+)\.", line))]
            assert [number for number in done if number != RATE] == [
                number for number in range(count) if number != RATE
            ]

    asyncio.run(main())


def test_line_that_is_too_long_is_refused_with_both_lengths(system: System) -> None:
    async def main() -> None:
        async with players(system, HERE) as [player]:
            await player.sees_screen()
            await player.asks("x" * 201, "201 characters; at most 200 are taken")

    asyncio.run(main())


def test_session_that_is_idle_is_told_and_disconnected_and_one_that_sends_idle_is_not(
    system: System,
) -> None:
    async def main() -> None:
        async with players(system, HERE, THERE) as (idle, alive):
            await asyncio.gather(log_in(idle, "Anna"), log_in(alive, "Ben"))
            while not any("Idle timeout" in line for line in idle.lines):
                alive.type("idle")
                await asyncio.sleep(0.2)
            await idle.closed()
            await alive.asks("think Still here.", "Still here.")

    asyncio.run(main())


def test_who_mistypes_is_told_how_long_to_wait_and_the_owner_logs_in_elsewhere(
    system: System,
) -> None:
    async def main() -> None:
        async with players(system, HERE) as [owner]:
            await log_in(owner, "Carl")
            await owner.asks("quit", lambda line: True)
        async with players(system, "127.0.0.6") as [stranger]:
            await stranger.sees_screen()
            await stranger.asks("connect Carl not-this-one", "wrong")
            waited = await stranger.asks(f"connect Carl {PASSWORD}", "Too many failed logins.")
            assert "Try again in 1 second." in waited
        async with players(system, HERE) as [owner]:
            await log_in(owner, "Carl")

    asyncio.run(main())
