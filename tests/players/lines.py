"""The numbered lines that players type, and what the game shows of them.

A line of words carries who typed it and its number (`Ada-000012`), so that it can be told from
every other. Lines about the player's own thing cannot; they are told apart by the say before them.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple


class Verb(StrEnum):
    THINK = "think"
    SAY = "say"
    GET = "get"
    DROP = "drop"


class Word(NamedTuple):
    """A line seen or typed: who acts, what is done, the number of the line (0: it has none)."""

    actor: str
    verb: Verb
    number: int = 0


NOTICES = (
    "The game is restarting. What you type is kept and will be done when it is back.",
    "The game is back.",
)
"""What portals say of their own accord while the server is away."""

_TOKEN = r"(?P<name>\w+)-(?P<number>\d{6})"
_OWN = (
    (Verb.THINK, re.compile(rf'You think, "{_TOKEN}"')),
    (Verb.SAY, re.compile(rf'You say, "{_TOKEN}"')),
    (Verb.GET, re.compile(r"You pick up (?P<thing>.+)\.")),
    (Verb.DROP, re.compile(r"You drop (?P<thing>.+)\.")),
)
_HEARD = (
    (Verb.SAY, re.compile(rf'(?P<actor>\w+) says, "{_TOKEN}"')),
    (Verb.GET, re.compile(r"(?P<actor>\w+) picks up (?P<thing>.+)\.")),
    (Verb.DROP, re.compile(r"(?P<actor>\w+) drops (?P<thing>.+)\.")),
)
_TYPED = re.compile(rf"(?:(?P<verb>think|say) {_TOKEN}|(?P<move>get|drop) (?P<thing>.+))")
_CAME = re.compile(r"(\w+) has entered the game\.")
_LEFT = re.compile(r"(\w+) has left the game( \(.*\))?\.")
_ANY_TOKEN = re.compile(_TOKEN)


def words(player: str, verb: Verb, number: int) -> str:
    """A numbered line to type; `verb` is think or say."""
    return f"{verb} {player}-{number:06d}"


def typed(player: str, line: str) -> Word | None:
    """What a typed line asks for; None: it is none of the numbered lines and their like."""
    found = _TYPED.fullmatch(line)
    if found is None:
        return None
    if found["move"]:
        return Word(player, Verb(found["move"]))
    return Word(player, Verb(found["verb"]), int(found["number"]))


def seen(player: str, line: str) -> Word | None:
    """What a line on a player's screen tells; None: nothing that players' lines bring about.

    An answer to words that the player never typed comes back with their typist as the actor, and
    so does a say under another name than its typist's: `is_misrouted` tells.
    """
    for verb, pattern in _OWN:
        if found := pattern.fullmatch(line):
            return _word(found, player, verb)
    for verb, pattern in _HEARD:
        if found := pattern.fullmatch(line):
            return _word(found, found["actor"], verb)
    return None


def arrived(line: str) -> str | None:
    """Who has entered the game, as a line tells those around; None: it tells something else."""
    found = _CAME.fullmatch(line)
    return found[1] if found else None


def departed(line: str) -> str | None:
    """Who has left the game, as a line tells those around; None: it tells something else."""
    found = _LEFT.fullmatch(line)
    return found[1] if found else None


def is_misrouted(player: str, line: str) -> bool:
    """Whether a line holds words that this player must not see, or sees under a wrong name."""
    found = _ANY_TOKEN.search(line)
    if found is None:
        return False
    told = seen(player, line)
    return told is None or told.actor != found["name"]


def _word(found: re.Match[str], actor: str, verb: Verb) -> Word:
    number = int(found["number"]) if "number" in found.re.groupindex else 0
    return Word(actor, verb, number)
