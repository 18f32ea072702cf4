"""A real PostgreSQL server for tests: in a folder of its own, on a socket in it, ended with them.

PostgreSQL refuses to run as root, so that it then runs as the user of its Debian package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

USER = "postgres"

SETTINGS = {
    "listen_addresses": "",
    # The machine does not lose its power in a test.
    "fsync": "off",
    "max_connections": "50",
    "shared_buffers": "16MB",
    "log_min_messages": "fatal",
}

START_S = 30

CUT_OTHERS = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
"""Ends every other connection to a database."""


class NoPostgres(Exception):
    """The programs of PostgreSQL are not installed; the text says what to do."""


class Postgres:
    """A server; made running."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._programs = _programs()
        self._run("initdb", "--auth=trust", f"--username={USER}", "--no-sync", "--encoding=UTF8")
        with (self._data / "postgresql.conf").open("a") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
            config.write(f"unix_socket_directories = '{folder}'\n")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "start", "-w", "-t", str(START_S), "-s", "-l", f"{self._folder}/log")

    def stop(self, mode: str = "fast") -> None:
        """End it.

        Args:
            mode: `fast`: in order, its clients disconnected; `immediate`: as a crash.
        """
        self._run("pg_ctl", "stop", "-w", "-s", "-m", mode)

    def empty_database(self) -> str:
        """Empty the one database that tests take in turn; returns its URL.

        To make one for each would write 8 MB, a hundred times over.
        """
        url = f"postgresql://{USER}@/{USER}?host={quote(str(self._folder), safe='')}"
        self.query(url, CUT_OTHERS)
        self.query(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return url

    def query(self, url: str, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement, or several without answers, by itself."""
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def holding(self, url: str, sql: str) -> Iterator[None]:
        """Hold what a statement locks."""
        with psycopg.connect(url) as connection:
            connection.execute(sql.encode())
            yield

    def _run(self, program: str, *arguments: str) -> None:
        user = USER if os.geteuid() == 0 else None
        done = subprocess.run(
            [self._programs / program, "-D", self._data, *arguments],
            user=user,
            group=user,
            extra_groups=[] if user else None,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for the time of the block.

    Raises:
        NoPostgres: It is not installed.
    """
    _programs()
    with tempfile.TemporaryDirectory(prefix="everdoor-pg-") as path:
        folder = Path(path)
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        server = Postgres(folder)
        try:
            yield server
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                server.stop("immediate")


def _programs() -> Path:
    """The folder of the newest PostgreSQL: Debian keeps them off the PATH, side by side."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3])
    )
    on_path = shutil.which("pg_ctl")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    raise NoPostgres("PostgreSQL is not installed; `make test` run as root installs it on Debian")
