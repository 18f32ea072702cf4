"""Long work in slices, between which the loop of a process does everything else.

A thread would not do for what Python itself works on: whoever wants to go on would wait for its
turn, 5 ms, each time. What is worked on is said by whoever has it, such as `everdoor.state.saving`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from everdoor.state.archivefile import compress
from everdoor.state.saving import Saving

SLICE = 50
"""Items worked on at once; each takes microseconds."""

FromT = TypeVar("FromT")
ToT = TypeVar("ToT")


async def mapped(work: Callable[[FromT], ToT], items: Sequence[FromT]) -> list[ToT]:
    """What `work` makes of each item, in their order."""
    found: list[ToT] = []
    for start in range(0, len(items), SLICE):
        found += map(work, items[start : start + SLICE])
        await asyncio.sleep(0)
    return found


async def archive_of(saving: Saving) -> bytes:
    """Make the bytes of an archive file of what was taken.

    Raises:
        UserError: It holds what cannot be archived, or is too large.
    """
    for _ in saving.steps():
        await asyncio.sleep(0)
    # Put together, hashed and compressed by code that lets others work meanwhile.
    return await asyncio.to_thread(lambda: compress(saving.content()))
