"""Portals of one home and the server of another, joined over TCP as on two hosts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration.hosts import (
    free_ports,
    introduce,
    let_in,
    linked,
    linking,
    listening,
    new_key,
    pointing,
    until_linked,
)
from integration.system import PASSWORD, System, kill, until
from players.telnet import Player

pytestmark = pytest.mark.timeout(300)


class Hosts:
    """Both homes, not started yet."""

    def __init__(self, folder: Path) -> None:
        port = free_ports()
        self.services = System(folder / "services", **listening("127.0.0.1", port))
        self.far = System(folder / "far", portals=1, **pointing("localhost", port))

    def start(self) -> None:
        self.services.run("db", "upgrade")
        for kind in ("auth", "server"):
            self.services.start_supervisor(kind)
        self.far.start_supervisor("portal")


@pytest.fixture
def hosts(folder: Path) -> Iterator[Hosts]:
    both = Hosts(folder)
    with both.services, both.far:
        yield both


def test_players_of_another_host_play_on_over_a_reload_and_a_kill_of_the_server(
    hosts: Hosts,
) -> None:
    introduce(hosts.services, hosts.far)
    hosts.start()
    until_linked(hosts.services, hosts.far)
    auth, server = hosts.far.run("status").stdout.splitlines()[1:3]
    assert auth.startswith("auth") and "elsewhere" in auth and " at tcp://" in auth
    assert server.startswith("server") and "elsewhere" in server and " at tcp://" in server
    assert "runs at tcp://" in hosts.far.run("server", "status", code=1).stderr
    hosts.services.make_accounts(["Ada"])
    asyncio.run(_play_on(hosts))


async def _play_on(hosts: Hosts) -> None:
    ada = await Player.connect("Ada", hosts.far.port)
    await ada.log_in(PASSWORD)
    await ada.asks("think one", 'You think, "one"')
    await asyncio.to_thread(hosts.services.run, "server", "reload")
    await ada.asks("think two", 'You think, "two"')
    worker = (await asyncio.to_thread(hosts.services.status)).server["worker_pid"]
    kill(worker)
    await ada.asks("think three", 'You think, "three"')
    assert [line for line in ada.lines if line.startswith("You think")] == [
        f'You think, "{word}"' for word in ("one", "two", "three")
    ]
    await ada.leave()


def test_portal_is_let_in_once_its_key_is_allowed_and_not_heard_once_it_is_revoked(
    hosts: Hosts,
) -> None:
    key = introduce(hosts.services, hosts.far)
    hosts.services.run("keys", "revoke", key)
    hosts.start()
    until(lambda: hosts.services.status().server["state"] == "up", "the server serves")
    until(lambda: "does not know the key" in hosts.far.run("status").stdout, "it is told why")
    assert linked(hosts.services) == []
    let_in(hosts.services, key)
    until(lambda: linked(hosts.services), "it is let in")
    hosts.services.run("keys", "revoke", key[:8])
    until(lambda: not linked(hosts.services), "it is not heard any more")
    until(lambda: not linking(hosts.far), "it notices")


@pytest.mark.parametrize(
    ("kind", "told"),
    [("server", "everdoor keys new server"), ("auth", "everdoor keys new auth")],
)
def test_service_without_a_key_does_not_listen_for_other_hosts(
    folder: Path, kind: str, told: str
) -> None:
    system = System(folder, **listening("127.0.0.1", free_ports()))
    done = system.run(kind, "run", code=3)
    assert told in done.stderr and len(done.stderr.splitlines()) == 1


def test_portal_without_a_key_does_not_start(folder: Path) -> None:
    system = System(folder, **pointing("localhost", 4500))
    done = system.run("portal", "run", code=3)
    assert "everdoor keys allow server KEY" in done.stderr and len(done.stderr.splitlines()) == 1


def test_keys_are_made_allowed_listed_and_revoked(folder: Path) -> None:
    system = System(folder)
    own, other = new_key(system, "server"), "ab" * 32
    assert "has a server key already" in system.run("keys", "new", "server", code=1).stderr
    assert "needs --host" in system.run("keys", "allow", "portal", other, code=2).stderr
    assert "64 hexadecimal digits" in system.run("keys", "allow", "auth", "ab", code=1).stderr
    system.run("keys", "allow", "portal", other, "--host", "door")
    shown = system.run("keys", "list").stdout
    assert own in shown and other in shown and "door" in shown
    system.run("keys", "revoke", other)
    assert other not in system.run("keys", "list").stdout
