"""When a server may take a world over from whoever has its lease: the decision, without a clock.

A world in PostgreSQL can be reached from several homes, on several machines. One server serves it;
others wait, and look at its lease. Its holder moves the lease's beat as long as it lives, so that

- a lease of one's own home is free: the supervisor has seen the end of whoever had it,
- a lease that was let go is free, its holder having ended in order,
- any other is free when it has not moved for a while, measured by the clock of whoever waits.

That a holder was alive after all (stopped, cut off) does no harm: every write of it is fenced.
"""

from __future__ import annotations

from everdoor_server.commit import HeldBy

BEATS = 5
"""Signs of life in the time after which a holder counts as dead: four may fail or come late."""


class LeaseWatch:
    """One server's look at the lease of its world.

    Args:
        home: Whose lease is free for it.
        silence_s: How long a lease of another home must not have moved.
    """

    def __init__(self, home: str, silence_s: float) -> None:
        self._home = home
        self._silence_s = silence_s
        self._sign: tuple[int, int] | None = None
        self._since = 0.0

    def is_free(self, held: HeldBy, now: float) -> bool:
        """Whether the world may be taken over.

        Args:
            held: The lease as it is.
            now: Monotonic seconds.
        """
        if held.home in ("", self._home):
            return True
        sign = (held.generation, held.beat)
        if sign != self._sign:
            self._sign, self._since = sign, now
        return now - self._since >= self._silence_s

    def lost_sight(self) -> None:
        """The lease cannot be read: its holder may have moved it meanwhile."""
        self._sign = None
