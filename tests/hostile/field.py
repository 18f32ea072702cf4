"""One portal under hostile clients: what each costs its memory and whoever plays beside.

The system is real, and so are the clients (`hostile.attacks`, in a process of their own). Beside
them one player types line after line, each when the one before has been answered.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from hostile.attacks import ATTACKS
from integration.system import PASSWORD, System
from players.telnet import Player

LOOK_S = 0.02
QUIET_S = 2.0
"""How long the player is watched without anything hostile, to compare with."""

CLIENT_BYTES = 64 * 1024
"""What one session may cost a portal, whatever its client does."""


class Outcome(NamedTuple):
    """What one attack came to.

    Attributes:
        grown: Bytes that the portal's memory was larger at most than before.
        delays: Seconds of each line of the player beside.
        quiet: The same before, without the attack.
    """

    name: str
    clients: int
    sent: int
    closed: int
    grown: int
    delays: list[float]
    quiet: list[float]


def memory(pid: int) -> int:
    """Resident bytes of a process."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * 4096


async def run(
    system: System, names: list[str], most: int, clients: int, quiet_s: float = QUIET_S
) -> list[Outcome]:
    """Run attacks one after another on a system of one portal, where Anna has an account.

    Args:
        most: Bytes of each client that is not to be let go, but held back or heard out.
    """
    status = await asyncio.to_thread(system.status)
    [portal] = status.portals.values()
    player = await Player.connect("Anna", system.port)
    await player.log_in(PASSWORD)
    outcomes = []
    # The first of a kind loads code and grows the heap for good: that is not what it costs.
    await _attack(system, portal["worker_pid"], player, names[0], CLIENT_BYTES, clients, quiet_s)
    for name in names:
        pid = portal["worker_pid"]
        outcomes.append(await _attack(system, pid, player, name, most, clients, quiet_s))
    after = await asyncio.to_thread(system.status)
    assert after.portals[portal["id"]]["worker_pid"] == portal["worker_pid"], "the portal has died"
    await player.leave()
    return outcomes


async def _attack(
    system: System, pid: int, player: Player, name: str, most: int, clients: int, quiet_s: float
) -> Outcome:
    quiet = await _watch(player, asyncio.sleep(quiet_s))
    before = memory(pid)
    peaks = [before]
    watch = asyncio.create_task(_sample(pid, peaks))
    hostile = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hostile.attacks", name, str(system.port), str(most), str(clients),
        cwd=Path(__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert hostile.stdout is not None and hostile.stdin is not None
    line = asyncio.ensure_future(hostile.stdout.readline())
    delays = await _watch(player, line)
    told = json.loads(line.result())
    hostile.stdin.close()
    await hostile.wait()
    watch.cancel()
    return Outcome(name, clients, told["sent"], told["closed"], max(peaks) - before, delays, quiet)


async def _sample(pid: int, peaks: list[int]) -> None:
    while True:
        peaks.append(memory(pid))
        await asyncio.sleep(LOOK_S)


async def _watch(player: Player, end: object) -> list[float]:
    """Have the player type until something has ended; how long each line took."""
    until = asyncio.ensure_future(end)  # type: ignore[call-overload]
    delays: list[float] = []
    while not until.done() or not delays:
        began = time.monotonic()
        await player.asks(f"think {len(delays)}", f'You think, "{len(delays)}"')
        delays.append(time.monotonic() - began)
    await until
    return delays


HEAD = (
    "attack", "clients", "sent by each", "closed", "memory grown, each",
    "delay of others, p50 / max", "without",
)  # fmt: skip


def table(outcomes: list[Outcome]) -> str:
    """The outcomes as Markdown."""
    lines = [f"| {' | '.join(HEAD)} |", "|---|---|---|---|---|---|---|"]
    for one in outcomes:
        lines.append(
            f"| {one.name} | {one.clients} | {_bytes(one.sent // one.clients)} | {one.closed} | "
            f"{_bytes(max(0, one.grown) // one.clients)} | {_delays(one.delays)} | "
            f"{_delays(one.quiet)} |"
        )
    return "\n".join(lines)


def _bytes(count: int) -> str:
    for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


def _delays(delays: list[float]) -> str:
    ordered = sorted(delays)
    return f"{ordered[len(ordered) // 2] * 1000:.1f} / {ordered[-1] * 1000:.0f} ms"


NAMES = list(ATTACKS)
