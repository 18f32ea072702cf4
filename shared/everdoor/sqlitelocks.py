"""Locks of SQLite: waiting for whoever holds one, where SQLite itself does not, or not well.

It does not wait for somebody who turns the same empty database's journal into a log, and else it
pauses for up to 0.1 s at a time.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from typing import Any

PAUSE_S = 0.001
"""Between two tries: what holds the lock is most often a checkpoint that is nearly done."""


def patiently(
    connection: sqlite3.Connection, sql: str, timeout_s: float, parameters: Mapping[str, Any] = {}
) -> sqlite3.Cursor:
    """Run what may find a lock, again and again while it does.

    Raises:
        sqlite3.OperationalError: It has found one for so long; or what SQLite says otherwise.
    """
    end = time.monotonic() + timeout_s
    while True:
        try:
            return connection.execute(sql, parameters)
        except sqlite3.OperationalError as exc:
            is_busy = exc.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= end:
                raise
        time.sleep(PAUSE_S)
