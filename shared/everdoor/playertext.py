"""What players type or choose, made safe for others to see: in the game, in tables, in logs."""

from __future__ import annotations

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
_DIRECTIONS = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_CLEANED = {
    **dict.fromkeys(_CONTROLS + _DIRECTIONS),
    **dict.fromkeys(map(ord, "\t\n\r\u2028\u2029"), " "),
}


_LOGINS = frozenset({"connect", "conn", "con", "create"})
"""What people type again who do not know that they are logged in already."""


def is_about_passwords(line: str) -> bool:
    """Whether a line is one of the commands that are given a password, or ask for one, or is meant
    as one: `passwd`, or a login of somebody who is in."""
    words = line.split(maxsplit=1)
    name = words[0].lower().lstrip("@+") if words else ""
    return name.startswith("pass") or name.endswith("password") or name in _LOGINS


def clean(text: str) -> str:
    """Take out what could forge or hide what others see: controls and changes of direction.

    Line ends and tabs become spaces.
    """
    return text if text.isprintable() else text.translate(_CLEANED)
