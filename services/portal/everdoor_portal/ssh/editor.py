"""A line that is edited at a terminal: keys in, lines out, and what the terminal is to show.

A program behind a pty does itself what a telnet client does for its player: echo, erasing, moving
about, a history; and what the game shows meanwhile must not tear the line apart. The line and the
prompt before it are one row of the screen; of a longer line the part around the cursor is seen.

Whatever comes together is drawn once at its end, and a drawing is bounded by the width: a client
that sends keys as fast as it can costs as much as its bytes. No clock, no sockets.

Source: ECMA-48 (CSI, EL, CUB); the keys are those of GNU readline.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from wcwidth import wcswidth, wcwidth

from everdoor_portal.telnet.events import EndOfInput, Line, LineTooLong
from everdoor_portal.telnet.lines import MAX_LINE_BYTES

EditorEvent = Line | LineTooLong | EndOfInput

MAX_HISTORY = 100
MAX_HISTORY_CHARACTERS = 16 * 1024
"""Lines that are kept, within the memory that a session may take."""

MAX_KEY = 16
"""Characters of the longest key sequence that means anything, and some."""

MIN_ROOM = 8
"""Columns for the line; a prompt that leaves fewer stands in a row of its own."""

_PRINTABLE = re.compile("[^\x00-\x1f\x7f-\x9f]+")
_KEY = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|O.|[^\\[O])")
_STYLE = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]")
_WORD_BEHIND = re.compile(r"\s*\S*")


class LineEditor:
    """The line of one player.

    Args:
        max_chars: Longest line that is not refused; 0: MAX_LINE_BYTES holds.
        width: Of the terminal, in columns.
        is_plain: It knows no control sequences.
    """

    def __init__(self, max_chars: int, width: int, is_plain: bool = False) -> None:
        self._max_chars = min(max_chars or MAX_LINE_BYTES, MAX_LINE_BYTES)
        self._width = width
        self._is_plain = is_plain
        self._out: list[str] = []
        self._events: list[EditorEvent] = []
        self._line, self._pos, self._left, self._excess = "", 0, 0, 0
        self._prompt, self._drawn = "", 0
        self._history: deque[str] = deque(maxlen=MAX_HISTORY)
        self._at, self._unsent, self._killed = 0, "", ""
        self._key, self._after_cr = "", False
        self._is_hidden = False
        self._keys = self._all_keys()

    # Both sides.

    def receive(self, text: str) -> None:
        """Take what was typed, cut anywhere."""
        start = 0
        while start < len(text):
            start = self._take(text, start)
        self._draw()

    def events_received(self) -> list[EditorEvent]:
        """Lines since the last call, and the wish to leave."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> str:
        """What the terminal is to be sent."""
        data = "".join(self._out)
        self._out.clear()
        return data

    # From the game.

    def show(self, text: str) -> None:
        """Show a text above the line; it ends with a line end."""
        self._erase()
        self._out.append(text.replace("\n", "\r\n"))
        self._draw()

    def show_prompt(self, text: str) -> None:
        """Show a prompt before the line, in place of the one before."""
        above, _, prompt = text.rpartition("\n")
        if _columns(prompt) > self._width - MIN_ROOM:
            above, prompt = text, ""
        self._erase()
        if above:
            self._out.append(above.replace("\n", "\r\n") + "\r\n")
        self._prompt = prompt
        self._draw()

    def hide_input(self) -> None:
        """Show nothing of what is typed, and keep nothing of it: a password is asked for."""
        self._is_hidden = True
        self._draw()

    def show_input(self) -> None:
        """Show what is typed again."""
        if self._is_hidden:
            self._is_hidden = False
            self._draw()

    def resize(self, width: int) -> None:
        self._width = width
        self._left = 0
        self._draw()

    def end(self) -> None:
        """Leave the terminal at the beginning of a row."""
        if self._drawn:
            self._out.append("\r\n")
            self._drawn = 0

    # Keys.

    def _take(self, text: str, start: int) -> int:
        """Take the next key or run of characters; returns where the one behind it begins."""
        if self._key:
            self._take_key(text[start])
            return start + 1
        if found := _PRINTABLE.match(text, start):
            self._after_cr = False
            self._insert(found[0])
            return found.end()
        self._press(text[start])
        return start + 1

    def _press(self, key: str) -> None:
        if key == "\n" and self._after_cr:
            self._after_cr = False
            return
        self._after_cr = key == "\r"
        if key == "\x1b":
            self._key = key
        elif act := self._keys.get(key):
            act()

    def _take_key(self, character: str) -> None:
        self._key += character
        if _KEY.fullmatch(self._key):
            act = self._keys.get(self._key)
            self._key = ""
            if act is not None:
                act()
        elif len(self._key) >= MAX_KEY:
            self._key = ""

    def _all_keys(self) -> dict[str, Callable[[], None]]:
        named: dict[Callable[[], None], str] = {
            self._enter: "\r \n",
            self._left_one: "\x02 \x1b[D \x1bOD",
            self._right_one: "\x06 \x1b[C \x1bOC",
            self._home: "\x01 \x1b[H \x1bOH \x1b[1~ \x1b[7~",
            self._end: "\x05 \x1b[F \x1bOF \x1b[4~ \x1b[8~",
            self._word_left: "\x1bb \x1b[1;5D \x1b[1;3D",
            self._word_right: "\x1bf \x1b[1;5C \x1b[1;3C",
            self._older: "\x10 \x1b[A \x1bOA",
            self._newer: "\x0e \x1b[B \x1bOB",
            self._backspace: "\x7f \x08",
            self._delete: "\x1b[3~",
            self._delete_or_leave: "\x04",
            self._kill_before: "\x15",
            self._kill_behind: "\x0b",
            self._kill_word: "\x17 \x1b\x7f",
            self._yank: "\x19",
            self._give_up: "\x03",
            self._clear: "\x0c",
        }
        keys = {key: act for act, listed in named.items() for key in listed.split(" ")}
        return keys | {"\t": lambda: self._insert(" ")}

    # Editing.

    def _insert(self, typed: str) -> None:
        text = typed if typed.isprintable() else "".join(filter(str.isprintable, typed))
        room = max(0, self._max_chars - len(self._line))
        self._excess += max(0, len(text) - room)
        text = text[:room]
        self._line = self._line[: self._pos] + text + self._line[self._pos :]
        self._pos += len(text)

    def _set(self, line: str, pos: int | None = None) -> None:
        self._line, self._excess = line, 0
        self._pos = len(line) if pos is None else pos

    def _left_one(self) -> None:
        self._pos = max(0, self._pos - 1)

    def _right_one(self) -> None:
        self._pos = min(len(self._line), self._pos + 1)

    def _home(self) -> None:
        self._pos = 0

    def _end(self) -> None:
        self._pos = len(self._line)

    def _word_left(self) -> None:
        self._pos = self._word_start()

    def _word_right(self) -> None:
        found = _WORD_BEHIND.match(self._line, self._pos)
        self._pos = found.end() if found else self._pos

    def _word_start(self) -> int:
        before = self._line[: self._pos].rstrip()
        return before.rfind(" ") + 1

    def _backspace(self) -> None:
        if self._excess:
            self._excess = 0
        elif self._pos:
            self._set(self._line[: self._pos - 1] + self._line[self._pos :], self._pos - 1)

    def _delete(self) -> None:
        self._set(self._line[: self._pos] + self._line[self._pos + 1 :], self._pos)

    def _delete_or_leave(self) -> None:
        if self._line:
            self._delete()
        else:
            self._events.append(EndOfInput())

    def _kill(self, start: int, end: int) -> None:
        self._killed = "" if self._is_hidden else self._line[start:end]
        self._set(self._line[:start] + self._line[end:], start)

    def _kill_before(self) -> None:
        self._kill(0, self._pos)

    def _kill_behind(self) -> None:
        self._kill(self._pos, len(self._line))

    def _kill_word(self) -> None:
        self._kill(self._word_start(), self._pos)

    def _yank(self) -> None:
        self._insert(self._killed)

    def _give_up(self) -> None:
        """Begin a new line; the terminal keeps what was typed of the old one."""
        self._finish("" if self._is_hidden else self._line[: self._width])
        self._set("")

    def _clear(self) -> None:
        if not self._is_plain:
            self._out.append("\x1b[H\x1b[2J")

    # History.

    def _older(self) -> None:
        if self._at > 0 and not self._is_hidden:
            if self._at == len(self._history):
                self._unsent = self._line
            self._at -= 1
            self._set(self._history[self._at])

    def _newer(self) -> None:
        if self._at < len(self._history) and not self._is_hidden:
            self._at += 1
            is_last = self._at == len(self._history)
            self._set(self._unsent if is_last else self._history[self._at])

    def _remember(self, line: str) -> None:
        if line.strip() and not self._is_hidden and list(self._history)[-1:] != [line]:
            self._history.append(line)
            while sum(map(len, self._history)) > MAX_HISTORY_CHARACTERS:
                self._history.popleft()

    def _enter(self) -> None:
        line, excess = self._line, self._excess
        self._finish("" if self._is_hidden else line)
        if excess:
            self._events.append(LineTooLong(len(line) + excess))
        else:
            self._events.append(Line(line))
            self._remember(line)
        self._prompt, self._unsent, self._at = "", "", len(self._history)
        self._set("")

    # Drawing.

    def _finish(self, shown: str) -> None:
        """Have the terminal keep the row, with the whole line in it."""
        self._erase()
        self._out.append(f"{self._prompt}{shown}\r\n")

    def _erase(self) -> None:
        if self._drawn:
            self._out.append("\r" + " " * self._drawn + "\r" if self._is_plain else "\r\x1b[K")
            self._drawn = 0

    def _draw(self) -> None:
        """Draw prompt and line anew, and put the cursor where it belongs."""
        self._erase()
        before = _columns(self._prompt)
        seen, behind = ("", 0) if self._is_hidden else self._seen(self._width - before - 1)
        self._out.append(self._prompt + seen)
        self._drawn = before + _columns(seen)
        if behind:
            self._out.append("\b" * behind if self._is_plain else f"\x1b[{behind}D")

    def _seen(self, room: int) -> tuple[str, int]:
        """The part of the line that is seen, and the columns of it behind the cursor."""
        room = max(room, 1)
        left = self._pos
        used = 0
        while left > 0 and (used := used + _width(self._line[left - 1])) <= room:
            left -= 1
        self._left = min(max(self._left, left), self._pos)
        end, used = self._left, 0
        while end < len(self._line) and (used := used + _width(self._line[end])) <= room:
            end += 1
        return self._line[self._left : end], _columns(self._line[self._pos : end])


def _width(character: str) -> int:
    return max(0, wcwidth(character))


def _columns(text: str) -> int:
    return max(0, wcswidth(_STYLE.sub("", text)))
