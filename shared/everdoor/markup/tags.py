"""The tags of markup, and texts read into runs of one style each.

    |r |g |y |b |m |c |w |x   bright foreground (x: black); upper case: dark
    |!R ...                   foreground as bright as the text before it
    |500 |=a |#ff8800         foreground of xterm's cube, its greys (a to z), 24 bits
    |[r |[R |[500 |[=a |[#..  the same as background
    |h |u |i |s               hilite, underline, italic, strike; upper case: off again
    |* |^                     inverse, blink
    |n                        all of the above off
    |/ |- |_ |>               line end, tab, space, four spaces
    ||                        a bar
    |lc command |lt text |le  a link that does a command; |lu address |lt text |le: one to a page

Anything else stays text. The words are Evennia's, so that its users need not learn new ones. What
a style looks like to a client is not said here (`everdoor_portal.render`), and texts must have
been cleaned (`everdoor.markup.clean`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

RGB = 1 << 24
"""From here on a colour is RGB + red * 65536 + green * 256 + blue; below 256 it is an index in
xterm's palette, whose first 16 are the client's own: 0 to 7 dark, 8 to 15 bright."""


class Style(NamedTuple):
    """How text looks. `hilite` brightens a foreground of 0 to 7 and makes any other bold."""

    fg: int | None = None
    bg: int | None = None
    hilite: bool = False
    underline: bool = False
    italic: bool = False
    strike: bool = False
    blink: bool = False
    inverse: bool = False


class Link(NamedTuple):
    """What a click does: types a command, or opens a page."""

    target: str
    is_url: bool


PLAIN = Style()


class Run(NamedTuple):
    """Text of one style; the runs of one link share the Link object."""

    text: str
    style: Style = PLAIN
    link: Link | None = None


LITERALS = {"||": "|", "|/": "\n", "|-": "\t", "|_": " ", "|>": "    "}
"""Tags that are text in disguise."""

_NAMED = "xrgybmcw"
_EFFECTS: dict[str, dict[str, bool]] = {
    "|h": {"hilite": True},
    "|H": {"hilite": False},
    "|u": {"underline": True},
    "|U": {"underline": False},
    "|i": {"italic": True},
    "|I": {"italic": False},
    "|s": {"strike": True},
    "|S": {"strike": False},
    "|^": {"blink": True},
    "|*": {"inverse": True},
}

_COLOUR = r"[rgybmcwxRGYBMCWX]|[0-5]{3}|=[a-z]|\#[0-9A-Fa-f]{6}"
# Stops at the next `|l`, so that reading many unfinished links costs no more than their length.
_IN_LINK = r"[^|]*+(?:\|[^l][^|]*+)*+"

TAG = re.compile(
    rf"(\|(?:[|nhHuUiIsS*^/\-_>]|{_COLOUR}|\[(?:{_COLOUR})|![RGYBMCWX]"
    rf"|l[cu]{_IN_LINK}\|lt{_IN_LINK}\|le))"
)
"""Every tag, a link as a whole; `split` gives text and tags by turns."""

_LINK = re.compile(rf"\|l([cu])({_IN_LINK})\|lt({_IN_LINK})\|le")


def parse(text: str) -> list[Run]:
    """Read a marked-up text; the runs are never empty, and no text gives no runs."""
    runs: list[Run] = []
    if "|" not in text:
        return [Run(text)] if text else runs
    _add(runs, text, PLAIN, None)
    return runs


def plain(text: str) -> str:
    """Return what is to be read of a marked-up text."""
    return "".join([run.text for run in parse(text)]) if "|" in text else text


def escape(text: str) -> str:
    """Mark a text up so that it is shown as it is."""
    return text.replace("|", "||")


def link_parts(tag: str) -> tuple[Link, str]:
    """Take a link of TAG apart: what it does, and the marked-up text between |lt and |le."""
    found = _LINK.fullmatch(tag)
    assert found is not None, "TAG holds the same pattern"
    kind, target, text = found.groups()
    one_line = target.replace("\n", " ").replace("\t", " ")
    return Link(one_line.replace("||", "|").strip(), kind == "u"), text


def _add(runs: list[Run], text: str, style: Style, link: Link | None) -> Style:
    """Add the runs of a text that begins in a style; return the one it ends in."""
    pieces = TAG.split(text)
    pending = pieces[0]
    for tag, after in zip(pieces[1::2], pieces[2::2], strict=True):
        literal = LITERALS.get(tag)
        if literal is not None:
            pending += literal + after
            continue
        if pending:
            runs.append(Run(pending, style, link))
        pending = after
        if tag.startswith("|l"):
            inner, shown = link_parts(tag)
            style = _add(runs, shown, style, inner)
        else:
            style = _restyled(style, tag)
    if pending:
        runs.append(Run(pending, style, link))
    return style


@lru_cache(maxsize=4096)
def _restyled(style: Style, tag: str) -> Style:
    if tag == "|n":
        return PLAIN
    effect: dict[str, Any] | None = _EFFECTS.get(tag)
    if effect is not None:
        return style._replace(**effect)
    name = tag[1:]
    if name[0] == "[":
        return style._replace(bg=_colour(name[1:]))
    if name[0] == "!":
        return style._replace(fg=_NAMED.index(name[1].lower()))
    if name.isalpha():
        return style._replace(fg=_NAMED.index(name.lower()), hilite=name.islower())
    return style._replace(fg=_colour(name))


def _colour(name: str) -> int:
    if name.isalpha():
        return _NAMED.index(name.lower()) + 8 * name.islower()
    if name[0] == "#":
        return RGB + int(name[1:], 16)
    if name[0] == "=":
        return {"a": 16, "z": 231}.get(name[1], 232 + ord(name[1]) - ord("b"))
    red, green, blue = map(int, name)
    return 16 + 36 * red + 6 * green + blue
