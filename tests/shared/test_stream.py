"""Numbers and parts within one epoch, at both ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor import codec
from everdoor.errors import MalformedMessage
from everdoor.messages.stream import Part
from everdoor.stream import PART_BYTES, FrameReceiver, FrameSender


def parts_of(message: bytes) -> list[Part]:
    parts = [codec.decode_up_message(data) for data in FrameSender(1, 1).parts(message)]
    assert all(isinstance(part, Part) for part in parts)
    return parts  # type: ignore[return-value]


def test_sender_counts_from_1() -> None:
    sender = FrameSender(1, 5)
    assert [sender.next() for _ in range(3)] == [1, 2, 3]


def test_sender_leaves_whole_what_fits_a_frame() -> None:
    message = b"x" * PART_BYTES
    assert FrameSender(1, 1).parts(message) == [message]


@pytest.mark.parametrize("size", [PART_BYTES + 1, 2 * PART_BYTES, 2 * PART_BYTES + 1])
def test_parts_joined_are_the_message(size: int) -> None:
    message = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    parts = parts_of(message)
    receiver = FrameReceiver(1)
    joined = [receiver.join(part) for part in parts]
    assert joined[:-1] == [None] * (len(parts) - 1)
    assert joined[-1] == message


def test_part_fits_a_frame_with_every_header() -> None:
    [first, *_] = FrameSender(1, 1).parts(b"x" * (PART_BYTES + 1))
    most = 2**64 - 1
    assert len(codec.encode_up(127, most, most, first)) <= codec.MAX_FRAME_BYTES
    assert len(codec.encode_down(127, most, most, first)) <= codec.MAX_FRAME_BYTES


def test_receiver_joins_one_message_after_another() -> None:
    receiver = FrameReceiver(1)
    for message in (b"a" * (PART_BYTES + 1), b"b" * (PART_BYTES + 1)):
        first, second = parts_of(message)
        assert receiver.join(first) is None
        assert receiver.join(second) == message


@pytest.mark.parametrize(
    "parts",
    [
        [Part(1, 2, b"")],
        [Part(0, 0, b"")],
        [Part(2, 2, b"")],
        [Part(0, 3, b""), Part(0, 3, b"")],
        [Part(0, 3, b""), Part(2, 3, b"")],
        [Part(0, 3, b""), Part(1, 1, b"")],
    ],
    ids=["no first", "none in all", "beyond the last", "repeated", "skipped", "fewer in all"],
)
def test_receiver_refuses_parts_out_of_order(parts: list[Part]) -> None:
    receiver = FrameReceiver(1)
    with pytest.raises(MalformedMessage, match="part"):
        for part in parts:
            receiver.join(part)


def test_receiver_refuses_a_message_beyond_the_bound_before_its_end() -> None:
    receiver = FrameReceiver(1)
    piece = bytes(PART_BYTES)
    taken = 0
    with pytest.raises(MalformedMessage, match=f"{codec.MAX_MESSAGE_BYTES} bytes"):
        for index in range(2**40):
            receiver.join(Part(index, 2**63, piece))
            taken += len(piece)
    assert codec.MAX_MESSAGE_BYTES - len(piece) < taken <= codec.MAX_MESSAGE_BYTES


def test_receiver_takes_frames_in_order_from_1() -> None:
    receiver = FrameReceiver(1)
    assert [receiver.is_next(k) for k in (1, 2, 3)] == [True, True, True]


@given(st.lists(st.integers(0, 6), max_size=20))
def test_receiver_takes_each_frame_once_and_none_out_of_order(ks: list[int]) -> None:
    receiver = FrameReceiver(1)
    taken = [k for k in ks if receiver.is_next(k)]
    assert taken == list(range(1, len(taken) + 1))
