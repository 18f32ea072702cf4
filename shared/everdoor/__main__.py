"""`everdoor`, from its first instruction: whoever only looks on makes way for whoever plays.

Starting a program costs a third of a second of a core. Where there are few cores, players would
notice: what they type would wait for a program that is just being loaded. So commands that look on
are run by the system when nothing else is to be run, unless all cores are busy: then an operator
wants to know why, and does not want to wait either.

Source: sched(7), SCHED_IDLE.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

ONLOOKERS = frozenset({"session", "status", "top", "metrics", "log"})
"""Commands of which nothing depends on how soon they are done."""


def main() -> None:
    """Run the program."""
    if ONLOOKERS.intersection(sys.argv[1:2]) and _has_idle_core():
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    # Not before: this is most of what starting costs.
    from everdoor.cli.program import main as program

    program()


def _has_idle_core() -> bool:
    """Whether fewer processes are to be run now, this one among them, than there are cores."""
    with open("/proc/loadavg") as file:
        running = int(file.read().split()[3].partition("/")[0])
    return running <= len(os.sched_getaffinity(0))


if __name__ == "__main__":
    main()
