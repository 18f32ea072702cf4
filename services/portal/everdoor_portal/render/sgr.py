"""Styles as SELECT GRAPHIC RENDITION: the escape sequences that colour terminals.

Each sequence says a whole style, beginning with a reset, so that none depends on the one before.

Source: ECMA-48, 8.3.117; xterm's control sequences for 38;5 and 38;2.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from everdoor.markup.tags import PLAIN, RGB, Style
from everdoor_portal.render.colours import to_16, to_256
from everdoor_portal.render.kinds import Depth

RESET = "\x1b[0m"

FOREGROUND, BACKGROUND = 30, 40
_BOLD = 1
_LOOKS = ((3, "italic"), (4, "underline"), (5, "blink"), (7, "inverse"), (9, "strike"))


@lru_cache(maxsize=4096)
def sgr(style: Style, depth: Depth) -> str:
    """The sequence that begins a style, whatever was before; nothing without colours."""
    if depth is Depth.NONE:
        return ""
    if style == PLAIN:
        return RESET
    colours = _sixteen(style) if depth is Depth.ANSI else _many(style, depth)
    looks = (code for code, name in _LOOKS if getattr(style, name))
    return f"\x1b[{';'.join(map(str, (0, *looks, *colours)))}m"


@lru_cache(maxsize=4096)
def fills_cells(style: Style) -> bool:
    """Whether a style shows where there is no letter, and would run on behind a line's end."""
    return style.bg is not None or style.inverse or style.underline or style.strike


def _sixteen(style: Style) -> Iterator[int]:
    """Bright is bold, as in the first MUD clients, and only the foreground can be it."""
    bg = None if style.bg is None else to_16(style.bg) % 8
    fg = None if style.fg is None else to_16(style.fg)
    is_bright = style.hilite if fg is None or style.fg == fg else fg >= 8
    if fg is not None and fg % 8 == bg and style.fg != style.bg:
        is_bright = True  # fewer colours must not hide a text in its background
    if is_bright:
        yield _BOLD
    if fg is not None:
        yield FOREGROUND + fg % 8
    if bg is not None:
        yield BACKGROUND + bg


def _many(style: Style, depth: Depth) -> Iterator[int]:
    """A bright colour is named by its index as well: not every terminal brightens what is bold."""
    if style.hilite:
        yield _BOLD
    if style.fg is not None:
        is_named = style.fg < 8
        yield from _colour(style.fg + 8 * (is_named and style.hilite), FOREGROUND, depth)
    if style.bg is not None:
        yield from _colour(style.bg, BACKGROUND, depth)


def _colour(colour: int, ground: int, depth: Depth) -> Iterator[int]:
    if colour >= RGB and depth is Depth.TRUECOLOR:
        yield from (ground + 8, 2, colour >> 16 & 255, colour >> 8 & 255, colour & 255)
        return
    index = to_256(colour)
    yield from (ground + index,) if index < 8 else (ground + 8, 5, index)
