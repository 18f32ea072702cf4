"""Colours for clients that have fewer: 24 bits to xterm's 256, both to the 16 of ECMA-48.

Source: xterm's 256colres.h for indexes 16 to 255. What the 16 look like is the client's choice;
here they stand for the pure colours at two thirds and at full strength.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from everdoor.markup.tags import RGB

CUBE, GREYS = 16, 232
"""Where xterm's cube of 6 * 6 * 6 colours and its ramp of 24 greys begin."""

COLOURFUL = 64
"""Spread of red, green and blue from which a colour is not shown as a grey."""


class Rgb(NamedTuple):
    red: int
    green: int
    blue: int


_LEVELS = (0, 95, 135, 175, 215, 255)
_DARK, _FULL, _FAINT = 170, 255, 85
_SIXTEEN = [
    *(Rgb(*(_DARK * (i >> bit & 1) for bit in range(3))) for i in range(8)),
    Rgb(_FAINT, _FAINT, _FAINT),
    *(Rgb(*(_FULL * (i >> bit & 1) for bit in range(3))) for i in range(1, 8)),
]
_IN_COLOUR = [i for i, (r, g, b) in enumerate(_SIXTEEN) if not r == g == b]


def rgb_of(colour: int) -> Rgb:
    """Red, green and blue, 0 to 255, of a colour as `everdoor.markup.tags` counts them."""
    if colour >= RGB:
        return Rgb(colour >> 16 & 255, colour >> 8 & 255, colour & 255)
    if colour >= GREYS:
        grey = 8 + 10 * (colour - GREYS)
        return Rgb(grey, grey, grey)
    if colour >= CUBE:
        red, rest = divmod(colour - CUBE, 36)
        return Rgb(_LEVELS[red], _LEVELS[rest // 6], _LEVELS[rest % 6])
    return _SIXTEEN[colour]


@lru_cache(maxsize=4096)
def to_256(colour: int) -> int:
    """The index in xterm's palette that is nearest to a colour; indexes stay."""
    if colour < RGB:
        return colour
    wanted = rgb_of(colour)
    red, green, blue = (_nearest_level(part) for part in wanted)
    grey = GREYS + min(23, max(0, round((sum(wanted) / 3 - 8) / 10)))
    return _nearest(wanted, [CUBE + 36 * red + 6 * green + blue, grey])


@lru_cache(maxsize=4096)
def to_16(colour: int) -> int:
    """The index 0 to 15 that comes nearest to a colour; those 16 stay."""
    if colour < CUBE:
        return colour
    wanted = rgb_of(colour)
    is_colourful = max(wanted) - min(wanted) >= COLOURFUL
    return _nearest(wanted, _IN_COLOUR if is_colourful else list(range(16)))


def _nearest_level(part: int) -> int:
    return min(range(6), key=lambda level: abs(_LEVELS[level] - part))


def _nearest(wanted: Rgb, candidates: list[int]) -> int:
    return min(candidates, key=lambda colour: _distance(wanted, rgb_of(colour)))


def _distance(one: Rgb, other: Rgb) -> float:
    """How different two colours look: RGB weighted by how red they are (the "redmean")."""
    redness = (one.red + other.red) / 2
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return (2 + redness / 256) * red**2 + 4 * green**2 + (2 + (255 - redness) / 256) * blue**2
