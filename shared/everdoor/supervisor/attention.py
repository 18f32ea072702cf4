"""Which workers answer when they are asked how they are: the decisions, without clocks.

A worker that does not answer hangs: it is stopped, or busy with one thing. It is counted in looks,
not in seconds, so that a machine that was asleep blames nobody for it. What is done about it is the
supervisor's. Source: docs/decisions/hanging.md.
"""

from __future__ import annotations

import math
from typing import Literal

LOOK_S = 0.4
"""How often workers are looked at, and how long they may take to answer."""

MISSES = 4
"""Looks in a row without an answer after which a worker hangs: it is noticed within 2 s."""

OVER_LIMIT_S = 2.0
"""A worker ends itself when it reaches its own limit, and says what it was doing; only one that
cannot even do that is ended from here, after so much more."""

News = Literal["hangs", "overdue", "answers"]


class Attention:
    """What is known of the workers of one supervisor, by number."""

    def __init__(self) -> None:
        self._misses: dict[int, int] = {}

    def hangs(self, worker: int) -> bool:
        """Whether it has not answered for a while."""
        return self._misses.get(worker, 0) >= MISSES

    def look(self, worker: int, answered: bool, limit_s: float) -> News | None:
        """Take a look.

        Args:
            limit_s: For how long it may hang, in seconds; 0: for ever.

        Returns:
            What has changed: it hangs, has done so for too long, or answers again.
        """
        before = self._misses.pop(worker, 0)
        if answered:
            return "answers" if before >= MISSES else None
        self._misses[worker] = before + 1
        if limit_s and before + 1 == math.ceil((limit_s + OVER_LIMIT_S) / LOOK_S):
            return "overdue"
        return "hangs" if before + 1 == MISSES else None

    def keep(self, workers: set[int]) -> None:
        """Forget all but these."""
        self._misses = {each: misses for each, misses in self._misses.items() if each in workers}
