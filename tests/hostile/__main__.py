"""All attacks on one portal, and what they cost: `make hostile`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from hostile.field import NAMES, run, table
from integration.system import System

CLIENTS = 10
MOST = 64 << 20


def main(clients: int = CLIENTS) -> None:
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        with System(Path(path), portals=1) as system:
            system.up()
            system.make_accounts(["Anna"])
            print(table(asyncio.run(run(system, NAMES, MOST, clients))))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
