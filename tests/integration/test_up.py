"""`everdoor up` says where to play, and ends as a whole, whoever or whatever ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from integration.system import PASSWORD, PATIENCE_S, System, kill, until
from players.telnet import Player

pytestmark = pytest.mark.timeout(120)


def test_up_says_where_to_play(folder: Path) -> None:
    with System(folder) as system:
        system.up()
        until(lambda: f"telnet 127.0.0.1 {system.port}" in system.output(), "the address is told")


def test_status_tells_of_every_process_in_one_document(folder: Path) -> None:
    with System(folder) as system:
        up = system.up().status()
        told = json.loads(system.run("status", "--json").stdout)
        assert told == {"auth": up.auth, "server": up.server, "portals": list(up.portals.values())}
        assert told["server"].keys() == {"state", "pid", "worker_pid", "generation", "sessions"}
        assert up.portals.keys() == {portal["id"] for portal in told["portals"]}


def test_ctrl_c_ends_everything_and_tells_the_players(folder: Path) -> None:
    async def play(system: System, process: subprocess.Popen[bytes]) -> None:
        player = await Player.connect("Ada", system.port)
        await player.log_in(PASSWORD)
        os.killpg(process.pid, signal.SIGINT)
        await player.closed()
        await player.leave()

    with System(folder) as system:
        process = system.start("up")
        system.until_up()
        system.make_accounts(["Ada"])
        asyncio.run(play(system, process))
        assert process.wait(PATIENCE_S) == 0
        assert system.pids() == []


def test_ctrl_c_right_after_the_start_leaves_nothing(folder: Path) -> None:
    with System(folder) as system:
        process = system.start("up")
        until(lambda: len(system.pids()) > 3, "some processes were started")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0
        assert system.pids() == []


def test_down_ends_everything_from_another_shell(folder: Path) -> None:
    with System(folder) as system:
        process = system.start("up")
        system.until_up()
        system.run("down")
        assert process.wait(PATIENCE_S) == 0
        assert system.pids() == []


def test_up_ends_when_a_supervisor_was_killed(folder: Path) -> None:
    with System(folder) as system:
        process = system.start("up")
        kill(system.until_up().auth["pid"])
        assert process.wait(PATIENCE_S) == 1
        assert system.pids() == []
