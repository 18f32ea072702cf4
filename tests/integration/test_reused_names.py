"""Portal ids, connection numbers, addresses and ports come again; sessions are never mistaken.

A portal dies again and again with lines and output under way. Each time other players come to the
one that has its id, from the same addresses and ports, and are given the same connection numbers.
"""

from __future__ import annotations

import asyncio
import re
import socket
from pathlib import Path

import pytest

from integration.system import HOST, PASSWORD, System, free_port, kill
from players.telnet import Player

ROUNDS = 4
SEATS = 5
LINES = 40
"""So many lines each player types at once, to be under way when the portal dies."""

_MARK = re.compile(r'You think, "(\w+) \d+"')


@pytest.mark.timeout(180)
def test_nobody_gets_what_was_meant_for_whoever_had_the_same_names(folder: Path) -> None:
    with System(folder, portals=1, login_throttle_limit=0) as system:
        system.up()
        names = [[f"Guest{number}{seat}" for seat in "abcde"] for number in range(ROUNDS)]
        system.make_accounts([name for sitting in names for name in sitting])
        asyncio.run(_play_through(system, names))


async def _play_through(system: System, names: list[list[str]]) -> None:
    ports = [free_port() for _ in range(SEATS)]
    places: set[tuple[str, int]] = set()
    sessids: set[int] = set()
    for number, sitting in enumerate(names):
        players = await _sit_down(system, sitting, ports)
        connected = await asyncio.to_thread(_places, system)
        assert len(connected) == SEATS
        places |= set(connected.values())
        sessids |= set(connected)
        for player in players:
            for n in range(LINES):
                player.type(f"think {player.name} {n}")
                player.type(f"say {player.name} {n}")
        await players[0].sees(f'You think, "{players[0].name} 3"')
        await asyncio.to_thread(_break, system, number)
        await asyncio.gather(*(player.closed() for player in players))
        for player in players:
            await player.leave()
            marks = [found[1] for line in player.lines if (found := _MARK.search(line))]
            assert set(marks) <= {player.name}
            numbers = [int(line.split()[-1][:-1]) for line in player.lines if _MARK.search(line)]
            assert numbers == list(range(len(numbers))), "each once, in order"
    assert len(places) == SEATS, f"portal and connection numbers did not come again: {places}"
    assert len(sessids) == SEATS * ROUNDS, "a sessid is given once"


async def _sit_down(system: System, sitting: list[str], ports: list[int]) -> list[Player]:
    """Have players log in, each from its port, one after the other: so are they numbered."""
    players = []
    for name, port in zip(sitting, ports, strict=True):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (HOST, system.port))
        reader, writer = await asyncio.open_connection(sock=sock)
        players.append(Player(name, reader, writer))
        await players[-1].log_in(PASSWORD)
    return players


def _places(system: System) -> dict[int, tuple[str, int]]:
    """Portal id and connection number of all who are connected, by sessid."""
    found = system.select("SELECT sessid, portal, conn FROM world_roster WHERE link_dead = 0")
    return {sessid: (portal, conn) for sessid, portal, conn in found}


def _break(system: System, number: int) -> None:
    """Kill the portal's worker, every other time the server's as well, and wait for the next."""
    status = system.status()
    kill(next(iter(status.portals.values()))["worker_pid"])
    if number % 2:
        kill(status.server["worker_pid"])
    system.until_up()
