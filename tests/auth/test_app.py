"""The auth service as processes: its supervisor and worker, real sockets, real kills."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from auth_lives import PASSWORD, call_key
from everdoor.bus import Bus, RpcClient, Subscriber
from everdoor.endpoints import endpoints
from everdoor.errors import CallRefused
from everdoor.events import Published
from everdoor.messages.accounts import AccountFound, Authenticate, CreateAccount
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import Call, Result, Status, StatusReport
from running import run

ADDRESS = "192.0.2.1"


class Home:
    """A folder with an auth service of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.system = endpoints(path, Path(tempfile.gettempdir()), os.getuid())

    def start(self, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "everdoor.cli", "auth", "run"],
            env={**os.environ, "EVERDOOR_HOME": str(self.path), **settings},
            cwd=self.path,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, call: Call, key: CallKey | None = None) -> Result:
        return self._ask(self.system.auth_rpc, call, key)

    def worker(self) -> int:
        """The worker's process id."""
        report = self._ask(self.system.control("auth"), Status(), None)
        assert isinstance(report, StatusReport)
        return report.workers[0].pid

    def _ask(self, endpoint: str, call: Call, key: CallKey | None) -> Result:
        async def ask() -> Result:
            bus = Bus(asyncio.get_running_loop())
            client = RpcClient(bus, endpoint, "server", generation=1)
            try:
                return await client.call(call, key=key, deadline_s=10)
            finally:
                client.close()
                bus.close()

        return run(ask())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    path = tmp_path / "home"
    path.mkdir(mode=0o700)
    return Home(path)


@pytest.fixture
def running(home: Home) -> Iterator[subprocess.Popen[str]]:
    """A service that serves from the first call on: its socket is there before its worker."""
    process = home.start()
    yield process
    process.terminate()
    process.communicate(timeout=10)


def test_auth_serves_accounts_over_rpc(home: Home, running: subprocess.Popen[str]) -> None:
    created = home.ask(CreateAccount("Bob", PASSWORD, ADDRESS))
    assert created == AccountFound(1, "Bob", False)
    assert home.ask(Authenticate("bob", PASSWORD, ADDRESS)) == created
    with pytest.raises(CallRefused) as refused:
        home.ask(Authenticate("bob", "not this one", ADDRESS))
    assert refused.value.code == "wrong_password"
    with pytest.raises(CallRefused) as early:
        home.ask(Authenticate("bob", PASSWORD, ADDRESS))
    assert early.value.retry_after_s > 0


def test_auth_publishes_new_accounts_without_their_passwords(
    home: Home, running: subprocess.Popen[str]
) -> None:
    home.ask(CreateAccount("Ann", PASSWORD, ADDRESS))

    async def main() -> list[Published]:
        bus = Bus(asyncio.get_running_loop())
        got: list[Published] = []
        Subscriber(bus, home.system.auth_events, got.append, topic="account")
        client = RpcClient(bus, home.system.auth_rpc, "cli")
        try:
            for number in itertools.count(1):
                await client.call(CreateAccount(f"Bob{number}", PASSWORD, ""), deadline_s=10)
                if got:
                    break
            return got
        finally:
            bus.close()

    [published, *_] = run(main())
    uid = int(published.topic.removeprefix("account.").removesuffix(".created"))
    assert published.event.data == {"account": f"Bob{uid - 1}"}


def test_auth_killed_answers_a_call_asked_again_as_before(
    home: Home, running: subprocess.Popen[str]
) -> None:
    call = CreateAccount("Bob", PASSWORD, ADDRESS)
    first = home.ask(call, call_key(4))
    os.kill(home.worker(), signal.SIGKILL)
    assert home.ask(call, call_key(4)) == first
    assert home.ask(Authenticate("bob", PASSWORD, ADDRESS)) == first


def test_auth_stops_in_order_and_logs_no_password(home: Home) -> None:
    process = home.start(EVERDOOR_LOG_LEVEL="debug")
    home.ask(CreateAccount("Bob", PASSWORD, ADDRESS))
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=10)
    assert process.returncode == 0
    log = (home.path / "logs" / "auth.log").read_text()
    assert "account created" in log
    assert PASSWORD not in told + log
    assert "Traceback" not in told + log


def test_auth_that_runs_already_refuses_a_second(
    home: Home, running: subprocess.Popen[str]
) -> None:
    home.ask(CreateAccount("Bob", PASSWORD, ADDRESS))
    second = home.start()
    _, told = second.communicate(timeout=10)
    assert second.returncode == 3
    assert f"pid {running.pid}" in told


def test_auth_that_cannot_open_its_database_ends_with_one_line(home: Home) -> None:
    process = home.start(EVERDOOR_AUTH_DATABASE_URL="sqlite:////nowhere/at/all/auth.db")
    _, told = process.communicate(timeout=20)
    assert process.returncode == 3
    assert [line for line in told.splitlines() if "/nowhere/at/all/auth.db" in line] != []
    assert "Traceback" not in told
