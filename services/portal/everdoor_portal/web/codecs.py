"""What the sub-protocols of the web door have in common: messages, and the shape of a codec.

A codec is one client's: it turns the WebSocket messages of its sub-protocol into events, and
outputs into messages. How WebSocket frames a message is `connection`'s, how texts are rendered
`everdoor_portal.render`'s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import msgspec

from everdoor_portal.render.kinds import Kind
from everdoor_portal.telnet.connection import DEFAULT_FLAGS
from everdoor_portal.telnet.lines import edit
from everdoor_portal.web.events import Event, FlagValue, Line, LineTooLong, TooManyLines

MAX_LINES = 512
"""Lines of one message that are taken: inflated, a few bytes could be as many as they like."""

MAX_DEPTH = 32
"""Arrays and objects within each other that are taken of a client."""


class MalformedMessage(ValueError):
    """A message of the client breaks the layout of its sub-protocol; it is counted."""


class Message(NamedTuple):
    """One WebSocket message: UTF-8 text, or bytes."""

    data: bytes
    is_binary: bool = False


class Reply(msgspec.Struct, frozen=True):
    """What a codec wants sent to its client at once."""

    message: Message


class Codec(ABC):
    """One client's sub-protocol.

    Args:
        max_chars: Longest line; 0: no limit but the message's.
        client: What the client has said of itself in opening, if anything.

    Attributes:
        name: As it is negotiated.
        line_end: Put behind the text of an output before it is encoded.
        greets: The client begins with a Greeting; else its session begins at once.
        confirms: The client says what outputs it has; else it is asked by pings.
    """

    name: ClassVar[str]
    line_end: ClassVar[str] = ""
    greets: ClassVar[bool] = False
    confirms: ClassVar[bool] = False

    def __init__(self, max_chars: int, client: str = "") -> None:
        self._max_chars = max_chars
        self._client = client

    @property
    def flags(self) -> dict[str, FlagValue]:
        """What is known of every client that speaks it."""
        return dict(BROWSER_FLAGS)

    @staticmethod
    @abstractmethod
    def render(text: str, kind: Kind) -> str:
        """Render the text of an output."""

    @staticmethod
    @abstractmethod
    def encode(text: str, encoding: str) -> bytes:
        """Make a rendered text the body that `text` and `prompt` take."""

    @abstractmethod
    def receive(self, message: Message) -> Iterator[Event | Reply]:
        """Read one message of the client.

        Raises:
            MalformedMessage: It is none of this sub-protocol.
        """

    @abstractmethod
    def text(self, body: bytes, options: Mapping[str, Any], number: int) -> Message:
        """Show text.

        Args:
            body: Rendered and encoded.
            number: Of the last output that the client has with this one; 0: none is counted.
        """

    @abstractmethod
    def prompt(
        self, body: bytes, options: Mapping[str, Any], number: int, hidden: bool | None
    ) -> Message:
        """Show a prompt; `hidden` says whether what is typed is hidden, None: as it was."""

    def out_of_band(
        self, name: str, args: list[Any], options: Mapping[str, Any], number: int
    ) -> Message | None:
        """Say something that is no text; None: it cannot be said.

        Raises:
            ValueError: It cannot be said in JSON.
        """
        return None

    def show_input(self) -> Message | None:
        """Let what is typed be seen again."""
        return None

    def token(self, token: bytes, account: str, is_secure: bool = False) -> Message | None:
        """Give the client its resume token, which over TLS is for TLS alone; None: there is no way
        to, or it wants none."""
        return None

    def counted(self, number: int) -> Message | None:
        """Tell the client the number of the last output that it was sent, if it wants to know it
        and is not told with each."""
        return None

    def session(self, sessid: int, name: str, is_logged_in: bool) -> Message | None:
        """Tell the client who it is."""
        return None

    def away(self, is_away: bool) -> Message | None:
        """Tell the client that the game is away, or here again."""
        return None


BROWSER_FLAGS: dict[str, FlagValue] = {
    **DEFAULT_FLAGS,
    "ANSI": True,
    "XTERM256": True,
    "TRUECOLOR": True,
    "UTF-8": True,
}
"""Of whatever speaks WebSocket and has said nothing else: programs of this century."""


def lines_of(text: str, max_chars: int) -> Iterator[Event]:
    """The lines of a text that a client has sent; an end of line behind the last one is none."""
    whole = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    if (count := whole.count("\n") + 1) > MAX_LINES:
        yield TooManyLines(count)
        return
    for line in whole.split("\n"):
        length = len(line)
        if max_chars and length > max_chars:
            yield LineTooLong(length)
        else:
            yield Line(line if line.isprintable() else edit(line))


def text_of(message: Message) -> str:
    """Read a message as UTF-8, whichever kind it is.

    Raises:
        MalformedMessage: It is not.
    """
    try:
        return message.data.decode()
    except UnicodeDecodeError:
        raise MalformedMessage("expected UTF-8") from None


def read_json(data: bytes | str) -> Any:
    """Read JSON that is not nested too deep.

    Raises:
        MalformedMessage: It is no JSON, or nested deeper than MAX_DEPTH.
    """
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedMessage("expected JSON") from None
    if _is_deeper(value, MAX_DEPTH):
        raise MalformedMessage(f"expected at most {MAX_DEPTH} levels of JSON")
    return value


def json_of(value: Any) -> bytes:
    """Write JSON.

    Raises:
        ValueError: It cannot be said in JSON.
    """
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as exc:
        raise ValueError(f"cannot be said in JSON: {exc}") from exc


def _is_deeper(value: Any, most: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return bool(inner) and (most == 0 or any(_is_deeper(each, most - 1) for each in inner))
