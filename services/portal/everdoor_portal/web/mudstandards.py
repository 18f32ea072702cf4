"""The sub-protocols `terminal`, `gmcp` and `json` of mudstandards.org.

All three have binary messages for what is read and typed, UTF-8 with the escape sequences of
terminals, lines ending with CR LF; a prompt is a text without a line end. Text messages are

- `terminal.mudstandards.org`: none; one that comes is taken for lines;
- `gmcp.mudstandards.org`: a GMCP packet, `Package.Name json`;
- `json.mudstandards.org`: `{"proto": ..., "id": ..., "data": ...}`, all strings; `gmcp` with the
  package as `id` and JSON as `data` is what we send, `gmcp` and `text` are what we take.

Source: https://mudstandards.org/websocket/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from everdoor_portal.render.kinds import Kind
from everdoor_portal.render.renderer import render
from everdoor_portal.telnet import gmcp
from everdoor_portal.telnet.encode import plain_line_ends
from everdoor_portal.telnet.handlers import MalformedSubnegotiation
from everdoor_portal.telnet.outofband import data_of, package_of
from everdoor_portal.web.codecs import (
    BROWSER_FLAGS,
    Codec,
    MalformedMessage,
    Message,
    Reply,
    json_of,
    lines_of,
    read_json,
    text_of,
)
from everdoor_portal.web.events import (
    Event,
    FlagsChanged,
    FlagValue,
    Keepalive,
    LoginWanted,
    OutOfBand,
    Reconnect,
)


class TerminalCodec(Codec):
    """One client that wants no more than a terminal would."""

    name: ClassVar[str] = "terminal.mudstandards.org"
    line_end: ClassVar[str] = "\n"

    @staticmethod
    def render(text: str, kind: Kind) -> str:
        return render(text, kind)

    @staticmethod
    def encode(text: str, encoding: str) -> bytes:
        return plain_line_ends(text).encode(encoding, "replace")

    def receive(self, message: Message) -> Iterator[Event | Reply]:
        if message.data:
            yield from lines_of(text_of(message), self._max_chars)

    def text(self, body: bytes, options: Mapping[str, Any], number: int) -> Message:
        return Message(body, is_binary=True)

    def prompt(
        self, body: bytes, options: Mapping[str, Any], number: int, hidden: bool | None
    ) -> Message:
        return Message(body, is_binary=True)


class GmcpCodec(TerminalCodec):
    """One client that speaks GMCP besides."""

    name: ClassVar[str] = "gmcp.mudstandards.org"

    def __init__(self, max_chars: int, client: str = "") -> None:
        super().__init__(max_chars, client)
        self._gmcp = gmcp.GmcpHandler()

    @property
    def flags(self) -> dict[str, FlagValue]:
        return {**BROWSER_FLAGS, "OOB": True}

    def receive(self, message: Message) -> Iterator[Event | Reply]:
        if message.is_binary:
            yield from super().receive(message)
        else:
            yield from self._take_packet(message.data)

    def out_of_band(
        self, name: str, args: list[Any], options: Mapping[str, Any], number: int
    ) -> Message | None:
        package = package_of(name)
        if not self._gmcp.wants(package):
            return None
        return self._packed(gmcp.encode(package, data_of(args, options)))

    def token(self, token: bytes, account: str, is_secure: bool = False) -> Message | None:
        if not self._gmcp.keeps_tokens:
            return None
        told = {"account": account, "token": gmcp.token_text(token), "secure_only": is_secure}
        return self._packed(gmcp.encode("Char.Login.Token", told))

    def counted(self, number: int) -> Message | None:
        if not self._gmcp.counts_outputs:
            return None
        return self._packed(gmcp.encode("Everdoor.Output", {"number": number}))

    def _take_packet(self, packet: bytes) -> Iterator[Event | Reply]:
        try:
            answer = self._gmcp.receive(packet)
        except MalformedSubnegotiation as exc:
            raise MalformedMessage(str(exc)) from exc
        if answer.flags:
            yield FlagsChanged(dict(answer.flags))
        if answer.send is not None:
            yield Reply(self._packed(answer.send))
        for event in answer.events:
            if isinstance(event, Keepalive | OutOfBand | LoginWanted | Reconnect):
                yield event

    def _packed(self, packet: bytes) -> Message:
        return Message(packet)


class JsonCodec(GmcpCodec):
    """One client that wraps what is no text in JSON."""

    name: ClassVar[str] = "json.mudstandards.org"

    def receive(self, message: Message) -> Iterator[Event | Reply]:
        if message.is_binary:
            yield from super().receive(message)
            return
        match read_json(message.data):
            case {"proto": "gmcp", "id": str(package), "data": str(data)}:
                yield from self._take_packet(f"{package} {data}".encode())
            case {"proto": "text", "data": str(line)}:
                yield from lines_of(line, self._max_chars)
            case {"proto": str(), "data": str()}:
                return  # a protocol that we do not speak: the envelope is for any
            case _:
                raise MalformedMessage('expected {"proto": ..., "id": ..., "data": ...} of strings')

    def _packed(self, packet: bytes) -> Message:
        package, _, data = packet.decode().partition(" ")
        return Message(json_of({"proto": "gmcp", "id": package, "data": data}))
