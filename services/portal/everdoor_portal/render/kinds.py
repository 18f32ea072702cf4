"""Kinds of clients: what decides how a text is rendered, and nothing else.

Clients of one kind are shown the same characters, so that a text heard by many is rendered once
for each kind of them.

Who has told nothing gets the 16 colours of ECMA-48: `telnet` in a terminal and every MUD client
of the last decades show them, and most that show no colour at all ignore them, while sequences for
256 colours and more come out as blinking or garbage where they are not known. A terminal that
calls itself dumb says so by the flag `ansi` (`everdoor_portal.telnet.ttype`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple


class Depth(enum.IntEnum):
    """How many colours there are."""

    NONE = 0
    ANSI = 1
    XTERM256 = 2
    TRUECOLOR = 3


class Kind(NamedTuple):
    """What a client can show.

    Attributes:
        screenreader: Somebody listens to it: no colours, no drawings.
        mxp: Links can be clicked.
        raw: Markup is shown as it is written.
        columns: Cells of a line, to which longer ones are broken; 0: the client does that, as most
            do that do not tell how wide they are.
        hanging: Cells by which a broken line is set in where it goes on.
    """

    depth: Depth = Depth.ANSI
    screenreader: bool = False
    mxp: bool = False
    raw: bool = False
    columns: int = 0
    hanging: int = 0


MIN_COLUMNS = 10
"""Narrower windows are taken for as wide: a word would hardly fit."""

DEFAULT_KIND = Kind()
"""A client that has told nothing."""

_WORDS = frozenset(
    (
        "ansi",
        "mxp",
        "nocolor",
        "noxterm256",
        "raw",
        "screenreader",
        "truecolor",
        "wrap",
        "xterm256",
    )
)
"""Options of an output that change its kind."""

_FLAGS = {word: word.upper() for word in _WORDS - {"wrap"}}
"""The protocol flags of the same meaning: these are written large, as everywhere in this field."""


def kind_of(flags: Mapping[str, Any]) -> Kind:
    """Tell the kind of a client from its protocol flags.

    Lines are broken for clients that have told how wide they are (`NAWS`), unless their player says
    otherwise (`WRAP`).
    """
    said = {word: flags[flag] for word, flag in _FLAGS.items() if flag in flags}
    is_wrapped = flags.get("WRAP", flags.get("NAWS", False))
    columns = flags.get("SCREENWIDTH", 0) if is_wrapped else 0
    kind = DEFAULT_KIND._replace(columns=max(columns, MIN_COLUMNS)) if columns else DEFAULT_KIND
    return for_output(kind, said)


def asks_for_a_kind(options: Mapping[str, Any]) -> bool:
    """Whether the options of an output change what kind it is rendered for."""
    return not _WORDS.isdisjoint(options)


def without_kind(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of an output that are for its client, not for how it is rendered."""
    return {name: value for name, value in options.items() if name not in _WORDS}


def for_output(kind: Kind, options: Mapping[str, Any]) -> Kind:
    """Change a client's kind for one output, as its options say.

    `truecolor`, `xterm256` and `ansi` ask for as many colours if true and for fewer if false;
    `nocolor` asks for none, `noxterm256` for 16 at most. `screenreader`, `mxp` and `raw` stand
    for the client's own. `wrap` false leaves lines as they are, for maps and drawings.
    """
    screenreader = bool(options.get("screenreader", kind.screenreader))
    raw = bool(options.get("raw", kind.raw))
    is_wrapped = options.get("wrap", True) and not (screenreader or raw)
    return Kind(
        _depth(kind.depth, options),
        screenreader,
        bool(options.get("mxp", kind.mxp)),
        raw,
        kind.columns if is_wrapped else 0,
    )


SPOKEN = frozenset(("say", "whisper", "pose", "page", "channel"))
"""Types of outputs, as `msg` names them, in which players have the word."""

HANGING = 2


def hung(kind: Kind, options: Mapping[str, Any]) -> Kind:
    """The kind for an output in which a player has the word: where it goes on it is set in.

    Else who knows how wide another's window is could have a line of it look as if somebody else had
    said it.
    """
    is_spoken = kind.columns and options.get("type") in SPOKEN
    return kind._replace(hanging=HANGING) if is_spoken else kind


@lru_cache(maxsize=4096)
def unbroken(kind: Kind) -> Kind:
    """The kind of client for which lines are not broken and all else is as it was."""
    return kind._replace(columns=0)


def _depth(depth: Depth, said: Mapping[str, Any]) -> Depth:
    """The most that is said to be there; what is said not to be there is no more than absent."""
    if said.get("nocolor"):
        return Depth.NONE
    for name, meant in (
        ("ansi", Depth.ANSI),
        ("xterm256", Depth.XTERM256),
        ("truecolor", Depth.TRUECOLOR),
    ):
        wanted = said.get(name)
        if wanted:
            depth = max(depth, meant)
        elif wanted is not None:
            depth = min(depth, Depth(meant - 1))
    return min(depth, Depth.ANSI) if said.get("noxterm256") else depth
