"""Two homes that are joined over TCP, as those of two hosts are: their settings and keys."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from everdoor.cli.control import reports
from everdoor.cli.live import portals
from everdoor.endpoints import endpoints
from everdoor.settings import Settings
from integration.system import HOST, System, until

PORTS = 5
"""TCP ports of a server and of auth."""


def listening(address: str, port: int) -> dict[str, str]:
    """Settings of a home whose server and auth others reach at an address."""
    return {
        "server_listen": f"tcp://{address}:{port}",
        "auth_listen": f"tcp://{address}:{port + 3}",
    }


def pointing(host: str, port: int) -> dict[str, str]:
    """Settings of a home whose portals find server and auth there."""
    return {
        "server_endpoint": f"tcp://{host}:{port}",
        "auth_endpoint": f"tcp://{host}:{port + 3}",
        "portal_id": "far",
    }


def new_key(system: System, role: str) -> str:
    """Make a key for a role of a home; returns the public one."""
    return str(json.loads(system.run("keys", "new", role, "--json").stdout)["key"])


def introduce(services: System, far: System) -> str:
    """Have two homes know each other; returns the portals' key."""
    for role in ("server", "auth"):
        far.run("keys", "allow", role, new_key(services, role))
    key = new_key(far, "portal")
    let_in(services, key)
    return key


def let_in(services: System, key: str) -> None:
    """Allow the key of portals of this machine."""
    services.run("keys", "allow", "portal", key, "--host", socket.gethostname())


def until_linked(services: System, far: System) -> None:
    """Wait until every portal of the other home is heard by the server."""
    until(lambda: services.status().server["state"] == "up", "the server serves")
    until(lambda: len(linked(services)) == far.portals, "the portals are linked")


def linked(services: System) -> list[str]:
    """Ids of the portals that the server hears; asked from here, not by the command."""
    with ThreadPoolExecutor(1) as thread:
        found = thread.submit(portals, Settings(home=services.home)).result()
    return [portal.id for portal in found if portal.state == "up"]


def linking(far: System) -> list[str]:
    """Ids of the portals of a home that hear the server."""
    with ThreadPoolExecutor(1) as thread:
        system = endpoints(far.home, Path(tempfile.gettempdir()), os.getuid())
        found = thread.submit(reports, system).result()
    workers = [worker for report in found.values() if report for worker in report.workers]
    return [worker.info["id"] for worker in workers if worker.info.get("link") == "open"]


def free_ports() -> int:
    """The first of PORTS free ones in a row."""
    while True:
        probes = [socket.socket() for _ in range(PORTS)]
        try:
            probes[0].bind((HOST, 0))
            first = int(probes[0].getsockname()[1])
            for offset, probe in enumerate(probes[1:], 1):
                probe.bind((HOST, first + offset))
            return first
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
