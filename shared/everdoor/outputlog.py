"""The last outputs to one client, numbered, until it says that it has them.

Server and portal both keep one for each session that has a resume token, and count alike, so that
either can say what a client lacks that comes back. Numbers begin with 1 at the row that brings the
token. Where a log is stored, and what a client is told, is decided elsewhere.

Source: docs/protocol.md, section 4.14.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from everdoor import codec
from everdoor.messages.stream import KeptOutput, Output

MAX_KEPT_BYTES = 64 * 1024
"""Encoded outputs kept for one session: some thousand lines."""


class Sized(NamedTuple):
    """An output and how many bytes it takes."""

    output: KeptOutput
    size: int


def sized(output: Output | KeptOutput) -> Sized:
    """Measure an output, once for all who are shown it."""
    kept = KeptOutput(output.name, output.args, output.options)
    return Sized(kept, len(codec.encode(kept)))


class OutputLog:
    """What one client has been shown, or is to be.

    Attributes:
        number: Of the last output; 0: none yet.

    Args:
        number: Of the last of `outputs`.
        outputs: The last ones, oldest first.
    """

    def __init__(self, number: int = 0, outputs: Iterable[KeptOutput] = ()) -> None:
        kept = list(outputs)
        self.number = max(0, number - len(kept))
        self._kept: deque[Sized] = deque()
        self._size = 0
        for output in kept:
            self.add(sized(output))

    @property
    def dropped(self) -> int:
        """The last number that is not kept any more, confirmed or for want of room."""
        return self.number - len(self._kept)

    def add(self, output: Sized) -> None:
        """Count an output; the oldest ones go when there is no room."""
        self.number += 1
        self._kept.append(output)
        self._size += output.size
        while self._size > MAX_KEPT_BYTES:
            self._drop()

    def confirm(self, number: int) -> None:
        """Forget what the client has; a number that has not been reached is taken as the last."""
        while self._kept and self.dropped < number:
            self._drop()

    def beyond(self, number: int) -> list[tuple[int, KeptOutput]]:
        """What is kept of the outputs with higher numbers, as (number, output), oldest first."""
        first = self.dropped + 1
        return [(i, output) for i, (output, _) in enumerate(self._kept, start=first) if i > number]

    @property
    def size(self) -> int:
        """Bytes of all that is kept."""
        return self._size

    def _drop(self) -> None:
        self._size -= self._kept.popleft().size
