"""Supervisors and workers as real processes, killed and stopped."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from everdoor.bus import Bus, RpcClient
from everdoor.endpoints import Endpoints, endpoints
from everdoor.errors import CallRefused, StartupError
from everdoor.lockfile import LockFile
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Call, Result, Status, StatusReport, Stop, StopServer
from everdoor.supervisor import supervise
from running import run

HERE = Path(__file__).parent / "processes"
LIMIT_S = 20.0
PATIENCE_S = 60.0
"""Longest wait for a state; only a failure is ever this slow."""

pytestmark = pytest.mark.timeout(200)


class Supervised:
    """A supervisor process and how to reach it."""

    def __init__(self, home: Path, target: str, places: int, *options: str) -> None:
        self.home = home
        self.system: Endpoints = endpoints(home, Path(tempfile.gettempdir()), 0)
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "supervised", str(home), f"workers:{target}", str(places)]
            + list(options),
            env={**os.environ, "PYTHONPATH": str(HERE), "EVERDOOR_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *calls: Call, meanwhile: Callable[[], object] = int) -> list[str | Result]:
        """Ask all at once, and do something while they are under way; refusals as text."""

        async def main() -> list[str | Result]:
            bus = Bus(asyncio.get_running_loop())
            try:
                client = RpcClient(bus, self.system.control("game"), "cli")
                asked = [asyncio.create_task(_answered(client, call)) for call in calls]
                await asyncio.to_thread(meanwhile)
                return await asyncio.gather(*asked)
            finally:
                bus.close()

        return run(main())

    def status(self) -> StatusReport:
        [answer] = self.ask(Status())
        assert isinstance(answer, StatusReport)
        return answer

    def until(self, condition: Callable[[StatusReport], bool]) -> StatusReport:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            report = self.status()
            if condition(report):
                return report
        raise AssertionError(f"it stays {report}")

    def until_up(self) -> StatusReport:
        return self.until(lambda report: report.state == "up")

    def end(self) -> tuple[int, str, str]:
        out, err = self.popen.communicate(timeout=LIMIT_S)
        return self.popen.returncode, out, err


async def _answered(client: RpcClient, call: Call) -> str | Result:
    try:
        return await client.call(call, deadline_s=LIMIT_S)
    except CallRefused as exc:
        return str(exc)


Start = Callable[..., Supervised]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Supervised] = []

    def start_one(target: str, places: int = 1, *options: str) -> Supervised:
        started.append(Supervised(tmp_path / "home", target, places, *options))
        return started[-1]

    yield start_one
    for supervised in started:
        supervised.popen.kill()
        supervised.popen.communicate()
        shutil.rmtree(supervised.system.folder, ignore_errors=True)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + LIMIT_S
    while is_running(pid):
        assert time.monotonic() < end, f"process {pid} lives on"


def test_supervisor_reports_workers_and_what_they_say(start: Start) -> None:
    game = start("good", 2)
    report = game.until(lambda report: all(worker.info for worker in report.workers))
    assert (report.process, report.pid) == ("game", game.popen.pid)
    infos = [worker.info for worker in report.workers]
    assert infos == [
        {
            "process": "game",
            "index": index,
            "life": index + 1,
            "listens": True,
            "stdin": "/dev/null",
            "ignores": [True, True, True],
        }
        for index in (0, 1)
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_supervisor_stops_in_order_on_a_signal(start: Start, number: signal.Signals) -> None:
    game = start("good")
    game.until_up()
    game.popen.send_signal(number)
    code, out, err = game.end()
    assert (code, out) == (0, "stopped: The game is being stopped.\n")
    assert "Traceback" not in err


def test_supervisor_stops_on_request_and_answers_first(start: Start) -> None:
    game = start("good")
    game.until_up()
    assert game.ask(Stop("Back at noon.")) == [Done()]
    code, out, _ = game.end()
    assert (code, out) == (0, "stopped: Back at noon.\n")
    assert list(game.system.folder.iterdir()) == []


def test_supervisor_ignores_hangup(start: Start) -> None:
    game = start("good")
    worker = game.until_up().workers[0].pid
    game.popen.send_signal(signal.SIGHUP)
    assert game.until_up().workers[0].pid == worker


def test_supervisor_kills_a_worker_that_does_not_stop(start: Start) -> None:
    game = start("stubborn")
    worker = game.until_up().workers[0].pid
    game.popen.send_signal(signal.SIGTERM)
    assert game.end()[0] == 0
    assert not is_running(worker)


def test_supervisor_says_that_a_stopped_worker_hangs_until_it_answers_again(start: Start) -> None:
    game = start("good")
    worker = game.until_up().workers[0].pid
    os.kill(worker, signal.SIGSTOP)
    game.until(lambda report: report.state == "hanging")
    os.kill(worker, signal.SIGCONT)
    assert game.until_up().workers[0].pid == worker


def test_supervisor_replaces_a_worker_that_hangs_beyond_its_limit(start: Start) -> None:
    game = start("good", 1, "hang_limit")
    worker = game.until_up().workers[0].pid
    os.kill(worker, signal.SIGSTOP)
    report = game.until(lambda report: report.workers[0].info.get("life") == 2)
    assert report.workers[0].pid != worker and not is_running(worker)


def test_supervisor_starts_a_killed_worker_again(start: Start) -> None:
    game = start("good")
    first = game.until_up().workers[0]
    os.kill(first.pid, signal.SIGKILL)
    again = game.until(lambda report: report.workers[0].info.get("life") == 2).workers[0]
    assert again.pid != first.pid
    assert again.failures <= 1  # forgotten half a second later


def test_supervisor_tells_of_a_worker_that_keeps_dying(start: Start) -> None:
    game = start("short_lived")
    game.until(lambda report: report.workers[0].failures >= 2 and report.state != "up")
    game.ask(Stop(""))
    assert "to be tried again" in game.end()[2]


def test_supervisor_promotes_the_standby(start: Start) -> None:
    game = start("good", 1, "standby")
    first = game.until_up().workers[0]
    standby = wait_for_other_child(game.popen.pid, first.pid)
    os.kill(first.pid, signal.SIGKILL)
    second = game.until(lambda report: report.workers[0].info.get("life") == 2).workers[0]
    assert second.pid == standby
    wait_for_other_child(game.popen.pid, standby)


def wait_for_other_child(parent: int, known: int) -> int:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        others = [int(pid) for pid in children if int(pid) != known and is_running(int(pid))]
        if others:
            return others[0]
    raise AssertionError("no standby was started")


def test_supervisor_takes_its_workers_with_it_when_killed(start: Start) -> None:
    game = start("good")
    worker = game.until_up().workers[0].pid
    game.popen.kill()
    wait_until_gone(worker)
    assert start("good").until_up().state == "up"


def until_it_starts_again(game: Supervised) -> None:
    """Wait until the first worker has died and the second does not serve yet."""
    game.until(lambda report: report.state == "restarting" and report.workers[0].failures == 1)


def test_change_that_waits_for_a_worker_is_told_when_none_is_to_come(start: Start) -> None:
    game = start("slow_again")
    until_it_starts_again(game)

    def stop() -> None:
        game.status()
        game.ask(Stop(""))

    told = game.ask(StopServer(), meanwhile=stop)
    assert told == ["The server cannot be changed now: it is being stopped."]


def test_of_changes_that_wait_for_a_worker_only_the_last_is_made(start: Start) -> None:
    game = start("slow_again")
    until_it_starts_again(game)

    def let_it_serve() -> None:
        game.status()
        (game.home / "serve").touch()

    told = game.ask(StopServer(), StopServer(), meanwhile=let_it_serve)
    [refusal] = [one for one in told if one != Done()]
    # One that came so late that the worker served before it has not waited.
    assert refusal in (
        "Another change was asked for after this one.",
        "The server cannot be changed now: another restart is under way.",
    )
    assert game.status().state == "down"


def test_supervisor_answers_while_its_worker_hangs(start: Start) -> None:
    game = start("hanging")
    report = game.until(lambda report: report.state in ("up", "hanging"))
    assert report.workers[0].info == {}


@pytest.mark.parametrize(
    ("target", "told"),
    [("refusing", "everdoor: the database is missing\n"), ("missing", "worker failed")],
)
def test_supervisor_ends_when_no_worker_ever_served(start: Start, target: str, told: str) -> None:
    code, _, err = start(target, 2).end()
    assert code == 3
    assert told in err
    assert ("Traceback" in err) == (target == "missing")


def test_supervisor_of_a_home_is_alone(start: Start) -> None:
    first = start("good")
    first.until_up()
    code, _, err = start("good").end()
    assert code == 3
    assert f"runs already (pid {first.popen.pid})" in err
    assert err.count("\n") == 1
    assert first.status().state == "up"


@pytest.mark.parametrize(
    ("process", "setting"), [("server", "EVERDOOR_HOME"), ("portal.1", "EVERDOOR_PORTAL_ID")]
)
def test_process_that_runs_already_is_told_with_what_to_set(
    tmp_path: Path, process: str, setting: str
) -> None:
    (tmp_path / "run").mkdir(mode=0o700)
    system = endpoints(tmp_path, tmp_path, os.getuid())
    with LockFile(tmp_path / "run" / f"{process}.lock") as held:
        assert held.try_exclusive()
        with pytest.raises(StartupError, match=setting):
            supervise(process, tmp_path, system, lambda stack: [])


def test_worker_alone_says_who_starts_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "everdoor.worker", "workers:good"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert done.stderr == (
        "everdoor: workers are started by a supervisor, such as `everdoor server run`\n"
    )
