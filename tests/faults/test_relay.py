"""The relay does to bytes what a bad network does, and never more: all come, whole and in order."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.relay import DOWN, UP, Relay, relayed

LIMIT_S = 10.0
TEXT = b"0123456789" * 2000


class Ends:
    """Both ends of a connection that goes through a relay."""

    def __init__(self, relay: Relay, near: socket.socket, far: socket.socket) -> None:
        self.relay, self.near, self.far = relay, near, far


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    path = tmp_path / "stream"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with relayed(path, random.Random(1)) as relay, socket.socket(socket.AF_UNIX) as near:
            near.settimeout(LIMIT_S)
            near.connect(str(path))
            far, _ = listener.accept()
            with far:
                far.settimeout(LIMIT_S)
                yield Ends(relay, near, far)


def received(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := end.recv(size - len(data))):
        data += more
    return data


def test_relay_passes_on_both_ways(ends: Ends) -> None:
    ends.near.sendall(TEXT)
    ends.far.sendall(TEXT[::-1])
    assert received(ends.far, len(TEXT)) == TEXT
    assert received(ends.near, len(TEXT)) == TEXT[::-1]


def test_relay_holds_what_comes_while_it_is_cut_one_way_and_delivers_it_later(ends: Ends) -> None:
    ends.relay.cut(DOWN)
    ends.near.sendall(b"up")
    assert received(ends.far, 2) == b"up"
    ends.far.sendall(b"down")
    ends.near.setblocking(False)
    with pytest.raises(BlockingIOError):
        ends.near.recv(4)
    ends.near.settimeout(LIMIT_S)
    ends.relay.heal(breaks=False)
    assert received(ends.near, 4) == b"down"


def test_relay_that_heals_with_a_break_ends_connections_of_before(ends: Ends) -> None:
    ends.near.sendall(b"up")
    assert received(ends.far, 2) == b"up"
    ends.relay.cut(UP, DOWN)
    ends.relay.heal(breaks=True)
    assert ends.near.recv(1) == b""


def test_relay_delivers_all_in_order_although_packets_are_late_and_lost(ends: Ends) -> None:
    ends.relay.latency_s, ends.relay.loss = 0.001, 0.1
    for start in range(0, len(TEXT), 1000):
        ends.near.sendall(TEXT[start : start + 1000])
    assert received(ends.far, len(TEXT)) == TEXT
