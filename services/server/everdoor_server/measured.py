"""What the game server measures, by the names of `everdoor.measures`.

Figures are counted where they arise, in plain numbers; this reads them when somebody asks.
"""

from __future__ import annotations

from collections import Counter

from everdoor.measures import Histogram, Measured, counted, single
from everdoor_server.links import Links
from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.turn import Turn


class TurnTimes:
    """What turns and their commits take; counts the turns."""

    def __init__(self) -> None:
        self.running = Histogram()
        self.committing = Histogram()


def measured(
    generation: int,
    times: TurnTimes,
    turn: Turn,
    links: Links,
    sessions: ServerSessionHandler,
    waiting_frames: int,
    objects: int,
) -> Measured:
    """All figures of one generation.

    Args:
        waiting_frames: Frames that no turn has taken.
        objects: Objects of the world in memory.
    """
    return {
        "everdoor_generation": single(generation),
        "everdoor_sessions": counted(_sessions(turn, sessions)),
        "everdoor_turns_total": single(sum(times.running.counts)),
        "everdoor_turn_seconds": [[[], times.running.figure()]],
        "everdoor_commit_seconds": [[[], times.committing.figure()]],
        "everdoor_commands_total": single(turn.lines_run),
        "everdoor_lines_skipped_total": single(turn.lines_skipped),
        "everdoor_waiting_commands": single(turn.count_waiting()),
        "everdoor_waiting_frames": single(waiting_frames),
        "everdoor_outbox_rows": counted({link.portal: len(link.rows) for link in links}),
        "everdoor_outbox_bytes": counted({link.portal: link.backlog_bytes for link in links}),
        "everdoor_rows_resent_total": single(links.rows_resent),
        "everdoor_objects_loaded": single(objects),
    }


def _sessions(turn: Turn, sessions: ServerSessionHandler) -> Counter[tuple[str, str]]:
    """How many sessions there are, by protocol and state."""
    found: Counter[tuple[str, str]] = Counter()
    for session in sessions:
        if session.is_link_dead:
            state = "link_dead"
        elif turn.is_in_limbo(session):
            state = "limbo"
        else:
            state = "in" if session.logged_in else "login"
        found[session.protocol_key, state] += 1
    return found
