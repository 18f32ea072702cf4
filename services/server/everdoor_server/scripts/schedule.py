"""What is due when: a heap, so that thousands of timers cost nothing until one is due."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)

SLACK = 64
"""So many entries that count no more may stay in the heap, and as many as there are timers."""


class Schedule(Generic[KeyT]):
    """Timers by key, each with the second at which it is due; equal ones in the order of `set`."""

    def __init__(self) -> None:
        self._due: dict[KeyT, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, KeyT]] = []
        self._n = 0

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: KeyT, due_s: float) -> None:
        """Have a timer be due then, and not at any other time."""
        self._n += 1
        self._due[key] = (due_s, self._n)
        heapq.heappush(self._heap, (due_s, self._n, key))
        if len(self._heap) > 2 * len(self._due) + SLACK:
            self._heap = [(due, n, each) for each, (due, n) in self._due.items()]
            heapq.heapify(self._heap)

    def drop(self, key: KeyT) -> bool:
        """Forget a timer; False when there is none."""
        return self._due.pop(key, None) is not None

    def due_of(self, key: KeyT) -> float | None:
        """When a timer is due; None: there is none."""
        found = self._due.get(key)
        return found[0] if found else None

    def next_due(self) -> float | None:
        """When the next timer is due; None: there is none."""
        while self._heap and self._is_stale():
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> KeyT | None:
        """Take out the timer that is due for longest; None: none is."""
        next_due = self.next_due()
        if next_due is None or next_due > now:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._due[key]
        return key

    def _is_stale(self) -> bool:
        due, n, key = self._heap[0]
        return self._due.get(key) != (due, n)
