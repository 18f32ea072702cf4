"""What is measured: the load of each scenario, and the figures that are taken of it.

A scenario takes one value of each of its figures; `__main__` repeats and interleaves them, so
that what else the machine does hits all alike. Figures are named `scenario.system.figure`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from bench.generator import Generator, Heard, quantile_us
from bench.population import TEN_A_ROOM
from bench.processes import memory_kib
from bench.systems import EchoSystem, System, players

Figures: TypeAlias = dict[str, float]

KNOWN, UNKNOWN, SAY = "think", "thinck", "say"
"""What is typed: a command whose answer one hears, one that there is not (with a suggestion), and
one that the place hears."""

SAY_WINDOW = 8
"""Lines that a speaker types ahead, so that the game and not the speaker's patience is measured."""

ACTIVE = 50
IDLE_FROM = 1000
"""Number of the first account of those that are idle beside ACTIVE others."""

STEP_S = 0.1
"""How often each player types while the server goes: ten lines a second."""

BEFORE_S, AROUND_S = 0.8, 3.0
"""When the server goes, and how long all of it is watched."""


class Stage(NamedTuple):
    """What scenarios have: `small` has few accounts and things, `vast` as few accounts and very
    many things, `operated` two portals; `seconds` is how long each is measured."""

    program: Path
    everdoor: System
    small: System
    vast: System
    operated: System
    echo: EchoSystem
    seconds: float
    idle: int

    def generator(self, system: EchoSystem, **options: object) -> Generator:
        """A run of the load generator against a system."""
        return Generator(self.program, **players(system), **options)


Scenario: TypeAlias = Callable[[Stage], Figures]


class Load(NamedTuple):
    """Players on one system: `clients` of them from account `first` on typing `line`."""

    clients: int
    line: str = KNOWN
    first: int = 0
    options: dict[str, object] = {}

    def run(self, stage: Stage, system: EchoSystem) -> Figures:
        """Measure it once."""
        with stage.generator(
            system,
            clients=self.clients,
            first=self.first,
            line=self.line,
            seconds=stage.seconds,
            **self.options,
        ) as generator:
            generator.until("begin")
            before = system.cpu_s("server"), system.cpu_s("portal")
            generator.until("end")
            server_s = system.cpu_s("server") - before[0]
            portal_s = system.cpu_s("portal") - before[1]
            heard = generator.result()
        system.until_quiet()
        return load_figures(heard, server_s, portal_s)


def load_figures(heard: Heard, server_s: float = 0.0, portal_s: float = 0.0) -> Figures:
    """What one run has shown, with the CPU time of all processes of a role meanwhile."""
    return {
        **quantiles([heard]),
        "rate": heard.answers / heard.seconds,
        "max_ms": heard.max_us / 1e3,
        "silence_ms": heard.silence_us / 1e3,
        "server_cpu_ms": server_s / heard.answers * 1e6,
        "portal_cpu_ms": portal_s / heard.answers * 1e6,
        "generator_cpu_us": heard.cpu_s / heard.commands * 1e6,
        "deliveries": heard.deliveries / heard.seconds,
        "server_delivery_us": server_s / heard.deliveries * 1e6,
        "portal_delivery_us": portal_s / heard.deliveries * 1e6,
        "logins": heard.clients / heard.login_s,
        "faults": faults(heard),
    }


def quantiles(heard: Sequence[Heard]) -> Figures:
    """How long answers took, those of all these runs put together."""
    shares = {"p50_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    return {name: quantile_us(heard, share) / 1e3 for name, share in shares.items()}


def faults(heard: Heard) -> int:
    """Lines lost or doubled and connections dropped."""
    return heard.lost + heard.doubled + heard.dropped


def both(name: str, load: Load) -> Scenario:
    """A load on Everdoor and, in the same minute, on the limit."""

    def measure(stage: Stage) -> Figures:
        return {
            **named(f"{name}.everdoor", load.run(stage, stage.everdoor)),
            **named(f"{name}.limit", load.run(stage, stage.echo)),
        }

    return measure


def alone(name: str, load: Load) -> Scenario:
    """A load on Everdoor for which the limit has nothing to compare."""
    return lambda stage: named(f"{name}.everdoor", load.run(stage, stage.everdoor))


def unknown(stage: Stage) -> Figures:
    """What a line costs that is no command, against one that is."""
    known = Load(ACTIVE, KNOWN).run(stage, stage.everdoor)
    unknown = Load(ACTIVE, UNKNOWN).run(stage, stage.everdoor)
    ratio = unknown["server_cpu_ms"] / known["server_cpu_ms"]
    return {**named("unknown.everdoor", unknown), "unknown.everdoor.cost": ratio}


def reload(name: str, clients: int) -> Scenario:
    """A reload while everybody types."""

    def measure(stage: Stage) -> Figures:
        figures: Figures = {}

        def act() -> None:
            done = stage.everdoor.reload()
            figures.update({f"part_{part}_ms": s * 1e3 for part, s in done.parts.items()})
            figures["told_ms"] = done.silence_s * 1e3

        heard = _around(stage, clients, act)
        return named(f"{name}.everdoor", {**figures, **_silence(heard)})

    return measure


def kill(name: str, clients: int) -> Scenario:
    """kill -9 of the server's worker while everybody types."""

    def measure(stage: Stage) -> Figures:
        heard = _around(stage, clients, stage.everdoor.kill_server)
        return named(f"{name}.everdoor", _silence(heard))

    return measure


def _around(stage: Stage, clients: int, act: Callable[[], None]) -> Heard:
    system = stage.everdoor
    options: dict[str, Any] = {"interval": STEP_S, "seconds": AROUND_S, "drain": 20}
    with stage.generator(system, clients=clients, line=KNOWN, **options) as generator:
        generator.until("begin")
        time.sleep(BEFORE_S)
        act()
        generator.until("end")
        heard = generator.result()
    system.until_standby()
    return heard


def _silence(heard: Heard) -> Figures:
    return {
        "silence_ms": heard.silence_us / 1e3,
        "median_silence_ms": heard.median_silence_us / 1e3,
        "worst_wait_ms": heard.worst_wait_us / 1e3,
        "faults": faults(heard),
    }


def idle(stage: Stage) -> Figures:
    """Memory and CPU of processes that have nobody, and many who do nothing; once, while new."""
    system = stage.everdoor
    base = {role: _worker_kib(system, role) for role in ("server", "portal")}
    with crowd(stage, system, stage.idle):
        grown = {role: _worker_kib(system, role) - base[role] for role in ("server", "portal")}
        before = {role: system.cpu_s(role) for role in ("server", "portal")}
        time.sleep(AROUND_S)
        used = {role: system.cpu_s(role) - before[role] for role in ("server", "portal")}
    system.until_quiet()
    figures: Figures = {}
    for role in ("server", "portal"):
        figures[f"{role}_base_mib"] = base[role] / 1024
        figures[f"{role}_session_kib"] = grown[role] / stage.idle
        figures[f"{role}_idle_cpu_percent"] = used[role] / AROUND_S * 100
    return named("idle.everdoor", figures)


def _worker_kib(system: System, role: Any) -> int:
    return memory_kib(system.worker_pid(role))


def size(stage: Stage) -> Figures:
    """What a turn costs in a world of many accounts and idle sessions, against one of few."""
    load = Load(ACTIVE, KNOWN)
    large = load.run(stage, stage.everdoor)
    small = load.run(stage, stage.small)
    ratio = large["server_cpu_ms"] / small["server_cpu_ms"]
    return {
        **named("large.everdoor", large),
        **named("small.everdoor", small),
        "large.everdoor.cost": ratio,
    }


def things(stage: Stage) -> Figures:
    """What a start, memory and a turn cost in a world of very many things, against one of few."""
    starts = {system: system.restart_server() for system in (stage.vast, stage.small)}
    memory = {system: _worker_kib(system, "server") / 1024 for system in starts}
    load = Load(ACTIVE, KNOWN)
    vast, small = load.run(stage, stage.vast), load.run(stage, stage.small)
    figures = {
        "start_s": starts[stage.vast],
        "more_start_s": starts[stage.vast] - starts[stage.small],
        "more_mib": memory[stage.vast] - memory[stage.small],
        "cost": vast["server_cpu_ms"] / small["server_cpu_ms"],
    }
    return named("vast.everdoor", {**vast, **figures})


@contextmanager
def crowd(stage: Stage, system: System, count: int) -> Iterator[None]:
    """So many who are logged in and do nothing, for as long as the block runs."""
    first = IDLE_FROM if system is stage.everdoor else ACTIVE
    with stage.generator(system, clients=count, first=first, hold=True) as generator:
        generator.until("ready")
        system.until_quiet()
        yield


def named(prefix: str, figures: Figures) -> Figures:
    """Figures under the name of their scenario and system."""
    return {f"{prefix}.{name}": value for name, value in figures.items()}


QUICK: list[Scenario] = [
    both("one", Load(1)),
    both("rooms200", Load(200)),
    alone("hall200", Load(200, first=TEN_A_ROOM)),
    both("say200", Load(200, SAY, TEN_A_ROOM, {"speakers": 1, "window": SAY_WINDOW})),
    unknown,
    reload("reload200", 200),
    kill("kill200", 200),
]
"""What a change in a hot path, or in how the server goes, shows first."""

FULL: list[Scenario] = [
    both("one", Load(1)),
    both("rooms50", Load(50)),
    both("rooms200", Load(200)),
    alone("hall200", Load(200, first=TEN_A_ROOM)),
    both("rooms1000", Load(1000)),
    both("paced200", Load(200, options={"interval": STEP_S})),
    both("say200", Load(200, SAY, TEN_A_ROOM, {"speakers": 1, "window": SAY_WINDOW})),
    unknown,
    reload("reload50", 50),
    reload("reload200", 200),
    kill("kill50", 50),
    kill("kill200", 200),
]
