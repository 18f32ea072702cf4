"""One line of a player in the logs of all processes, by its trace."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from integration.system import PASSWORD, System
from players.telnet import Player


@pytest.mark.timeout(120)
def test_a_line_has_one_trace_from_the_portal_to_auth_and_back(folder: Path) -> None:
    async def play(system: System) -> None:
        player = await Player.connect("Ada", system.port)
        await player.sees_screen()
        player.type(f"connect Ada {PASSWORD}x")
        await player.sees("wrong")
        player.type(f"connect Ada {PASSWORD}")
        await player.sees(lambda line: line.startswith("Exits:"))
        await player.asks("think done", "done")
        await player.leave()

    with System(folder, log_level="debug", portals=1, login_throttle_limit=0) as system:
        system.up()
        system.make_accounts(["Ada"])
        asyncio.run(play(system))
        assert told(system, "1-2") == [
            ("portal.1", "line read"),
            ("server", "line run"),
            ("auth", "call answered"),
            ("server", "line done"),
            ("portal.1", "line answered"),
        ]
        login = told(system, "1-3")
        assert [process for process, _ in login] == [
            "portal.1",
            "server",
            "auth",
            "server",
            "portal.1",
        ]
        assert told(system, "9-9") == []


def told(system: System, trace: str) -> list[tuple[str, str]]:
    """Process and event of each log line about a line of a player."""
    done = system.run("log", "--no-follow", "--json", "--trace", trace, "-n", "100")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(line["trace"] == trace for line in lines)
    return [(line["process"], line["event"]) for line in lines]
