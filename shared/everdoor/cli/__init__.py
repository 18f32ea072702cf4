"""The `everdoor` program: its commands for the system as a whole, and the frame for all others.

What a service offers (`everdoor auth ...`) is in that service's `cli` module and is found through
the entry-point group `everdoor.commands`. stdout is the answer, stderr is talk. Exit codes: 0
done, 1 failed, 2 wrong usage, 3 could not start.
"""

from everdoor.cli.program import main

__all__ = ["main"]
