"""Bytes of a client taken piece by piece: held back, taken on, done to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
import structlog

from everdoor_portal.gateways.bounds import READ_BYTES
from everdoor_portal.gateways.intake import PIECE_BYTES, Intake
from everdoor_portal.sessionhandler import PortalSessionHandler
from recording import Clock, RecordingSession, client, handler


class Loop:
    """Does what is due soon when the test says so."""

    def __init__(self) -> None:
        self.due: list[Callable[[], None]] = []

    def call_soon(self, call: Callable[..., None], *args: Any) -> None:
        self.due.append(lambda: call(*args))

    def goes_on(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()


class Bench:
    """A client each of whose bytes is a line; five of them, with its beginning, may be held."""

    def __init__(self, piece_bytes: int = 2, reads_to_the_end: bool = False) -> None:
        self.sessions: PortalSessionHandler = handler(Clock(), held_input_lines=5)
        self.session: RecordingSession = client(self.sessions)
        self.loop = Loop()
        self.pieces: list[bytes] = []
        self.reads = 0
        loop = cast(asyncio.AbstractEventLoop, self.loop)
        self.intake = Intake(self.session, loop, self._take, piece_bytes, reads_to_the_end)

    def _take(self, data: bytes) -> None:
        self.pieces.append(data)
        for byte in data:
            self.sessions.data_in(self.session, chr(byte))

    def read_on(self) -> None:
        self.reads += 1

    def lets_go_on(self) -> None:
        """As when lines are done: there is room again."""
        self.session.held.clear()
        self.session.is_paused = False
        self.intake.resume(self.read_on)

    def leaves(self) -> None:
        self.sessions.client_left(self.session, "left", clean=True)


def test_bytes_are_taken_in_pieces_until_the_client_is_held_back() -> None:
    bench = Bench()
    bench.intake.receive(b"abc")
    assert bench.pieces == [b"ab", b"c"]
    bench.intake.receive(b"defgh")
    assert bench.pieces == [b"ab", b"c", b"de"]
    assert bench.session.events == [("flush",), ("pause",), ("flush",)]


def test_piece_is_a_kilobyte_where_nothing_else_is_said() -> None:
    bench = Bench(PIECE_BYTES)
    bench.intake.receive(bytes(3000))
    assert [len(piece) for piece in bench.pieces] == [1024] == [PIECE_BYTES]


def test_what_was_held_back_is_taken_before_what_comes_later_and_before_more_is_read() -> None:
    bench = Bench()
    bench.intake.receive(b"abcdefghij")
    bench.intake.receive(b"klm")
    assert bench.pieces == [b"ab", b"cd"]
    for taken in (b"abcdefghij", b"abcdefghijklm"):
        bench.lets_go_on()
        assert bench.reads == 0 and b"".join(bench.pieces) != taken, "not from within the call"
        bench.loop.goes_on()
        assert b"".join(bench.pieces) == taken
    bench.loop.goes_on()
    assert (bench.reads, bench.loop.due) == (1, [])


def test_client_of_whom_nothing_is_held_back_is_read_on_at_once() -> None:
    bench = Bench()
    bench.intake.receive(b"ab")
    bench.intake.resume(bench.read_on)
    assert (bench.reads, bench.loop.due) == (1, [])


def test_client_that_ends_within_what_was_held_back_has_each_line_done_once() -> None:
    """As ^D of a terminal does: it is a byte as any other, and what is behind it counts no more."""
    bench = Bench()

    def take(data: bytes) -> None:
        if data == b"^D":
            bench.intake.take_rest()
            bench.leaves()
        else:
            bench.pieces.append(data)

    bench.intake = Intake(bench.session, cast(asyncio.AbstractEventLoop, bench.loop), take, 2)
    bench.session.is_paused = True
    bench.intake.receive(b"abcd^Defgh")
    bench.lets_go_on()
    bench.loop.goes_on()
    assert bench.pieces == [b"ab", b"cd"]


@pytest.mark.parametrize("why", ["held back again", "left"])
def test_nothing_is_taken_on_when_that_is_over_before_its_turn(why: str) -> None:
    bench = Bench()
    bench.intake.receive(b"abcdefgh")
    bench.lets_go_on()
    if why == "left":
        bench.leaves()
    else:
        bench.session.is_paused = True
    bench.loop.goes_on()
    assert (bench.pieces, bench.reads) == ([b"ab", b"cd"], 0)


def test_rest_is_taken_once_when_the_client_has_ended_though_it_is_held_back() -> None:
    bench = Bench()
    bench.intake.receive(b"abcdefghi")
    assert bench.session.is_paused
    for _ in range(2):
        bench.intake.take_rest()
        assert b"".join(bench.pieces) == b"abcdefghi"
    assert [message.seq for message in bench.session.held] == list(range(1, 11))


def test_rest_of_more_lines_than_bytes_are_read_at_once_is_not_all_taken() -> None:
    bench = Bench(PIECE_BYTES)
    bench.intake.receive(bytes(PIECE_BYTES * 2 + READ_BYTES))
    with structlog.testing.capture_logs() as logs:
        bench.intake.take_rest()
    assert READ_BYTES <= len(bench.session.held) < READ_BYTES + PIECE_BYTES
    assert [each["event"] for each in logs] == ["not taken of a client that has left"]


@pytest.mark.parametrize(("reads_to_the_end", "taken"), [(False, b"ab"), (True, b"abcdefgh")])
def test_bytes_behind_the_end_of_a_client_are_for_protocols_that_agree_on_it(
    reads_to_the_end: bool, taken: bytes
) -> None:
    bench = Bench(reads_to_the_end=reads_to_the_end)
    bench.intake.receive(b"ab")
    bench.leaves()
    bench.session.is_paused = True
    bench.intake.receive(b"cdef")
    bench.intake.receive(b"gh")
    bench.intake.take_rest()
    assert b"".join(bench.pieces) == taken
    assert len(bench.session.held) == 4


def test_client_that_leaves_amid_its_bytes_is_heard_no_more() -> None:
    bench = Bench()
    bench.intake.receive(b"abcdefgh")
    take_piece = bench._take

    def take(data: bytes) -> None:
        take_piece(data)
        bench.leaves()

    bench.intake._take = take
    bench.intake.take_rest()
    bench.intake.receive(b"ij")
    assert bench.pieces == [b"ab", b"cd", b"ef"]
