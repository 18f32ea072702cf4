"""What players say, made safe for others to see: markup that would forge lines or links.

Controls and changes of direction are `everdoor.playertext`'s.
"""

from __future__ import annotations

import re

_FORGING = re.compile(r"\|\||\|(?=[/\-]|l[a-z]|\Z)", re.IGNORECASE)
"""Pairs, to be skipped; tags of line ends, tabs and links; a bar at the end, which what the game
puts behind the text could make a tag of."""


def inert(text: str) -> str:
    """Let colours in what a player says work, but no line ends, tabs and links."""
    return _FORGING.sub("||", text) if "|" in text else text
