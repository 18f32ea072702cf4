"""docs/tutorial.md as a list of things to do, and the files that its blocks write.

A fenced block is one of: `console`, lines behind `$ ` are typed into a shell; `telnet NAME`, lines
behind `> ` are typed by a player; a file, which a line with its name in bold stands before, whole
or, as `diff`, in parts. A part holds lines to find (once) and what becomes of them; `@@` stands
between two parts.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"

_BLOCK = re.compile(
    r"^(?:\*\*`(?P<file>[^`]+)`\*\*\n\n)?```(?P<kind>\w+)(?: (?P<of>\w+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """One fenced block; `of` is the file that it writes, or the player who types."""

    kind: str
    of: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page, in order."""
    return [
        Block(
            found["kind"],
            found["file"] or found["of"] or "",
            found["text"],
            page.count("\n", 0, found.start()) + 1,
        )
        for found in _BLOCK.finditer(page)
    ]


def write(block: Block, folder: Path) -> None:
    """Do what a block says to a file.

    Raises:
        AssertionError: What a diff is to replace is not there once.
    """
    path = folder / block.of
    if block.kind != "diff":
        path.write_text(block.text)
        return
    text = path.read_text()
    for part in block.text.split("@@\n"):
        before, after = _sides(part, "-"), _sides(part, "+")
        assert text.count(before) == 1, f"line {block.line}: {before!r} is not once in {block.of}"
        text = text.replace(before, after)
    path.write_text(text)


def _sides(part: str, mark: str) -> str:
    """The lines of a part of a diff as they were (`-`) or will be (`+`)."""
    lines = [line or " " for line in part.splitlines()]
    return "".join(f"{line[1:]}\n" for line in lines if line[0] in (mark, " "))
