"""Runs many schedules and says what was violated and which faults crossed which messages.

    cd tests && python -m simulator --schedules 100000 --first 0

Exit code 1 when something was violated; the scripts that show it are printed, shortened.
"""

from __future__ import annotations

import sys
from itertools import islice

import click

from simulator.coverage import table
from simulator.network import Crossings
from simulator.schedules import search, silence

MOST_FAILURES = 5
"""Failures after which a run ends: they are shortened one by one, and tend to be the same."""


@click.command()
@click.option("--schedules", default=10_000, show_default=True, help="How many to run.")
@click.option("--first", default=0, show_default=True, help="Seed of the first.")
def main(schedules: int, first: int) -> None:
    """Run schedules of crashes, cuts and replacements in memory."""
    silence()
    crossings = Crossings()
    seeds = range(first, first + schedules)
    failures = 0
    for failure in islice(search(seeds, crossings=crossings), MOST_FAILURES):
        failures += 1
        click.echo(failure)
    click.echo(table(crossings))
    click.echo(f"seeds {first} to {first + schedules - 1}: {failures or 'no'} violations")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
