"""Finds where a MessagePack value ends, building none of it, so that bounds can be checked first.

A few bytes can promise four billion elements, or nest a million lists; a scan believes no length
that the data does not have. What values mean is for a decoder, afterwards.

Source: the MessagePack specification, formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_FIXED: Final[Mapping[int, int]] = {
    0xC0: 0,
    0xC2: 0,
    0xC3: 0,
    0xCA: 4,
    0xCB: 8,
    **{0xCC + n: 1 << n for n in range(4)},
    **{0xD0 + n: 1 << n for n in range(4)},
    0xD6: 5,
}
"""Bytes behind the first: nil, booleans, floats, integers, and extensions of four bytes."""

_SIZED: Final[Mapping[int, int]] = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
"""Bytes of the length of bin and str."""

_COUNTED: Final[Mapping[int, tuple[int, int]]] = {
    0xDC: (2, 1),
    0xDD: (4, 1),
    0xDE: (2, 2),
    0xDF: (4, 2),
}
"""Bytes of the count of array and map, and values for each counted."""


class ScanFault(Exception):
    """There is no value within the bounds.

    Attributes:
        offset: Where that shows.
        is_cut: Whether the data ends too early.
    """

    def __init__(self, offset: int, reason: str, is_cut: bool = False) -> None:
        super().__init__(reason)
        self.offset = offset
        self.is_cut = is_cut


class Scan:
    """Steps over values, counting them.

    Attributes:
        values: How many there were in all, keys of maps and containers included.
    """

    def __init__(self, max_depth: int) -> None:
        self._max_depth = max_depth
        self.values = 0

    def skip(self, data: bytes, start: int) -> int:
        """Return the offset behind the value that begins at `start`.

        Raises:
            ScanFault: It is cut, nested too deeply, or of a format that no archive has.
        """
        offset, waiting = start, [1]
        while waiting:
            if waiting[-1] == 0:
                waiting.pop()
                continue
            waiting[-1] -= 1
            offset, inner = _step(data, offset)
            self.values += 1
            if inner > len(data) - offset:
                raise _cut(len(data))
            if inner:
                waiting.append(inner)
                if len(waiting) > self._max_depth + 1:
                    raise ScanFault(offset, f"more than {self._max_depth} containers deep")
        return offset


def _step(data: bytes, offset: int) -> tuple[int, int]:
    """Offset behind one value or the head of a container, and how many values are in that."""
    if offset >= len(data):
        raise _cut(len(data))
    first, inner = data[offset], 0
    after = offset + 1
    if first < 0x80 or first >= 0xE0:
        return after, 0
    if first < 0xA0:
        return after, first & 15 if first >= 0x90 else 2 * (first & 15)
    if first < 0xC0:
        after += first & 31
    elif first in _FIXED:
        after += _FIXED[first]
    elif first in _SIZED:
        size = _SIZED[first]
        after += size + _number(data, after, size)
    elif first in _COUNTED:
        size, each = _COUNTED[first]
        inner = each * _number(data, after, size)
        after += size
    else:
        raise ScanFault(offset, f"a value of format {first:#x}, which archives do not hold")
    if after > len(data):
        raise _cut(len(data))
    return after, inner


def _number(data: bytes, offset: int, size: int) -> int:
    if offset + size > len(data):
        raise _cut(len(data))
    return int.from_bytes(data[offset : offset + size], "big")


def _cut(offset: int) -> ScanFault:
    return ScanFault(offset, "it ends too early", is_cut=True)
