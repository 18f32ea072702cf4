"""Texts as clients are shown them, each rendered once for each kind of client.

A text is cleaned first, so that every escape sequence that comes out was put in here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Protocol

from everdoor.markup.clean import clean
from everdoor.markup.tags import PLAIN, Link, Run, parse
from everdoor.markup.wrapping import widest, wrap_runs
from everdoor_portal.render import hyperlinks, mxp
from everdoor_portal.render.kinds import (
    DEFAULT_KIND,
    Depth,
    Kind,
    asks_for_a_kind,
    for_output,
    hung,
    unbroken,
)
from everdoor_portal.render.screenreader import readable
from everdoor_portal.render.sgr import RESET, fills_cells, sgr


class LinkMarks(Protocol):
    """What stands before and behind the text of a link; both may be empty."""

    def begin(self, link: Link) -> str: ...
    def end(self, link: Link) -> str: ...


Render = Callable[[str, Kind], str]
"""A marked-up text as clients of a kind are shown it."""


def render(text: str, kind: Kind) -> str:
    """Render a marked-up text; what it begins (colours, links) it ends."""
    runs = runs_of(text, kind)
    if not kind.mxp:
        return _coloured(runs, kind.depth)
    return _linked([run._replace(text=mxp.escape(run.text)) for run in runs], kind.depth, mxp)


def render_hyperlinked(text: str, kind: Kind) -> str:
    """The same for terminals that know links of their own (OSC 8)."""
    return _linked(runs_of(text, kind), kind.depth, hyperlinks)


def runs_of(text: str, kind: Kind) -> list[Run]:
    """Clean a marked-up text and read it as a client of a kind is shown it."""
    text = clean(text)
    runs = [Run(text)] if kind.raw or "|" not in text else parse(text)
    if kind.screenreader:
        return [Run(readable("".join([run.text for run in runs])))]
    return wrap_runs(runs, kind.columns, kind.hanging) if kind.columns else runs


def render_output(
    args: list[Any], options: Mapping[str, Any], kind: Kind, render: Render = render
) -> str:
    """Render the text of an output, its first argument, as its options ask for."""
    shown = for_output(kind, options) if asks_for_a_kind(options) else kind
    return render(f"{args[0]}" if args else "", hung(shown, options))


class Renderer:
    """Renders outputs for one protocol, whose clients take them one after the other.

    What came out for a kind is kept until the next output. An output is told from the next by the
    identity of its arguments: its receivers share them (`PortalSessionHandler.apply`).

    Args:
        encode: Text and the name of an encoding to bytes for the wire.
        render: How texts are rendered.
        line_end: Put behind each text.
    """

    def __init__(
        self,
        encode: Callable[[str, str], bytes],
        render: Render = render,
        line_end: str = "\n",
    ) -> None:
        self._encode = encode
        self._render = render
        self._line_end = line_end
        self._args: list[Any] = []
        self._options: Mapping[str, Any] = {}
        self._done: dict[tuple[Kind, str], bytes] = {}
        self._columns: int | None = None

    def encoded(
        self, args: list[Any], options: Mapping[str, Any], kind: Kind, encoding: str
    ) -> bytes:
        """An output's text for one client, with the line end behind it."""
        if args is not self._args or options is not self._options:
            self._args, self._options = args, options
            self._done.clear()
            self._columns = None
        if kind.columns and self._widest() <= kind.columns:
            kind = unbroken(kind)
        data = self._done.get((kind, encoding))
        if data is None:
            shown = render_output(args, options, kind, self._render)
            data = self._encode(f"{shown}{self._line_end}", encoding)
            self._done[kind, encoding] = data
        return data

    def _widest(self) -> int:
        """Cells of the output's longest line: clients for which it fits are of one kind."""
        if self._columns is None:
            text = f"{self._args[0]}" if self._args else ""
            self._columns = widest(runs_of(text, DEFAULT_KIND))
        return self._columns


def _coloured(runs: list[Run], depth: Depth) -> str:
    if depth is Depth.NONE:
        return "".join([run.text for run in runs])
    parts: list[str] = []
    now = PLAIN
    for text, style, _ in runs:
        begin = sgr(style, depth)
        if style != now:
            parts.append(begin)
            now = style
        if "\n" in text and fills_cells(style):
            text = text.replace("\n", f"{RESET}\n{begin}")
        parts.append(text)
    if now != PLAIN:
        parts.append(RESET)
    return "".join(parts)


def _linked(runs: list[Run], depth: Depth, marks: LinkMarks) -> str:
    """Each link as a piece of its own: its colours begin and end within it."""
    parts: list[str] = []
    for _, group in groupby(runs, key=lambda run: id(run.link)):
        of_link = list(group)
        link = of_link[0].link
        shown = _coloured(of_link, depth)
        parts.append(shown if link is None else marks.begin(link) + shown + marks.end(link))
    return "".join(parts)
