"""Spans of time in words, for people who wait or are kept waiting."""

from __future__ import annotations

import math

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def in_words(seconds: float) -> str:
    """Tell a span in its two largest units, rounded up: `2 days 3 hours`, `4 minutes 1 second`.

    `a moment` for what is no time at all.
    """
    left = math.ceil(seconds)
    first = next((i for i, (size, _) in enumerate(_UNITS) if left >= size), None)
    if first is None:
        return "a moment"
    shown = _UNITS[first : first + 2]
    smallest = shown[-1][0]
    left = math.ceil(left / smallest) * smallest
    told = []
    for size, name in shown:
        count, left = divmod(left, size)
        if count:
            told.append(f"{count} {name}{'s' * (count != 1)}")
    return " ".join(told)
