"""How often a peer may break the protocol before it is given up.

A leaky bucket: each telnet command adds ROUTINE_COST, each violation 1 besides, and time takes
away. So an honest client is never closed, however long it stays, and a flood of any kind soon is.
"""

MAX_LEVEL = 100.0
LEAK_PER_S = 1.0
VIOLATION_COST = 1.0

# Dragging a window's border makes dozens of NAWS reports a second for some seconds, and keepalives
# come for days: a thousand at once and ten a second ever after are allowed.
ROUTINE_COST = 0.1
ROUTINE_BYTES = 512
"""Of a command that cost no more than one without any: reading them takes time, too."""


class ViolationMeter:
    """The bucket of one connection.

    Attributes:
        total: Violations since the start; ordinary commands are not among them.
    """

    __slots__ = ("_level", "_updated_at", "total")

    def __init__(self) -> None:
        self.total = 0
        self._level = 0.0
        self._updated_at = 0.0

    def add_routine(self, now: float, size: int = 0) -> bool:
        """Count an ordinary command, of so many bytes, at `now` (seconds, monotonic); True when it
        was too many."""
        return self._add(ROUTINE_COST * (1 + size // ROUTINE_BYTES), now)

    def add_violation(self, now: float) -> bool:
        """Count a violation at `now` (seconds, monotonic); True when it was one too many."""
        self.total += 1
        return self._add(VIOLATION_COST, now)

    def _add(self, cost: float, now: float) -> bool:
        leaked = max(0.0, now - self._updated_at) * LEAK_PER_S
        self._updated_at = now
        self._level = max(0.0, self._level - leaked) + cost
        return self._level > MAX_LEVEL
