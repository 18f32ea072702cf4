"""Line assembly: a player's data bytes to lines of text, in bounded memory.

A line ends with CR LF, CR NUL, LF or a CR alone. A CR ends it at once and what belongs to the CR is
dropped when it comes, so that a client that sends CR NUL waits for nothing. Telnet commands are
gone already (`parser`); what a line means is the server's matter.

A line is UTF-8; one that is not valid UTF-8 is in the client's own encoding, or in Latin-1. Then,
in this order: terminal escape sequences (cursor keys) and control characters go, a tab becomes a
space, backspace and DEL erase the character before them. NUL is a keepalive and never part of a
line.

Source: RFC 854, "The NVT printer and keyboard"; RFC 1123, 3.3.1.
"""

import re

from everdoor.encodings import DEFAULT_ENCODING
from everdoor_portal.telnet.events import Event, Keepalive, Line, LineTooLong

# The buffer of one unfinished line. 6000 characters, the usual limit, take at most 24000 bytes in
# UTF-8; the rest is for what will be erased again.
MAX_LINE_BYTES = 32 * 1024

_NOT_PLAIN = re.compile(rb"[^\n\x20-\x7e]")
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# C0 without BS and TAB, C1, and the two separators at which many programs break lines.
_CONTROL = re.compile("[\x00-\x07\x0a-\x1f\x80-\x9f\u2028\u2029]")
_UTF8_CONTINUATION = bytes(range(0x80, 0xC0))


class LineAssembler:
    """The unfinished line of one connection.

    Args:
        max_chars: The longest line, in characters, that is not refused. 0 disables the limit;
            MAX_LINE_BYTES holds then.

    Attributes:
        encoding: The client's own, as its player has chosen it.
    """

    __slots__ = ("_after_cr", "_max_chars", "_pending", "_skipped", "encoding")

    def __init__(self, max_chars: int) -> None:
        self._max_chars = min(max_chars or MAX_LINE_BYTES, MAX_LINE_BYTES)
        self.encoding = DEFAULT_ENCODING
        self._pending = bytearray()
        self._after_cr = False
        self._skipped: int | None = None  # characters of an endless line, None when in none

    @property
    def buffered_bytes(self) -> int:
        """How many bytes of an unfinished line are kept."""
        return len(self._pending)

    @property
    def overruns(self) -> int:
        """How many more lines of MAX_LINE_BYTES would have been room for in what a line without an
        end has brought."""
        return (self._skipped or 0) // MAX_LINE_BYTES

    def feed(self, data: bytes, events: list[Event]) -> None:
        """Take data bytes; appends Line, LineTooLong and Keepalive to `events`."""
        head, newline, tail = self._with_plain_ends(data).rpartition(b"\n")
        if newline:
            self._complete(head, events)
        if tail:
            self._hold(tail, events)

    def erase_line(self) -> None:
        """Forget what was typed since the last line end."""
        self._pending.clear()
        self._skipped = None

    def _with_plain_ends(self, data: bytes) -> bytes:
        """Make every line end an LF, knowing how the chunk before ended."""
        if self._after_cr and data:
            self._after_cr = False
            if data[0] in b"\n\0":
                data = data[1:]
        if b"\r" not in data:
            return data
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r\0", b"\n").replace(b"\r", b"\n")

    def _complete(self, block: bytes, events: list[Event]) -> None:
        """Take one or more lines, separated by LF, the last one's end left out."""
        if self._pending:
            block = bytes(self._pending) + block
            self._pending.clear()
        if self._skipped is None and _NOT_PLAIN.search(block) is None:
            for text in block.decode("ascii").split("\n"):
                self._append(text, events)
            return
        for segment in block.split(b"\n"):
            self._hold(segment, events)
            self._end_line(events)

    def _hold(self, segment: bytes, events: list[Event]) -> None:
        """Keep a part of a line, or only its length once the line is longer than the buffer."""
        if b"\0" in segment:
            add_keepalive(events)
            segment = segment.replace(b"\0", b"")
        if self._skipped is not None:
            self._skipped += _count_characters(segment)
            return
        self._pending += segment
        if len(self._pending) > MAX_LINE_BYTES:
            self._skipped = _count_characters(bytes(self._pending))
            self._pending.clear()

    def _end_line(self, events: list[Event]) -> None:
        if self._skipped is not None:
            events.append(LineTooLong(self._skipped))
            self._skipped = None
            return
        text = _decode(bytes(self._pending), self.encoding)
        self._pending.clear()
        self._append(text if text.isprintable() else edit(text), events)

    def _append(self, text: str, events: list[Event]) -> None:
        length = len(text)
        events.append(Line(text) if length <= self._max_chars else LineTooLong(length))


def add_keepalive(events: list[Event]) -> None:
    """Append a Keepalive unless the last event is one: a flood of them is one event."""
    if not events or not isinstance(events[-1], Keepalive):
        events.append(Keepalive())


def _decode(raw: bytes, encoding: str) -> str:
    for tried in (DEFAULT_ENCODING, encoding):
        try:
            return raw.decode(tried)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def edit(text: str) -> str:
    """Take what a player typed for what they meant: nothing to control, mistakes erased."""
    text = _CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", text)).replace("\t", " ")
    text = text.replace("\x7f", "\b")
    return _erase(text) if "\b" in text else text


def _erase(text: str) -> str:
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def _count_characters(data: bytes) -> int:
    return len(data.translate(None, _UTF8_CONTINUATION))
