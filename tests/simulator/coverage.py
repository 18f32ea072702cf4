"""Says which faults crossed which messages, so that a quiet run can be told from a shallow one."""

from __future__ import annotations

from simulator.network import Crossings

MESSAGES = (
    "hello",
    "part",
    "connected",
    "input",
    "flagschanged",
    "disconnected",
    "ack",
    "beat up",
    "welcome",
    "row: cursors",
    "row: changes",
    "row: outputs",
    "row: closes",
    "resync",
    "refused",
    "beat",
)
"""Kinds of messages; a row counts once for each part that it has."""


def table(crossings: Crossings) -> str:
    """Draw the counts, one line for each fault, one column for each kind of message."""
    faults = sorted({fault for fault, _ in crossings})
    width = max(map(len, faults), default=0)
    lines = [" " * width + "".join(f"{name:>13}" for name in MESSAGES)]
    for fault in faults:
        counts = "".join(f"{crossings[fault, name] or '-':>13}" for name in MESSAGES)
        lines.append(f"{fault:<{width}}{counts}")
    return "\n".join(lines)
