"""The command that shows players which colours their client shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from everdoor.markup.tags import escape
from everdoor_server.commands.default.muxcommand import MuxAccountCommand

NAMES: Final = "rgybmcwx"

KINDS: Final = ("ansi", "xterm256", "truecolor")


class CmdColor(MuxAccountCommand):
    """
    see the colours that your client shows

    Usage:
      color ansi
      color xterm256
      color truecolor

    What is behind each colour is how it is written in texts. Fewer colours than
    there should be? See `option`.
    """

    key = "color"
    aliases = ("colour", "colors")

    def func(self) -> None:
        kind = self.args.lower()
        if kind not in KINDS:
            self.msg(f"Usage: color {' | '.join(KINDS)}")
            return
        lines = {"ansi": _ansi, "xterm256": _xterm256, "truecolor": _truecolor}[kind]()
        # Colours that a client lacks are shown by the nearest that it has.
        self.msg(("\n".join(lines), {"wrap": False}))


def _ansi() -> Iterator[str]:
    yield "bright, dark, and the same as backgrounds:"
    for name in NAMES:
        forms = (name, name.upper(), f"[{name}", f"[{name.upper()}")
        yield "  ".join(_sample(f"|{form}") for form in forms)


def _xterm256() -> Iterator[str]:
    yield "red, green and blue from 0 to 5, and greys from a to z:"
    for red in range(6):
        for green in range(6):
            yield " ".join(_sample(f"|{red}{green}{blue}") for blue in range(6))
    for letters in ("abcdefghijklm", "nopqrstuvwxyz"):
        yield " ".join(_sample(f"|={letter}") for letter in letters)


def _truecolor() -> Iterator[str]:
    yield "red to blue in 64 steps, which no palette of 256 has:"
    steps = [f"|[#{252 - 4 * step:02x}00{4 * step:02x} " for step in range(64)]
    yield f"{''.join(steps)}|n"
    yield f"{_sample('|#ff8800')} {_sample('|[#0088ff')}"


def _sample(tag: str) -> str:
    return f"{tag}{escape(tag)}|n"
