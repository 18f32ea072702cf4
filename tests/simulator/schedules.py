"""Running a schedule to its end: at random from a seed, or again from its script; and making a
failing one shorter."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from typing import NamedTuple

import structlog

from everdoor import outputlog, stream
from everdoor_server import downlink
from simulator.actions import ACTIONS, Action, do
from simulator.checks import check_rest, unrest
from simulator.history import Violation
from simulator.network import Crossings
from simulator.serverprocess import Phase
from simulator.world import Parts, Setup, World

WEIGHTS = {
    "join": 4,
    "type": 22,
    "say": 4,
    "flags": 1,
    "leave": 3,
    "token": 8,
    "confirm-seen": 2,
    "come-back": 8,
    "poison": 1,
    "flush": 12,
    "connect": 8,
    "notice": 8,
    "up": 14,
    "down": 14,
    "late": 2,
    "cut": 3,
    "blip": 3,
    "partition": 2,
    "kill-portal": 1,
    "start-portal": 1,
    "run": 6,
    "commit": 6,
    "send": 8,
    "turn": 14,
    "operate": 2,
    "timer": 2,
    "start-server": 5,
    "load": 5,
    "pause": 1,
    "wake": 2,
    "crash": 4,
    "stop": 1,
    "auth": 8,
    "confirm": 2,
    "wait": 10,
    "jump": 1,
    "sweep": 10,
}
"""How often each action is drawn; every schedule changes them (see `draw`)."""

LONG_WAITS = (25, 60, 400, 1300, 3100)

NARROW = (150, 2, 400)
"""Bytes of a part, rows of a window and bytes of a log, where a schedule makes them tight."""

ROUNDS_TO_REST = 400
"""Seconds that a system may need to come to rest: its longest grace, which begins anew with each
server, the servers that deadly lines end, and what follows."""


class Script(NamedTuple):
    """All that a run depends on."""

    setup: Setup
    actions: list[Action]

    def __str__(self) -> str:
        lines = [f"    {tuple(action)}," for action in self.actions]
        return "\n".join([f"Setup{tuple(self.setup)}", "[", *lines, "]"])


def draw(seed: int) -> Script:
    """Draw a schedule. Each one favours other actions and leaves some out, or all would look
    alike and no fault would ever come twice in a row."""
    rng = random.Random(seed)
    setup = Setup(
        portals=rng.choice((1, 2, 2, 3)),
        mode=rng.choice((0, 2)),
        held_lines=rng.choice((0, 0, 4)),
        max_hold_s=rng.choice((300.0, 300.0, 20.0)),
        grace_s=rng.choice((30.0, 30.0, 120.0)),
        narrow=rng.random() < 0.3,
        resume_grace_s=rng.choice((0.0, 8.0, 40.0)),
    )
    weights = [weight * rng.choice((0, 1, 1, 1, 4)) for weight in WEIGHTS.values()]
    weights[list(WEIGHTS).index("sweep")] += 3
    length = rng.choice((20, 50, 100, 200))
    names = rng.choices(list(WEIGHTS), weights, k=length)
    start = [Action("sweep")] * 2 + [Action("join", i, rng.randrange(8)) for i in range(3)]
    if rng.random() < 0.4:
        start += 2 * [*(Action("token", i, i) for i in range(3)), *[Action("sweep")] * 3]
    return Script(setup, start + [_drawn(rng, name) for name in names])


def _drawn(rng: random.Random, name: str) -> Action:
    if name == "wait":
        tenths = rng.choice(LONG_WAITS) if rng.random() < 0.04 else rng.randrange(1, 9)
        return Action(name, tenths)
    few = rng.random() < 0.5
    return Action(
        name, rng.randrange(100), rng.randrange(3 if few else 100), rng.randrange(3 if few else 100)
    )


def run(script: Script, parts: Parts | None = None, crossings: Crossings | None = None) -> str:
    """Let it happen, let everything come to rest, crash once more, and look again.

    Returns:
        What was violated; empty when nothing was.
    """
    world = World(script.setup, parts or Parts())
    if crossings is not None:
        world.crossings = crossings

    def happen() -> None:
        for action in script.actions:
            do(world, action)
        finish(world)

    return _violation(happen, script.setup)


def run_with_loss(script: Script) -> str:
    """As `run`, but the database loses what was written in the second third of the actions."""
    world = World(script.setup)

    def happen() -> None:
        third = len(script.actions) // 3
        for action in script.actions[:third]:
            do(world, action)
        before = deepcopy(world.database)
        for action in script.actions[third : 2 * third]:
            do(world, action)
        world.lose_moments(before)
        for action in script.actions[2 * third :]:
            do(world, action)
        settle(world)

    return _violation(happen, script.setup)


def _violation(happen: Callable[[], None], setup: Setup) -> str:
    with bounds(*NARROW) if setup.narrow else nullcontext():
        try:
            happen()
        except Violation as violation:
            return str(violation)
        except Exception as error:
            return f"raised {error!r}"
    return ""


@contextmanager
def bounds(part_bytes: int, window_rows: int, kept_bytes: int) -> Iterator[None]:
    """Have messages travel in parts, rows wait for a window and logs be full sooner than they
    would."""
    usual = stream.PART_BYTES, downlink.WINDOW_ROWS, outputlog.MAX_KEPT_BYTES
    stream.PART_BYTES, downlink.WINDOW_ROWS = part_bytes, window_rows
    outputlog.MAX_KEPT_BYTES = kept_bytes
    try:
        yield
    finally:
        stream.PART_BYTES, downlink.WINDOW_ROWS, outputlog.MAX_KEPT_BYTES = usual


def finish(world: World) -> None:
    """End all faults, and check what must hold then."""
    settle(world)
    for client in world.clients():
        client.line("say 0")
    settle(world)
    for server in list(world.servers):
        world.kill_server(server, "at rest")
    settle(world)


def settle(world: World) -> None:
    """Let everything come to rest.

    Raises:
        Violation: It does not, or what it comes to is wrong.
    """
    _heal(world)
    for _ in range(ROUNDS_TO_REST):
        world.sweep_old_wires()
        world.sweep()
        if not unrest(world):
            break
        world.pass_time(1.0)
        _heal(world)
    if trouble := unrest(world):
        raise Violation(f"no rest: {trouble}")
    check_rest(world)


def _heal(world: World) -> None:
    """No fault any more: blocked links, paused servers, two that claim one name."""
    for wire in world.wires():
        wire.up_is_blocked = wire.down_is_blocked = False
    for server in list(world.servers):
        server.is_paused = False
        if server.phase is not Phase.STARTING and server is not world.newest_server():
            world.turn(server)
        if server in world.servers and server.generation != world.database.generation:
            world.kill_server(server, "replaced")
    if not world.servers:
        world.start_server()
    for portal in list(world.portals):
        if any(p.id == portal.id for p in world.portals if p is not portal):
            world.kill_portal(portal)


def shorten(script: Script, parts: Parts | None = None, tries: int = 3000) -> Script:
    """Take out actions as long as something is still violated."""
    actions = list(script.actions)
    size = max(1, len(actions) // 2)
    while size and tries > 0:
        begin, is_shorter = 0, False
        while begin < len(actions) and tries > 0:
            fewer = actions[:begin] + actions[begin + size :]
            tries -= 1
            if run(Script(script.setup, fewer), parts):
                actions, is_shorter = fewer, True
            else:
                begin += size
        if size > 1 or not is_shorter:
            size //= 2
    return Script(script.setup, actions)


class Failure(NamedTuple):
    """A seed that violates something, and a short script that does so too."""

    seed: int
    violation: str
    script: Script

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.violation}\n{self.script}"


def search(
    seeds: Sequence[int] | range, parts: Parts | None = None, crossings: Crossings | None = None
) -> Iterator[Failure]:
    """Run the schedules of some seeds, and give out those that violate something."""
    for seed in seeds:
        script = draw(seed)
        if run(script, parts, crossings):
            shorter = shorten(script, parts)
            yield Failure(seed, run(shorter, parts), shorter)


def silence() -> None:
    """Have the cores log nothing: what goes wrong here is meant to."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


assert WEIGHTS.keys() == ACTIONS.keys(), "every action has its weight"
