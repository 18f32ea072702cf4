"""What players say, made safe for others to see: markup that would forge lines or links.

Controls and changes of direction are `everdoor.playertext`'s.
"""

from __future__ import annotations

import re

_FORGING = re.compile(r"\|\||\|(?=[/\-]|l[a-z])", re.IGNORECASE)


def inert(text: str) -> str:
    """Let colours in what a player says work, but no line ends, tabs and links."""
    return _FORGING.sub("||", text) if "|" in text else text
