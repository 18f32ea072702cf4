"""Lines over a Unix socket: a protocol of one's own for Everdoor's portals, whole.

Clients connect to `<home>/play.sock`, which only the system's own user may do. What they send are
lines of UTF-8, one command each; what they are sent is text without colours. What is no text, such
as `room_info`, comes as a line of JSON behind a NUL, and a client may send the same:

    C: connect anna secret
    S: You become Anna.
    S: \\0["room_info", [], {"num": 2, "name": "Limbo", ...}]
    C: \\0["get_value", [], {"name": "location"}]
    S: \\0["get_value", [], {"name": "location", "value": "Limbo"}]

Try it: `socat - UNIX-CONNECT:var/play.sock`. How such a module is made: docs/new-protocol.md.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from everdoor.errors import StartupError
from everdoor.settings import Settings
from everdoor_portal.gateways.doors import GatewayContext
from everdoor_portal.limits import Verdict
from everdoor_portal.render.renderer import render_output
from everdoor_portal.session import PortalSession

MAX_LINE_BYTES = 32 * 1024
"""What a client may send without ending a line; beyond it is let go."""

MAX_UNSENT_BYTES = 1024 * 1024

BACKLOG = 128


class UnixSession(PortalSession, asyncio.Protocol):
    """One client: both its transport's protocol and the portal's end of its session."""

    protocol_key: ClassVar[str] = "unix"

    def __init__(self, gateway: UnixGateway) -> None:
        super().__init__("unix", 0)  # in place of an address, which a Unix socket has none of
        self._gateway = gateway
        self._transport: asyncio.Transport | None = None
        self._unread = b""
        self._out: list[str] = []

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        self.learn_flags({"CLIENTNAME": "unix", "NOCOLOR": True, "OOB": True, "UTF-8": True})
        verdict = self._gateway.context.entrance.arrive(self.address, self._gateway.context.clock())
        self._enter(verdict)

    def _enter(self, verdict: Verdict) -> None:
        if verdict.text:
            self._out.append(verdict.text)
        if verdict.is_refused:
            self.disconnect(verdict.text)
        else:
            self._gateway.context.sessions.connect(self)

    def data_received(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._take(line.rstrip(b"\r").decode("utf-8", "replace"))
        if len(self._unread) > MAX_LINE_BYTES:
            self._leave("line without an end", clean=False)
            self.disconnect("Your line is too long.")
        self.flush()

    def _take(self, line: str) -> None:
        sessions = self._gateway.context.sessions
        most = self._gateway.context.settings.max_char_limit
        if line.startswith("\0"):
            self._call(line[1:])
        elif len(line) > most > 0:
            self._out.append(f"Your line has {len(line)} characters; at most {most} are taken.")
        else:
            sessions.data_in(self, line)

    def _call(self, text: str) -> None:
        """Have an input function called: `["name", [arguments], {options}]`."""
        try:
            name, args, options = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            name, args, options = None, None, None
        if isinstance(name, str) and isinstance(args, list) and isinstance(options, dict):
            self._gateway.context.sessions.oob_in(self, name, args, options)
        else:
            self._out.append('Expected ["name", [arguments], {options}] behind the NUL.')

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave("client closed the connection", clean=exc is None)
        self._transport = None

    def pause_writing(self) -> None:
        """More is unsent than may be: the client does not read, and others must not wait for it."""
        self._leave("client does not read", clean=False)
        if self._transport is not None:
            self._transport.abort()

    def _leave(self, reason: str, clean: bool) -> None:
        if self.has_client and self.sessionhandler is not None:
            self._gateway.context.sessions.client_left(self, reason, clean)

    # The portal's side.

    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        self._out.append(render_output(args, options, self.kind).removesuffix("\n"))

    send_prompt = send_text

    def send_default(self, name: str, args: list[Any], options: dict[str, Any]) -> None:
        self._out.append("\0" + json.dumps([name, args, options]))

    def flush(self) -> None:
        lines, self._out = self._out, []
        if lines and self._transport is not None and not self._transport.is_closing():
            self._transport.write("".join(f"{line}\n" for line in lines).encode())

    def disconnect(self, reason: str = "") -> None:
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()


class UnixGateway:
    """Accepts clients in one worker."""

    def __init__(self, context: GatewayContext) -> None:
        self.context = context
        self._server: asyncio.Server | None = None
        self._path = ""

    async def listen(self, listener: socket.socket) -> None:
        self._path = listener.getsockname()
        self._server = await self.context.loop.create_unix_server(
            lambda: UnixSession(self), sock=listener
        )

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    def info(self) -> Mapping[str, int | str]:
        return {"unix_port": self._path}


class UnixDoor:
    """The door: `<home>/play.sock`, one listening socket that all workers share."""

    @contextmanager
    def listen(self, settings: Settings, workers: int) -> Iterator[Sequence[socket.socket]]:
        path = settings.home / "play.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            try:
                path.unlink(missing_ok=True)
                listener.bind(str(path))
                os.chmod(path, 0o600)
                listener.listen(BACKLOG)
            except OSError as exc:
                raise StartupError(f"{path}: cannot listen: {exc.strerror or exc}") from exc
            listener.setblocking(False)
            yield [listener] * workers
            path.unlink(missing_ok=True)

    def gateway(self, context: GatewayContext) -> UnixGateway:
        return UnixGateway(context)
