"""What is measured: systems of real processes, each in a home of its own on a free port.

A `System` is Everdoor as it ships, but for the price of a password hash (`free_auth`); an
`EchoSystem` is a portal with an echo behind it (`echo`). What they use is read from /proc.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self, TypeAlias

from bench import processes
from bench.generator import BenchError
from bench.population import PASSWORD, populate
from everdoor.cli.control import command, reports
from everdoor.endpoints import endpoints
from everdoor.messages.calls import Restart, Restarted
from everdoor.settings import Settings

Role: TypeAlias = Literal["auth", "server", "portal"]

TOP = Path(__file__).parents[1]
HOST = "127.0.0.1"
PATIENCE_S = 60.0
LOOK_S, START_LOOK_S = 0.05, 0.01

QUIET_CPU_S = 0.01
QUIET_S = 0.4
"""A process that uses less in this time has nothing to do but heartbeats."""

EVERDOOR = (sys.executable, "-m", "everdoor.cli")


class EchoSystem:
    """A portal and an echo in place of the game; to be used in a `with`, which ends it.

    Attributes:
        port: Where clients connect.
        login: What the load generator types to log in; nothing here.
        ready: What answers its first line.

    Args:
        folder: An empty folder for all of it.
        portals: Workers of the portal process.
    """

    login = ""
    ready = "think "

    def __init__(self, folder: Path, portals: int) -> None:
        self.home = folder / "home"
        self.port = _free_port()
        self._folder = folder
        self._portals = portals
        self._processes: dict[Role, subprocess.Popen[bytes]] = {}
        self._endpoints = endpoints(self.home, Path(tempfile.gettempdir()), os.getuid())

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(PATIENCE_S)

    def start(self) -> None:
        """Start the processes and wait until they serve."""
        self.home.mkdir(parents=True)
        self._start("server", sys.executable, "-m", "bench.echo")
        self._start_portal()
        self.until(self._is_listening, "the portal listens")

    def pids(self, role: Role) -> list[int]:
        """The processes of a role: the supervisor first, then its workers."""
        return processes.tree(self._processes[role].pid)

    def cpu_s(self, role: Role) -> float:
        """CPU time that the processes of a role have used, together."""
        return sum(processes.cpu_s(pid) for pid in self.pids(role))

    def until(self, happens: Callable[[], bool], what: str, look_s: float = LOOK_S) -> None:
        """Look until something is true.

        Raises:
            BenchError: It did not happen, or a process has ended.
        """
        end = time.monotonic() + PATIENCE_S
        while not happens():
            ended = [role for role, each in self._processes.items() if each.poll() is not None]
            if ended or time.monotonic() > end:
                raise BenchError(f"not {what}; {ended or 'all'} ended? See {self._folder}")
            time.sleep(look_s)

    def until_quiet(self) -> None:
        """Wait until nothing of it works any more: sessions have ended, workers are loaded."""
        roles = list(self._processes)
        before = -1.0
        while (now := sum(self.cpu_s(role) for role in roles)) - before > QUIET_CPU_S:
            before = now
            time.sleep(QUIET_S)

    def _start(self, role: Role, *arguments: str) -> None:
        output = (self._folder / f"{role}.out").open("wb")
        with output:
            self._processes[role] = subprocess.Popen(
                arguments,
                cwd=self._folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _start_portal(self) -> None:
        self._start("portal", *EVERDOOR, "portal", "run", "--workers", str(self._portals))

    def _environment(self) -> dict[str, str]:
        own = {
            "home": self.home,
            "telnet_port": self.port,
            "tls_port": "off",
            "ssh_port": "off",
            "web_port": 0,
            "listen_address": HOST,
            "login_throttle_limit": 0,
            "max_connection_rate": 0,
            "max_preauth_per_address": 0,
            "max_command_rate": 0,
        }
        named = {f"EVERDOOR_{name.upper()}": str(value) for name, value in own.items()}
        kept = {k: v for k, v in os.environ.items() if not k.startswith("EVERDOOR_")}
        path = os.pathsep.join(filter(None, [str(TOP), kept.get("PYTHONPATH", "")]))
        return {**kept, "PYTHONPATH": path, **named}

    def _is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0


class System(EchoSystem):
    """Everdoor with a world that is populated.

    Args:
        folder, portals: As for EchoSystem.
        accounts, things: How many there are.
    """

    login = "connect"
    ready = 'You think, "'

    def __init__(self, folder: Path, portals: int, accounts: int, things: int) -> None:
        super().__init__(folder, portals)
        self.accounts = accounts
        self.things = things

    def start(self) -> None:
        """Make the world, start the processes, wait until they serve and have a standby."""
        populate(self.home, self.accounts, self.things)
        self._start("auth", sys.executable, "-m", "bench.free_auth")
        self._start_server()
        self._start_portal()
        self.until(self._is_up, "everything is up")
        self.until_standby()

    def worker_pid(self, role: Role) -> int:
        """The worker that serves (the first, where there are several)."""
        report = reports(self._endpoints).get(role)
        if report is None or not report.workers:
            raise BenchError(f"{role} does not answer; see {self._folder}")
        return report.workers[0].pid

    def until_standby(self) -> None:
        """Wait until a second server worker is loaded and waits."""
        self.until(lambda: len(self.pids("server")) == 3, "a standby is there")
        self.until_quiet()

    def command(self, *arguments: str) -> tuple[float, bytes]:
        """Run an operator's command; returns the seconds it took and what it printed.

        Raises:
            BenchError: It failed; the text is what it said.
        """
        taken_s, done = run_command(self._environment(), *arguments)
        if done.returncode:
            raise BenchError(f"everdoor {' '.join(arguments)}: {done.stderr.decode().strip()}")
        return taken_s, done.stdout

    def reload(self) -> Restarted:
        """Reload the game; returns what the supervisor says of it."""
        settings = Settings(home=self.home)
        done = command(settings, "server", Restart("reload"), PATIENCE_S)
        assert isinstance(done, Restarted), "a supervisor answers what it was asked"
        return done

    def restart_server(self) -> float:
        """End the server's process and start it again; seconds until it serves."""
        self._processes["server"].terminate()
        self._processes["server"].wait(PATIENCE_S)
        begun = time.monotonic()
        self._start_server()
        self.until(self._is_up, "the server is up again", START_LOOK_S)
        taken = time.monotonic() - begun
        self.until_standby()
        return taken

    def kill_server(self) -> None:
        """Kill the server's worker with SIGKILL."""
        os.kill(self.worker_pid("server"), signal.SIGKILL)

    def _start_server(self) -> None:
        self._start("server", *EVERDOOR, "server", "run")

    def _is_up(self) -> bool:
        found = reports(self._endpoints)
        return len(found) == 3 and all(each and each.state == "up" for each in found.values())


def run_command(
    environment: dict[str, str], *arguments: str
) -> tuple[float, subprocess.CompletedProcess[bytes]]:
    """Run `everdoor` with arguments, as a program; returns the seconds it took, and what it did."""
    begun = time.perf_counter()
    done = subprocess.run(
        [*EVERDOOR, *arguments], env=environment, capture_output=True, check=False
    )
    return time.perf_counter() - begun, done


def players(system: EchoSystem) -> dict[str, object]:
    """What the load generator needs to know of a system."""
    return {
        "port": system.port,
        "login": system.login,
        "ready": system.ready,
        "password": PASSWORD,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
