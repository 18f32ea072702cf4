"""The sub-protocol `v1.evennia.com`, and of clients that offer none: JSON arrays both ways.

    ["text", ["look"], {}]          a line; out of band: ["name", [arguments], {options}]
    ["text", ["<HTML>"], {}]        text; ["prompt", ...], ["logged_in", [], {}] likewise

Source: Evennia 5, web/static/webclient/js/evennia.js and server/portal/webclient.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from everdoor_portal.render.html import render_html
from everdoor_portal.render.kinds import Kind, without_kind
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
from everdoor_portal.web.events import Asked, Event, FlagValue, Left

CLOSE = "websocket_close"
"""What Evennia's client says when its player leaves the page."""

MAX_NAME_LENGTH = 64

_LAYOUT = (str, list, dict)


class EvenniaCodec(Codec):
    """One client of Evennia's own kind."""

    name: ClassVar[str] = "v1.evennia.com"

    @property
    def flags(self) -> dict[str, FlagValue]:
        return {**BROWSER_FLAGS, "CLIENTNAME": self._client, "OOB": True}

    @staticmethod
    def render(text: str, kind: Kind) -> str:
        return render_html(text, kind)

    @staticmethod
    def encode(text: str, encoding: str) -> bytes:
        return json_of(text)

    def receive(self, message: Message) -> Iterator[Event | Reply]:
        name, args, options = _read(message.data)
        if name == CLOSE:
            yield Left("client closed the connection", is_clean=True)
        elif name == "text":
            line = args[0] if args else ""
            yield from lines_of(line if isinstance(line, str) else "", self._max_chars)
        else:
            yield Asked(name, args, options)

    def text(self, body: bytes, options: Mapping[str, Any], number: int) -> Message:
        return _message(b"text", body, options)

    def prompt(
        self, body: bytes, options: Mapping[str, Any], number: int, hidden: bool | None
    ) -> Message:
        return _message(b"prompt", body, options)

    def out_of_band(
        self, name: str, args: list[Any], options: Mapping[str, Any], number: int
    ) -> Message | None:
        return Message(json_of([name, args, options]))


def _message(name: bytes, body: bytes, options: Mapping[str, Any]) -> Message:
    said = json_of(without_kind(options)) if options else b"{}"
    return Message(b'["%b",[%b],%b]' % (name, body, said))


def _read(data: bytes) -> tuple[str, list[Any], dict[str, Any]]:
    """Read `[name, [arguments], {options}]`, of which the last two may be left out."""
    said = read_json(data)
    if not isinstance(said, list) or not 0 < len(said) <= len(_LAYOUT):
        raise MalformedMessage("expected [name, [arguments], {options}]")
    if not all(isinstance(part, kind) for part, kind in zip(said, _LAYOUT, strict=False)):
        raise MalformedMessage("expected [name, [arguments], {options}]")
    name, args, options = [*said, [], {}] if len(said) == 1 else [*said, {}][:3]
    if not 0 < len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise MalformedMessage(f"expected a name of 1 to {MAX_NAME_LENGTH} characters")
    return name, args, options
