"""The world's clock, by which timers are due: it goes on where a former server's has stopped.

A jumping wall clock must not make everything due at once, nor put it off by days. As long as the
machine is up, its monotonic clock says how much time has passed, also between two servers; only
after a reboot, or on another machine, the wall clock is asked. Which boot it was and where the
clock stood then is kept in the world's register. Reading clocks is the worker's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

BOOT = "clock boot"
AT_BOOT_US = "clock at boot"
"""Names in the register: the boot, and what the clock said at it, in microseconds."""


class Register(Protocol):
    """Numbers by name, kept in the database."""

    def get(self, name: str) -> int: ...
    def set(self, name: str, number: int) -> None: ...


class Clocks(NamedTuple):
    """What a machine's clocks say.

    Fields: `boot` names the present boot, a number from 1; 0: not known. `wall_s`: seconds since
    the epoch. `monotonic_s`: seconds since about the boot, the same for all processes.
    """

    boot: int
    wall_s: float
    monotonic_s: float


def at_boot_s(counter: Callable[[str], int], clocks: Clocks) -> float:
    """What the world's clock said when the monotonic one began.

    Args:
        counter: Reads a number of the register.
    """
    if clocks.boot and counter(BOOT) == clocks.boot:
        return counter(AT_BOOT_US) / 1e6
    return clocks.wall_s - clocks.monotonic_s


def keep(register: Register, clocks: Clocks, began_s: float) -> None:
    """Have the next server on this machine go on with this clock."""
    if clocks.boot and register.get(BOOT) != clocks.boot:
        register.set(BOOT, clocks.boot)
        register.set(AT_BOOT_US, round(began_s * 1e6))
