"""Tables for texts: columns under their heads, laid out for one screen, or in words for one ear.

Nothing is drawn: columns stand apart by spaces, so that a table is read by a screen reader as it
is by eyes, except that there each value has its head said before it. How wide a screen is, and
whether it is listened to, is said by who shows the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from everdoor.markup.layout import Align, closed, pad, truncate, width, wrap
from everdoor.markup.tags import LITERALS, TAG, plain

DEFAULT_COLUMNS = 78

GAP = "  "

MIN_COLUMN = 6
"""Cells of a column that nothing makes narrower: three letters and an ellipsis."""


class Screen(Protocol):
    """Where a table is shown: a session."""

    @property
    def protocol_flags(self) -> Mapping[str, Any]: ...

    def get_client_size(self) -> tuple[int, int]: ...


class Table:
    """Marked-up texts in columns.

        table = Table("Thing", "Price", align=("left", "right"))
        table.add_row("lamp", 3)
        self.msg(table.text_for(self.session))

    Args:
        head: The head of each column; it is shown bright.
        rows: What is under them.
        align: `left`, `right` or `center` for each column; those that are left out are left.
        columns: Cells of a line at most; None: what the screen has.
        cut: What is too long for its column is cut and ends in "..."; else it goes on in further
            lines.
    """

    def __init__(
        self,
        *head: str,
        rows: Iterable[Sequence[Any]] = (),
        align: Sequence[Align] = (),
        columns: int | None = None,
        cut: bool = False,
    ) -> None:
        self.head = [str(each) for each in head]
        self.rows: list[list[str]] = []
        left: list[Align] = ["left"] * (len(head) - len(align))
        self._align = [*align, *left]
        self._columns = columns
        self._cut = cut
        for row in rows:
            self.add_row(*row)

    def __str__(self) -> str:
        return self.text()

    def add_row(self, *cells: Any) -> None:
        """Add a row at the end.

        Raises:
            ValueError: It has more or fewer cells than there are heads.
        """
        wanted = len(self.head)
        if len(cells) != wanted:
            raise ValueError(f"expected {wanted} cells in a row of the table, got {len(cells)}")
        self.rows.append([_one_line(str(cell)) for cell in cells])

    def text_for(self, screen: Screen | None) -> str:
        """Lay the table out for a session; None: for a screen of which nothing is known."""
        if screen is None:
            return self.text()
        is_heard = bool(screen.protocol_flags.get("SCREENREADER", False))
        return self.text(screen.get_client_size()[0], is_heard)

    def text(self, columns: int = DEFAULT_COLUMNS, screenreader: bool = False) -> str:
        """Lay the table out.

        Args:
            columns: Cells of a line.
            screenreader: Say it in words: a line for each row, each value behind its head.
        """
        if screenreader:
            return "\n".join(map(self._said, self.rows)) or ", ".join(map(plain, self.head))
        most = columns if self._columns is None else min(self._columns, columns)
        widths = self._widths(most)
        lines = self._lines([f"|w{head}" for head in self.head], widths)
        for row in self.rows:
            lines += self._lines(row, widths)
        return "\n".join(lines)

    def _said(self, row: list[str]) -> str:
        pairs = zip(self.head, row, strict=True)
        return "; ".join(f"{head}: {cell}" if head else cell for head, cell in pairs if plain(cell))

    def _widths(self, columns: int) -> list[int]:
        """Cells of each column: the widest have what all together have too much taken from them."""
        widths = [max(map(width, cells)) for cells in zip(self.head, *self.rows, strict=True)]
        room = columns - len(GAP) * (len(widths) - 1)
        while sum(widths) > room and (widest := max(widths)) > MIN_COLUMN:
            widths[widths.index(widest)] -= 1
        return widths

    def _lines(self, row: Sequence[str], widths: Sequence[int]) -> list[str]:
        """A row as lines: as many as its longest cell has."""
        cells = [self._cell(cell, columns) for cell, columns in zip(row, widths, strict=True)]
        most = max((len(lines) for lines in cells), default=0)
        return [
            GAP.join(
                [
                    pad(lines[number] if number < len(lines) else "", columns, align)
                    for lines, columns, align in zip(cells, widths, self._align, strict=True)
                ]
            ).rstrip(" ")
            for number in range(most)
        ]

    def _cell(self, cell: str, columns: int) -> list[str]:
        if width(cell) <= columns:
            return [closed(cell)]
        if self._cut:
            return [truncate(cell, columns)]
        lines, before = [], ""
        for line in wrap(cell, columns):
            lines.append(closed(before + line))
            before += "".join(filter(_is_style, TAG.findall(line)))
        return lines


def _is_style(tag: str) -> bool:
    """Whether a tag holds on, so that the next line of a cell begins with it."""
    return tag not in LITERALS and not tag.startswith("|l")


def _one_line(text: str) -> str:
    return text.replace("|/", " ").replace("\n", " ") if "\n" in text or "|/" in text else text
