"""Texts as HTML, for Evennia's web client, which puts them into its page as they are.

Everything that comes from a text is escaped; elements are only those made here. Colours are the
classes of that client's style sheet (`color-000` to `color-255`, `bgcolor-...`, `underline`,
`blink`), and links call it as its own server's do.

Source: the style sheet and the scripts of Evennia 5's web client.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from html import escape
from itertools import groupby

import msgspec

from everdoor.markup.tags import PLAIN, RGB, Link, Run, Style
from everdoor_portal.render.colours import to_16, to_256
from everdoor_portal.render.kinds import Depth, Kind
from everdoor_portal.render.mxp import is_web
from everdoor_portal.render.renderer import runs_of

TAB = "&nbsp;&nbsp;&nbsp;&nbsp;"

_WHITE, _BLACK = 7, 0


def render_html(text: str, kind: Kind) -> str:
    """Render a marked-up text; each element that it begins it ends."""
    parts: list[str] = []
    for _, group in groupby(runs_of(text, kind), key=lambda run: id(run.link)):
        runs = list(group)
        shown = "".join([_run(run, kind.depth) for run in runs])
        parts.append(_linked(runs[0].link, shown))
    return "".join(parts)


def _run(run: Run, depth: Depth) -> str:
    text = escape(run.text).replace("\n", "<br>").replace("\t", TAB)
    attributes = "" if run.style == PLAIN else _attributes(run.style, depth)
    return f"<span{attributes}>{text}</span>" if attributes else text


def _linked(link: Link | None, shown: str) -> str:
    if link is None or (link.is_url and not is_web(link)):
        return shown
    if link.is_url:
        href = escape(link.target)
        return f'<a href="{href}" target="_blank" rel="noopener noreferrer">{shown}</a>'
    # A script's string, in an attribute: JSON for the one, escaped for the other.
    command = escape(msgspec.json.encode(link.target).decode())
    click = f"Evennia.msg(&quot;text&quot;,[{command}],{{}});return false;"
    return f'<a id="mxplink" href="#" onclick="{click}">{shown}</a>'


@lru_cache(maxsize=4096)
def _attributes(style: Style, depth: Depth) -> str:
    """The attributes of a style, with a space before each."""
    if depth is Depth.NONE:
        return ""
    fg, bg = _colour(style.fg, style.hilite, depth), _colour(style.bg, False, depth)
    if style.inverse:
        fg, bg = (_BLACK if bg is None else bg), (_WHITE if fg is None else fg)
    classes = [name for name in ("underline", "blink") if getattr(style, name)]
    classes += [f"{kind}-{index:03d}" for kind, index in _indexed(fg, bg)]
    looks = ";".join(_looks(style, fg, bg))
    by_class = f' class="{" ".join(classes)}"' if classes else ""
    return by_class + (f' style="{looks}"' if looks else "")


def _indexed(fg: int | None, bg: int | None) -> Iterator[tuple[str, int]]:
    for kind, colour in (("bgcolor", bg), ("color", fg)):
        if colour is not None and colour < RGB:
            yield kind, colour


def _looks(style: Style, fg: int | None, bg: int | None) -> Iterator[str]:
    for property, colour in (("color", fg), ("background-color", bg)):
        if colour is not None and colour >= RGB:
            yield f"{property}:#{colour - RGB:06x}"
    if style.italic:
        yield "font-style:italic"
    if style.strike:
        yield "text-decoration:line-through"


def _colour(colour: int | None, is_bright: bool, depth: Depth) -> int | None:
    """A colour as deep as the client has them; the eight dark ones have bright brothers."""
    if colour is None:
        return _WHITE + 8 if is_bright else None
    if colour < 8:
        return colour + 8 * is_bright
    if depth is Depth.TRUECOLOR:
        return colour
    return to_256(colour) if depth is Depth.XTERM256 else to_16(colour)
