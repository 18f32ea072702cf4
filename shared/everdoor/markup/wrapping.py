"""Lines that are too long for a screen, broken between words: for texts already read into runs.

A line that fits stays as it is, whatever is drawn in it; one that does not is broken, and goes on
under its own indent. Columns are a terminal's cells. Words stay whole unless one is longer than a
line; a link stays whole as long as it fits into a line. Where a script puts no spaces between
words, lines break between its characters.

Texts that are still marked up are laid out by `everdoor.markup.layout`; who wants lines broken at
all is decided where they are shown (`everdoor_portal.render`).

Source: Unicode 15 UAX 11 (East Asian Width) for cells, UAX 14 for what may not begin a line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from everdoor.markup.layout import cells_of, graphemes
from everdoor.markup.tags import PLAIN, Link, Run, Style

TAB_CELLS = 8
"""A tab that is broken up counts as many; terminals have a stop at every eighth column."""

_PIECES = re.compile(r"[ \t]+|[^ \t]+")
_SPACES = " \t"

_CLOSING = "、。，．・：；？！’”）〕］｝〉》」』】〙〗〟…‥ー々"
_SMALL_KANA = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
_NOT_FIRST = frozenset(_CLOSING + _SMALL_KANA)
"""Characters that begin no line of scripts without spaces: closing marks and small kana."""


class _Piece(NamedTuple):
    """A part of a line in one style that is either space or not, and the cells it takes."""

    text: str
    style: Style
    link: Link | None
    cells: int
    is_space: bool
    can_break: bool
    """Whether a line may end before it, although no space is there."""


def widest(runs: list[Run]) -> int:
    """Cells of the longest line."""
    return max(map(_cells, "".join([run.text for run in runs]).split("\n")))


def wrap_runs(runs: list[Run], columns: int, hanging: int = 0) -> list[Run]:
    """Break the lines that take more than so many cells.

    Args:
        runs: As `everdoor.markup.tags.parse` reads them.
        columns: Cells of a line, at least 2.
        hanging: Cells by which a line is set in where it goes on, besides its own indent.
    """
    wrapped: list[Run] = []
    for number, line in enumerate(_lines(runs)):
        if number:
            wrapped.append(Run("\n", wrapped[-1].style if wrapped else PLAIN))
        if sum([_cells(run.text) for run in line]) <= columns:
            wrapped += line
        else:
            wrapped += _broken(line, columns, hanging)
    return wrapped


def _lines(runs: list[Run]) -> Iterator[list[Run]]:
    line: list[Run] = []
    for run in runs:
        first, *others = run.text.split("\n")
        if first:
            line.append(run._replace(text=first))
        for text in others:
            yield line
            line = [run._replace(text=text)] if text else []
    yield line


def _broken(line: list[Run], columns: int, hanging: int) -> Iterator[Run]:
    """A line as runs with line ends between them."""
    pieces = list(_pieces(line, columns))
    indent = pieces.pop(0) if pieces[0].is_space else None
    room = columns
    if indent is not None:
        yield Run(indent.text, indent.style, indent.link)
        room -= indent.cells
    hanging += 0 if indent is None else indent.cells
    if hanging > columns // 2:
        hanging = 0
    spaces: list[_Piece] = []
    is_first = True
    for word in _words(pieces):
        if word[0].is_space:
            spaces = word
            continue
        cells, gap = sum(each.cells for each in word), sum(each.cells for each in spaces)
        if cells + gap > room and not is_first:
            yield from _new_line(word[0], hanging)
            room, spaces, gap = columns - hanging, [], 0
        yield from (Run(each.text, each.style, each.link) for each in spaces)
        room, spaces, is_first = room - gap, [], False
        for each in word:
            for part in _fitting(each, room, columns - hanging):
                if part.cells > room:
                    yield from _new_line(part, hanging)
                    room = columns - hanging
                yield Run(part.text, part.style, part.link)
                room -= part.cells


def _new_line(before: _Piece, hanging: int) -> Iterator[Run]:
    """A line end in the style of what follows, so that no colours are changed for it."""
    yield Run("\n", before.style)
    if hanging:
        yield Run(" " * hanging)


def _pieces(line: list[Run], columns: int) -> Iterator[_Piece]:
    of_links: Counter[int] = Counter()
    for run in line:
        of_links[id(run.link)] += _cells(run.text)
    for text, style, link in line:
        if link is not None and of_links[id(link)] <= columns:
            yield _Piece(text, style, link, _cells(text), False, False)
            continue
        for part in _PIECES.findall(text):
            if part[0] in _SPACES:
                yield _Piece(part, style, link, _cells(part), True, False)
            elif part.isascii():
                yield _Piece(part, style, link, len(part), False, False)
            else:
                yield from _unspaced(part, style, link)


def _unspaced(text: str, style: Style, link: Link | None) -> Iterator[_Piece]:
    """Cut a word between wide characters, where its script has no spaces."""
    kept, kept_cells, after_wide, can_break = "", 0, False, False
    for seen in graphemes(text):
        cells = cells_of(seen)
        is_wide = cells == 2
        if kept and (is_wide or after_wide) and seen[0] not in _NOT_FIRST:
            yield _Piece(kept, style, link, kept_cells, False, can_break)
            kept, kept_cells, can_break = "", 0, True
        kept, kept_cells, after_wide = kept + seen, kept_cells + cells, is_wide
    yield _Piece(kept, style, link, kept_cells, False, can_break)


def _words(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Pieces that stay together; spaces apart."""
    word: list[_Piece] = []
    for piece in pieces:
        if word and (piece.is_space != word[-1].is_space or piece.can_break):
            yield word
            word = []
        word.append(piece)
    if word:
        yield word


def _fitting(piece: _Piece, room: int, columns: int) -> Iterator[_Piece]:
    """Cut a piece that is too long for a line: the rest of this line first, then whole lines."""
    if piece.cells <= max(room, columns):
        yield piece
        return
    part, cells = "", 0
    for seen in graphemes(piece.text):
        size = cells_of(seen)
        if part and cells + size > room:
            yield piece._replace(text=part, cells=cells)
            part, cells, room = "", 0, columns
        part, cells = part + seen, cells + size
    yield piece._replace(text=part, cells=cells)


def _cells(text: str) -> int:
    return cells_of(text.expandtabs(TAB_CELLS)) if "\t" in text else cells_of(text)
