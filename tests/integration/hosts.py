"""Two homes that are joined over TCP, as those of two hosts are: their settings and keys."""

from __future__ import annotations

import json
import socket

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


def introduce(services: System, portals: System) -> str:
    """Have two homes know each other; returns the portals' key."""
    for role in ("server", "auth"):
        portals.run("keys", "allow", role, new_key(services, role))
    key = new_key(portals, "portal")
    let_in(services, key)
    return key


def let_in(services: System, key: str) -> None:
    """Allow the key of portals of this machine."""
    services.run("keys", "allow", "portal", key, "--host", socket.gethostname())


def until_linked(services: System, portals: System) -> None:
    """Wait until every portal of the other home is heard by the server."""
    until(lambda: len(linked(services)) == portals.portals, "the portals are linked")


def linked(services: System) -> list[str]:
    """Ids of the portals that the server hears."""
    told = json.loads(services.run("portal", "list", "--json").stdout)
    return [one["id"] for one in told if one["state"] == "up"]


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
