"""Breaks systems under load in every way of the table, checks what players saw, and says so.

`python -m faults [full|quick]`, from `make faults`; `--only` picks rows by a part of their name.
The table is printed, and with `full` written into docs/reliability.md between its markers.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from faults import (
    client_rows,
    clock_rows,
    database_rows,
    host_rows,
    process_rows,
    server_rows,
)
from faults.bench import FULL, QUICK, SMALL, run_row
from faults.results import Result, summary, table

GROUPS = (server_rows, process_rows, host_rows, client_rows, database_rows, clock_rows)
ROWS = tuple(row for group in GROUPS for row in group.ROWS)
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
SCALES = {"full": FULL, "quick": QUICK, "small": SMALL}


def main() -> int:
    """Run what was asked for; the exit code is 1 when anything was found."""
    asked = _arguments()
    # What was started is ended also when this is.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = []
    for row in ROWS:
        if asked.only in row.name:
            result = run_row(row, SCALES[asked.scale], asked.seed, asked.count)
            results.append(result)
            _tell(result)
    shown = table(results)
    print(f"\n{shown}")
    if asked.scale == "full" and not asked.only:
        when = f"`make faults`, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores"
        _write(f"{when}: {summary(results)}\n\n{shown}")
    return 0 if all(result.is_sound for result in results) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("scale", nargs="?", choices=SCALES, default="full", help="how much is done")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other instants")
    parser.add_argument("--count", type=int, help="faults of each row, instead of the scale's")
    return parser.parse_args()


def _tell(result: Result) -> None:
    verdict = "skipped" if result.skipped else "sound" if result.is_sound else "NOT SOUND"
    print(
        f"{time.strftime('%H:%M:%S')} {result.took_s:6.1f} s  {verdict:<10} {result.name}", end=""
    )
    print(f": {result.faults} of {result.wanted}, {result.lines} lines")
    for text in result.told():
        print(f"    {text}")
    sys.stdout.flush()


def _write(shown: str) -> None:
    """Put the table into the page, between its markers."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{shown}\n\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main())
