"""The sub-protocol `v1.everdoor`, of our own page: JSON arrays both ways, outputs numbered.

docs/clients.md, "Our own sub-protocol", is its description.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from everdoor_portal.render.kinds import Kind, without_kind
from everdoor_portal.render.renderer import render_hyperlinked
from everdoor_portal.telnet.gmcp import token_text
from everdoor_portal.telnet.naws import MAX_SIZE, MIN_HEIGHT, MIN_WIDTH
from everdoor_portal.web.codecs import (
    BROWSER_FLAGS,
    Codec,
    MalformedMessage,
    Message,
    Reply,
    json_of,
    lines_of,
    read_json,
)
from everdoor_portal.web.events import (
    Asked,
    Event,
    FlagsChanged,
    FlagValue,
    Greeting,
    Keepalive,
    Seen,
)

TOKEN_BYTES = 32
MAX_NAME_LENGTH = 64
MAX_NUMBER = 2**53 - 1
"""The largest that scripts count exactly."""

_PONG = Message(b'["pong"]')
_INPUT_SHOWN = Message(b'["input",false]')
_HIDDEN = {True: b"true", False: b"false", None: b"null"}


class EverdoorCodec(Codec):
    """One client that may come back."""

    name: ClassVar[str] = "v1.everdoor"
    greets: ClassVar[bool] = True
    confirms: ClassVar[bool] = True

    def __init__(self, max_chars: int, client: str = "") -> None:
        super().__init__(max_chars, client)
        self._has_greeted = False

    @property
    def flags(self) -> dict[str, FlagValue]:
        return {**BROWSER_FLAGS, "OOB": True}

    @staticmethod
    def render(text: str, kind: Kind) -> str:
        return render_hyperlinked(text, kind)

    @staticmethod
    def encode(text: str, encoding: str) -> bytes:
        return json_of(text)

    def receive(self, message: Message) -> Iterator[Event | Reply]:
        said = read_json(message.data)
        if not self._has_greeted:
            yield self._greeting(said)
            return
        match said:
            case ["line", str(line)]:
                yield from lines_of(line, self._max_chars)
            case ["seen", int(number)] if 0 <= number <= MAX_NUMBER:
                yield Seen(number)
            case ["flags", dict(told)]:
                yield FlagsChanged(_read_flags(told))
            case ["ping"]:
                yield Keepalive()
                yield Reply(_PONG)
            case ["out", str(name), list(args), dict(options)] if _is_name(name):
                yield Asked(name, args, options)
            case _:
                raise MalformedMessage("expected line, seen, flags, ping or out")

    def text(self, body: bytes, options: Mapping[str, Any], number: int) -> Message:
        return Message(b'["text",%d,%b]' % (number, body))

    def prompt(
        self, body: bytes, options: Mapping[str, Any], number: int, hidden: bool | None
    ) -> Message:
        return Message(b'["prompt",%d,%b,%b]' % (number, body, _HIDDEN[hidden]))

    def out_of_band(
        self, name: str, args: list[Any], options: Mapping[str, Any], number: int
    ) -> Message | None:
        return Message(json_of(["out", number, name, args, without_kind(options)]))

    def show_input(self) -> Message | None:
        return _INPUT_SHOWN

    def token(self, token: bytes, account: str, is_secure: bool = False) -> Message | None:
        return Message(json_of(["token", token_text(token)]))

    def session(self, sessid: int, name: str, is_logged_in: bool) -> Message | None:
        told = {"sessid": sessid, "name": name, "logged_in": is_logged_in}
        return Message(json_of(["session", told]))

    def away(self, is_away: bool) -> Message | None:
        return Message(json_of(["game", "away" if is_away else "here"]))

    def _greeting(self, said: Any) -> Greeting:
        match said:
            case ["hello", dict(told)]:
                token, seen = _read_token(told.pop("token", "")), told.pop("seen", 0)
            case _:
                raise MalformedMessage('expected ["hello", {...}] first')
        if type(seen) is not int or not 0 <= seen <= MAX_NUMBER:
            raise MalformedMessage("expected the number of an output as seen")
        flags = self.flags | _read_flags(told)
        self._has_greeted = True
        return Greeting(flags, token, seen)


def _read_token(token: Any) -> bytes:
    if token == "":
        return b""
    try:
        raw = base64.b64decode(f"{token}=".encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError, ValueError):
        raw = b""
    if len(raw) != TOKEN_BYTES:
        raise MalformedMessage("expected a token as it was given")
    return raw


def _read_flags(told: dict[str, Any]) -> dict[str, FlagValue]:
    """Read what a client says of itself; what we do not know is for others."""
    flags: dict[str, FlagValue] = {}
    for key, flag in (("client", "CLIENTNAME"), ("version", "CLIENTVERSION")):
        if key in told:
            flags[flag] = _read_name(told[key])
    for key, flag, least in (
        ("width", "SCREENWIDTH", MIN_WIDTH),
        ("height", "SCREENHEIGHT", MIN_HEIGHT),
    ):
        if key in told:
            flags[flag] = _read_size(told[key], least)
    if "screenreader" in told:
        flags["SCREENREADER"] = told["screenreader"] is True
    return flags


def _read_name(value: Any) -> str:
    if not isinstance(value, str) or not _is_name(value):
        raise MalformedMessage(f"expected 1 to {MAX_NAME_LENGTH} printable characters")
    return value


def _is_name(name: str) -> bool:
    return 0 < len(name) <= MAX_NAME_LENGTH and name.isprintable()


def _read_size(value: Any, least: int) -> int:
    if type(value) is not int or value <= 0:
        raise MalformedMessage("expected a size in characters")
    return max(least, min(MAX_SIZE, value))
