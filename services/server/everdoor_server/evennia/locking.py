"""Evennia's lock strings, as they are written here.

The words are mostly the same. What a class has by default is left out; ids of accounts become those
of here; and where a lock asks for a function that there is not, nobody passes, since what was
locked must not come open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from everdoor.errors import UserError
from everdoor_server.locks import compile_locks

CLOSED = "false()"

_OF_ACCOUNT = re.compile(r"\bpid\(\s*#?(\d+)\s*\)", re.IGNORECASE)
_FUNCTION = re.compile(r"\w+\s*\(")


def translate_locks(
    theirs: str, default: str, uids: Mapping[int, int], closed: Callable[[str], None]
) -> str:
    """Bring a lock string of Evennia's to one of ours.

    Args:
        default: What the class locks by itself.
        uids: Ids of accounts here by theirs; one that is not among them passes nowhere.
        closed: Told each lock that is closed because it cannot be understood.
    """
    ours, known = {}, _split(default)
    for access_type, expression in _split(theirs).items():
        text = _OF_ACCOUNT.sub(lambda found: _pid(uids, int(found[1])), expression)
        if not _is_understood(access_type, text):
            closed(f"{access_type}:{expression}")
            text = CLOSED
        if known.get(access_type) != text:
            ours[access_type] = text
    return ";".join(f"{access_type}:{text}" for access_type, text in ours.items())


def _pid(uids: Mapping[int, int], account: int) -> str:
    return f"pid({uids[account]})" if account in uids else CLOSED


def _is_understood(access_type: str, expression: str) -> bool:
    try:
        compile_locks(f"{access_type}:{expression}")
    except UserError:
        return False
    return bool(access_type and _FUNCTION.search(expression))


def _split(locks: str) -> dict[str, str]:
    """Expressions by type; Evennia has written them, and what is none locks nothing there."""
    parts = (part.partition(":") for part in locks.split(";"))
    return {name.strip().lower(): text.strip() for name, _, text in parts if text.strip()}
