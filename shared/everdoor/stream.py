"""Numbering of frames within one epoch: what both ends of the stream share.

A sender numbers its frames from 1 and cuts a message too large for one frame into parts; a
receiver checks that none is missing and joins the parts. Which message may come when, what is
acknowledged and what is sent again is decided by the ends themselves: the portal's uplink and
the server's downlink.

Source: docs/protocol.md, section 4.
"""

from __future__ import annotations

from everdoor import codec
from everdoor.errors import MalformedMessage
from everdoor.messages.stream import Part

PART_BYTES = codec.MAX_FRAME_BYTES - 1024
"""Payload of one part: a frame, less room for its header."""

HEARTBEAT_S = 0.5
"""Longest time that an end is silent."""

SILENCE_S = 2.0
"""An end that hears nothing for so long takes the link as broken: four heartbeats."""

FAR_SILENCE_S = 3.5
"""The same between hosts: TCP needs as long where packets are lost twice in a row, and a link that
is slow is better than one that is begun again and again."""


class FrameSender:
    """Numbers the frames of one epoch of one direction."""

    def __init__(self, version: int, epoch: int) -> None:
        self.version = version
        self.epoch = epoch
        self._k = 0

    def next(self) -> int:
        """The number of the frame that is sent next."""
        self._k += 1
        return self._k

    def parts(self, message: bytes) -> list[bytes]:
        """Cut an encoded message into encoded Parts, or leave it whole when it fits a frame."""
        if len(message) <= PART_BYTES:
            return [message]
        chunks = [message[i : i + PART_BYTES] for i in range(0, len(message), PART_BYTES)]
        return [codec.encode(Part(i, len(chunks), chunk)) for i, chunk in enumerate(chunks)]


class FrameReceiver:
    """Checks the numbers of the frames of one epoch, and joins parts."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._expected = 1
        self._pieces: list[bytes] = []
        self._size = 0

    def is_next(self, k: int) -> bool:
        """Count a frame; False when one before it is missing (the epoch is of no use any more)."""
        if k != self._expected:
            return False
        self._expected += 1
        return True

    def join(self, part: Part) -> bytes | None:
        """Add a part.

        Returns:
            The whole encoded message after its last part, else None.

        Raises:
            MalformedMessage: Out of order, or more than MAX_MESSAGE_BYTES in all.
        """
        if part.index != len(self._pieces) or part.index >= part.total:
            raise MalformedMessage(
                f"part {part.index} of {part.total}, expected {len(self._pieces)}"
            )
        self._size += len(part.data)
        if self._size > codec.MAX_MESSAGE_BYTES:
            raise MalformedMessage(f"parts of more than {codec.MAX_MESSAGE_BYTES} bytes")
        self._pieces.append(part.data)
        if len(self._pieces) < part.total:
            return None
        whole = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return whole
