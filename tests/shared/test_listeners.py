"""Listening sockets: who may have which, and who is refused."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from everdoor import listeners
from everdoor.errors import StartupError
from everdoor.listeners import listen_ipc, listen_tcp, private_folder


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "PORT_PATIENCE_S", 0.0)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_private_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    made = private_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert private_folder(made) == made


def test_private_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(StartupError, match="with mode 700, found drwxr-xr-x"):
        private_folder(tmp_path)


def test_private_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    private_folder(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(StartupError, match="found l"):
        private_folder(tmp_path / "link")


def test_private_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="cannot be made"):
        private_folder(tmp_path / "file")


def test_listen_ipc_replaces_a_file_left_behind_and_removes_its_own(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with listen_ipc(f"ipc://{path}"), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    assert not path.exists()


def test_listen_ipc_tells_a_folder_that_is_missing(tmp_path: Path) -> None:
    with (
        pytest.raises(StartupError, match="stream: cannot listen: No such file"),
        listen_ipc(f"ipc://{tmp_path}/missing/stream"),
    ):
        pass


def test_listen_tcp_gives_every_worker_a_listener_on_one_port(home: Path) -> None:
    with listen_tcp(home, "127.0.0.1", 0, 3) as sockets:
        ports = {port_of(listener) for listener in sockets}
        assert len(sockets) == 3 and len(ports) == 1
        accepted = connected_from_everyone(sockets)
        assert accepted == [40]
        for listener in sockets:
            assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def connected_from_everyone(sockets: list[socket.socket]) -> list[int]:
    """Connect 40 times; all of them are accepted by the listeners together."""
    accepted = 0
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(socket.create_connection(sockets[0].getsockname()[:2]))
        for listener in sockets:
            try:
                while True:
                    stack.enter_context(listener.accept()[0])
                    accepted += 1
            except BlockingIOError:
                continue
    return [accepted]


def test_listen_tcp_of_all_addresses_takes_both_families(home: Path) -> None:
    with listen_tcp(home, "", 0, 1) as (listener,):
        for address in ["127.0.0.1"] + ["::1"] * socket.has_dualstack_ipv6():
            socket.create_connection((address, port_of(listener))).close()


def test_listen_tcp_of_the_same_home_joins(home: Path) -> None:
    with listen_tcp(home, "", 0, 1) as (first,):
        port = port_of(first)
        with listen_tcp(home, "", port, 2) as joined:
            assert {port_of(listener) for listener in joined} == {port}


def test_listen_tcp_joins_who_joined_when_the_first_has_gone(home: Path) -> None:
    with ExitStack() as stack:
        with listen_tcp(home, "", 0, 1) as (first,):
            port = port_of(first)
            stack.enter_context(listen_tcp(home, "", port, 1))
        with listen_tcp(home, "", port, 1) as (third,):
            assert port_of(third) == port


def test_listen_tcp_of_another_home_is_refused(home: Path, tmp_path: Path) -> None:
    with (
        listen_tcp(home, "", 0, 2) as (first, _),
        pytest.raises(StartupError, match=r"port \d+ of this machine: .*EVERDOOR_TELNET_PORT"),
        listen_tcp(tmp_path / "other", "", port_of(first), 1),
    ):
        pass


@pytest.mark.parametrize("shares", [False, True])
def test_listen_tcp_is_refused_where_another_program_listens(home: Path, shares: bool) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, shares)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with (
            pytest.raises(StartupError, match="Address already in use"),
            listen_tcp(home, "127.0.0.1", port_of(other), 1),
        ):
            pass


def test_listen_tcp_takes_the_port_again_after_it_was_let_go(home: Path) -> None:
    with listen_tcp(home, "127.0.0.1", 0, 1) as (first,):
        port = port_of(first)
        client = socket.create_connection(("127.0.0.1", port))
        first.accept()[0].close()
    with client, listen_tcp(home, "127.0.0.1", port, 1) as (again,):
        assert port_of(again) == port


def test_listen_tcp_finds_the_port_of_a_killed_supervisor_free(home: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from everdoor.listeners import listen_tcp\n"
        "with listen_tcp(pathlib.Path(sys.argv[1]), '', 0, 1) as (first,):\n"
        "    print(first.getsockname()[1], flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
    with listen_tcp(home, "", port, 1) as (again,):
        assert port_of(again) == port


@pytest.mark.parametrize("address", ["not an address", "192.0.2.1"])
def test_listen_tcp_tells_an_address_that_is_not_ours(home: Path, address: str) -> None:
    with (
        pytest.raises(StartupError, match=f"port 0 of {address}: .*EVERDOOR_LISTEN_ADDRESS"),
        listen_tcp(home, address, 0, 1),
    ):
        pass


def test_accepted_client_that_is_gone_without_a_word_is_noticed_within_a_minute(home: Path) -> None:
    with listen_tcp(home, "127.0.0.1", 0, 1) as (listener,):
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            tcp = [
                accepted.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_USER_TIMEOUT)
            ]
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    idle_s, every_s, dead_after_ms = tcp
    assert idle_s + every_s < dead_after_ms / 1000 < 60
