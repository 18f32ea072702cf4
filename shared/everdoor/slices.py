"""Long work in slices, between which the loop of a process does everything else.

Who plays meets a slice now and then rather than all of them in a row, which costs whoever asked for
the work a little of their time. A thread would not do for what Python itself works on: whoever
wants to go on would wait for its turn, 5 ms, each time. What is worked on is said by whoever has
it, such as `everdoor.state.saving`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from everdoor.state.archivefile import compress
from everdoor.state.saving import Saving

SLICE = 25
"""Items worked on at once; each takes microseconds."""

PAUSE_S = 0.001
"""After a slice, which takes some tenths of that."""

MOST_PAUSES = 500
"""After so many of them the rest is done without: an operator waits half a second for others."""

FromT = TypeVar("FromT")
ToT = TypeVar("ToT")


class _Pauses:
    """Lets others work between the slices of one piece of work."""

    def __init__(self) -> None:
        self._left = MOST_PAUSES

    async def pause(self) -> None:
        self._left -= 1
        await asyncio.sleep(PAUSE_S if self._left >= 0 else 0)


async def mapped(work: Callable[[FromT], ToT], items: Sequence[FromT]) -> list[ToT]:
    """What `work` makes of each item, in their order."""
    found: list[ToT] = []
    pauses = _Pauses()
    for start in range(0, len(items), SLICE):
        found += map(work, items[start : start + SLICE])
        await pauses.pause()
    return found


async def archive_of(saving: Saving) -> bytes:
    """Make the bytes of an archive file of what was taken.

    Raises:
        UserError: It holds what cannot be archived, or is too large.
    """
    pauses = _Pauses()
    for _ in saving.steps():
        await pauses.pause()
    # Put together, hashed and compressed by code that lets others work meanwhile.
    return await asyncio.to_thread(lambda: compress(saving.content()))
