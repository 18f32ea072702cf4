"""A whole system of real processes for a test: started, looked at, killed in parts, and cleared up.

Its state is in a folder of its own, its port is free and on the loopback. Whoever uses a System in
a `with` gets, at its end: no process of it is left, and no traceback stands in what it printed or
logged; when the test fails, all of that is printed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from everdoor.cli.control import reports
from everdoor.cli.state import notes, system_state
from everdoor.endpoints import Endpoints, endpoints

T = TypeVar("T")

HOST = "127.0.0.1"
PROGRAMS = Path(sys.executable).parent
PATIENCE_S = 60.0
"""Longest wait for anything to happen; only a failure is ever this slow."""

COMMAND_S = 120.0
"""Longest that a command may take: a second of work is half a minute where many work at once."""

LOOK_S = 0.02
"""Pause between two looks at whether it has happened."""

PASSWORD = "seven lanterns"

UNLIMITED = {"max_connection_rate": 0, "max_preauth_per_address": 0, "max_command_rate": 0}
"""All players of a test come from one address, and some type as fast as they can."""

PROCFILE = """\
auth: everdoor auth run
server: everdoor server run
portal: everdoor portal run --workers {portals}
"""


class Status(NamedTuple):
    """What `everdoor status --json` says; portals by id."""

    auth: dict[str, Any]
    server: dict[str, Any]
    portals: dict[str, dict[str, Any]]

    def is_up(self, portals: int) -> bool:
        """Whether everything serves, with so many portals, and has said how it is."""
        all_of_it = [self.auth, self.server, *self.portals.values()]
        # A worker that is busy for half a second is up, and nothing else is known of it.
        words = [self.server["generation"], *(one["sessions"] for one in self.portals.values())]
        has_spoken = None not in words
        is_whole = len(self.portals) == portals and has_spoken
        return is_whole and all(one["state"] == "up" for one in all_of_it)


class System:
    """One home with its processes.

    Args:
        folder: An empty folder for all of it.
        port: Telnet port; None: a free one.
        home: The home; None: one in the folder.
        portals: How many portals share the port.
        **settings: Settings by name in lower case.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        home: Path | None = None,
        portals: int = 2,
        **settings: object,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.home = home or folder / "home"
        self.host = HOST
        self.port = free_port() if port is None else port
        self.portals = portals
        self._settings = settings
        self._processes: list[subprocess.Popen[bytes]] = []
        self._outputs: list[Path] = []
        self._expected: list[str] = []
        (folder / "Procfile").write_text(PROCFILE.format(portals=portals))

    # The beginning and the end.

    def __enter__(self) -> System:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc_info: object) -> None:
        failed = True
        try:
            self.stop()
            until(lambda: not self.pids(), "no process is left")
            assert not (told := self.tracebacks()), "\n".join(told)
            failed = kind is not None
        finally:
            if failed:
                print(self.output())
            self.kill_all()
            shutil.rmtree(_endpoints(self.home).folder, ignore_errors=True)

    def up(self) -> System:
        """Start everything by `everdoor up` and wait until it serves."""
        self.start("up")
        self.until_up()
        return self

    def start(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start `everdoor COMMAND` in a process group of its own, printing into a file."""
        path = self.folder / f"{len(self._outputs):02d}-{'-'.join(command)}.out".replace("/", "_")
        self._outputs.append(path)
        with path.open("wb") as output:
            process = subprocess.Popen(
                [PROGRAMS / "everdoor", *command],
                cwd=self.folder,
                env={**self.environment(), **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def start_supervisors(self) -> None:
        """Start the three supervisors each by itself and wait until all serve."""
        self.run("db", "upgrade")
        for kind in ("auth", "server", "portal"):
            self.start_supervisor(kind)
        self.until_up()

    def start_supervisor(self, kind: str, env: Mapping[str, str] | None = None) -> None:
        """Start `everdoor KIND run`."""
        options = ["--workers", str(self.portals)] if kind == "portal" else []
        self.start(kind, "run", *options, env=env)

    def stop(self) -> None:
        """Have everything that was started end in order. Idempotent."""
        running = [process for process in self._processes if process.poll() is None]
        for process in running:
            process.terminate()
        for process in running:
            process.wait(PATIENCE_S)

    def kill_all(self) -> None:
        """Kill every process of this home; one that was just being started as well."""
        while pids := self.pids():
            for pid in pids:
                kill(pid)
            for process in self._processes:
                process.poll()

    # Looking at it.

    def environment(self) -> dict[str, str]:
        """What its commands run in."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("EVERDOOR_")}
        own = {
            "home": self.home,
            "telnet_port": self.port,
            "web_port": 0,
            "tls_port": "off",
            "ssh_port": "off",
            "listen_address": HOST,
            "metrics_port": 0,
            **UNLIMITED,
            **self._settings,
        }
        named = {f"EVERDOOR_{name.upper()}": str(value) for name, value in own.items()}
        return {**inherited, "PATH": f"{PROGRAMS}:{inherited['PATH']}", **named}

    def run(
        self, *command: str, code: int = 0, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `everdoor COMMAND` to its end, which must have this exit code."""
        done = subprocess.run(
            [PROGRAMS / "everdoor", *command],
            cwd=self.folder,
            env={**self.environment(), **(env or {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        told = f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, told
        assert "Traceback" not in done.stdout + done.stderr, told
        return done

    def status(self) -> Status:
        """How everything is, as `everdoor status` says it; processes that do not run are down.

        Asked from here and not by the command, which takes a quarter of a second of a core, because
        it is asked all the time. In a thread: there may be a loop in this one.
        """
        with ThreadPoolExecutor(1) as thread:
            found = thread.submit(reports, _endpoints(self.home)).result()
        state = msgspec.to_builtins(system_state(filter(None, found.values())))
        portals = {portal["id"]: portal for portal in state["portals"]}
        return Status(state["auth"], state["server"], portals)

    def notes(self, process: str) -> list[str]:
        """What `everdoor status` notes of a process, asked from here as `status` is."""
        with ThreadPoolExecutor(1) as thread:
            report = thread.submit(reports, _endpoints(self.home)).result().get(process)
        return notes(report) if report else []

    def until_up(self) -> Status:
        """Wait until everything serves; what was started last must not end before."""

        def up() -> Status | None:
            assert self._processes[-1].poll() is None, f"could not start:\n{self.output()}"
            status = self.status()
            return status if status.is_up(self.portals) else None

        return until(up, "everything is up", 2 * PATIENCE_S)

    def worker(self) -> int:
        """The pid of the server's worker, once one serves."""

        def serving() -> int:
            server = self.status().server
            return int(server["worker_pid"]) if server["state"] == "up" else 0

        return until(serving, "the server serves", 2 * PATIENCE_S)

    def until_replaced(self, worker: int) -> None:
        """Wait until another worker than this one serves; its supervisor may not miss it yet."""
        until(lambda: self.worker() != worker, "another worker serves", 2 * PATIENCE_S)

    def make_accounts(self, names: list[str], superuser: bool = False) -> None:
        """Make accounts with the PASSWORD."""
        lines = "".join(f"{name}\t{PASSWORD}\n" for name in names)
        options = ["--superuser"] if superuser else []
        self.run("account", "create", *options, "--from", "-", stdin=lines)

    def pids(self) -> list[int]:
        """Every process that runs with this home."""
        mark = f"EVERDOOR_HOME={self.home}\0".encode()
        return [pid for pid in _all_pids() if mark in _environment(pid)]

    def output(self) -> str:
        """All that was printed and logged."""
        files = [*self._outputs, *sorted((self.home / "logs").glob("*"))]
        return "\n".join(f"--- {file.name}\n{_text(file)[-8000:]}" for file in files)

    def tracebacks(self) -> list[str]:
        """Lines of what was printed and logged that hold a traceback, with their file."""
        files = [*self._outputs, *sorted((self.home / "logs").glob("*"))]
        return [
            f"{file.name}: {line[:2000]}"
            for file in files
            for line in _text(file).splitlines()
            if "Traceback (most recent call last)" in line
            and not any(event in line for event in self._expected)
        ]

    def expects_tracebacks(self, event: str) -> None:
        """Take tracebacks that are logged with this event for what the test wanted."""
        self._expected.append(event)

    # The world's database.

    def places(self) -> dict[str, str]:
        """The key of its place for every character by key, and for every thing by each alias."""
        return dict(
            self.select(
                """SELECT it.key, place.key FROM world_object it
                   JOIN world_object place ON place.id = it.location_id
                   WHERE it.key IN (SELECT key FROM world_account)
                   UNION SELECT tag.name, place.key FROM world_tag tag
                   JOIN world_object it ON it.id = tag.object_id
                   JOIN world_object place ON place.id = it.location_id
                   WHERE tag.kind = 'alias' AND tag.name LIKE '%''s key'"""
            )
        )

    def select(self, sql: str) -> list[Any]:
        """Read the world's database as it is, whoever has it open."""
        db = sqlite3.connect(f"file:{self.home}/world.db?mode=ro", uri=True)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()


def until(happens: Callable[[], T | None], what: str, within_s: float = PATIENCE_S) -> T:
    """Look until something is true, and return it.

    Raises:
        AssertionError: It did not happen in time.
    """
    deadline = time.monotonic() + within_s
    while not (found := happens()):
        assert time.monotonic() < deadline, f"did not happen within {within_s:g} s: {what}"
        time.sleep(LOOK_S)
    return found


def kill(pid: int) -> None:
    """Kill a process with SIGKILL; one that is gone already is no error."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    return bool(_environment(pid)) or bool(_command(pid))


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _endpoints(home: Path) -> Endpoints:
    return endpoints(home, Path(tempfile.gettempdir()), os.getuid())


def _all_pids() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _text(file: Path) -> str:
    return file.read_text("utf-8", "replace") if file.exists() else ""
