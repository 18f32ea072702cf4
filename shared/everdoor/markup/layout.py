"""Marked-up texts measured, cut, filled up and wrapped by what is seen of them.

Columns are a terminal's cells: tags take none, a Chinese character takes two. Tags go with the
word that they stand at, so that every piece keeps its colours.

The library that knows how wide a character is, wcwidth, takes 10 MB of memory; it is imported at
the first text that is not ASCII, which the processes of many worlds never see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from everdoor.markup.tags import LITERALS, TAG, escape, link_parts, plain

ELLIPSIS = "..."
"""Ends what was cut off; every client's font has it."""

Align = Literal["left", "right", "center"]


class _Atom(NamedTuple):
    """What cannot be cut: a character as seen, or a tag; and the cells that it takes."""

    source: str
    seen: str
    cells: int


def width(text: str) -> int:
    """Cells that the longest line of a marked-up text takes."""
    seen = plain(text)
    return max(map(cells_of, seen.split("\n"))) if "\n" in seen else cells_of(seen)


def pad(text: str, columns: int, align: Align = "left") -> str:
    """Fill a line up with spaces; one that is wider stays as it is."""
    missing = max(0, columns - width(text))
    before = {"left": 0, "right": missing, "center": missing // 2}[align]
    return f"{' ' * before}{text}{' ' * (missing - before)}"


def truncate(text: str, columns: int, ellipsis: str = ELLIPSIS) -> str:
    """Cut a line to so many cells, the ellipsis among them; its colours end with it."""
    if width(text) <= columns:
        return text
    end = ellipsis[:columns]
    room = columns - cells_of(end)
    kept: list[str] = []
    for atom in _atoms(text):
        room -= atom.cells
        if room < 0:
            break
        kept.append(atom.source)
    return closed("".join(kept)) + end


def wrap(text: str, columns: int, indent: str = "") -> list[str]:
    """Break a text into lines between words, or within one that is too long for a line.

    Line ends stay, several spaces become one; a link is never broken.

    Args:
        columns: Cells of a line, at least those of the indent and two more.
        indent: What each line begins with.
    """
    lines: list[str] = []
    for words in _lines_of_words(text):
        line, room = indent, columns - cells_of(indent)
        is_empty = True
        for word in words:
            for piece in _pieces(word, columns - cells_of(indent)):
                cells = sum(atom.cells for atom in piece)
                gap = " " if cells and not is_empty and piece[0] is word[0] else ""
                if not is_empty and cells + len(gap) > room:
                    lines.append(line)
                    line, room, gap, is_empty = indent, columns - cells_of(indent), "", True
                line += gap + "".join(atom.source for atom in piece)
                room -= cells + len(gap)
                is_empty = is_empty and not cells
        lines.append(line)
    return lines


def closed(text: str) -> str:
    """End a text's colours, so that they do not run into what stands beside it."""
    return "".join([atom.source for atom in _atoms(text)]) + "|n" if "|" in text else text


def cells_of(text: str) -> int:
    """Cells of a line that holds no tags."""
    if text.isascii() and text.isprintable():
        return len(text)
    from wcwidth import width as measured

    return measured(text)


def graphemes(text: str) -> Iterable[str]:
    """What is seen as one character each: a letter with what is put on it."""
    if text.isascii():
        return text
    from wcwidth import iter_graphemes

    return iter_graphemes(text)


def _atoms(text: str) -> Iterator[_Atom]:
    pieces = TAG.split(text)
    yield from _seen_atoms(pieces[0])
    for tag, after in zip(pieces[1::2], pieces[2::2], strict=True):
        seen = LITERALS.get(tag, "")
        if tag.startswith("|l"):
            seen = plain(link_parts(tag)[1])
        yield _Atom(tag, seen, cells_of(seen))
        yield from _seen_atoms(after)


def _seen_atoms(text: str) -> Iterator[_Atom]:
    """A bar that stands alone is doubled, for what comes to stand behind it."""
    yield from (_Atom(escape(seen), seen, cells_of(seen)) for seen in graphemes(text))


def _lines_of_words(text: str) -> Iterator[list[list[_Atom]]]:
    words: list[list[_Atom]] = [[]]
    for atom in _atoms(text):
        if atom.seen == "\n":
            yield [word for word in words if word]
            words = [[]]
        elif atom.source.isspace():
            words.append([])
        else:
            words[-1].append(atom)
    yield [word for word in words if word]


def _pieces(word: list[_Atom], columns: int) -> Iterator[list[_Atom]]:
    """Cut a word that is too long for a line."""
    piece: list[_Atom] = []
    room = columns
    for atom in word:
        if piece and atom.cells > room:
            yield piece
            piece, room = [], columns
        piece.append(atom)
        room -= atom.cells
    yield piece
