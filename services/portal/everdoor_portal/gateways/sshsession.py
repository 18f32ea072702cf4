"""One SSH client at its terminal: its channel, which is its PortalSession as well.

Lines are edited in `everdoor_portal.ssh.editor`; who it is has been shown in `sshlogin`, and its
connection is `ssh`'s. Source: RFC 4254, section 6.
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import asyncssh
import structlog

from everdoor_portal.gateways.acceptor import Peer
from everdoor_portal.gateways.bounds import CLOSE_S, TOO_LONG
from everdoor_portal.gateways.intake import Intake
from everdoor_portal.gateways.sshlogin import SshLogin
from everdoor_portal.render.renderer import render_output
from everdoor_portal.session import PortalSession
from everdoor_portal.sessionhandler import DOES_NOT_READ
from everdoor_portal.ssh.editor import EditorEvent, LineEditor
from everdoor_portal.ssh.terminal import flags_of, is_plain, size_flags
from everdoor_portal.telnet.events import EndOfInput, Event, Line, LineTooLong
from everdoor_portal.telnet.lines import LineAssembler
from everdoor_portal.telnet.ttype import MAX_NAME_LENGTH
from everdoor_portal.telnet.violations import ViolationMeter

if TYPE_CHECKING:
    from everdoor_portal.gateways.ssh import SshService

_log = structlog.get_logger(__name__)


class _Environment(dict[bytes, bytes]):
    """Of a channel: asyncssh keeps whatever a client sends, this one what is looked at."""

    def __init__(self, count: Callable[[int], None]) -> None:
        self._count = count

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._count(len(key) + len(value))
        if key == b"COLORTERM" and len(value) <= MAX_NAME_LENGTH:
            super().__setitem__(key, value)


class SshSession(PortalSession, asyncssh.SSHServerSession[bytes]):
    """One SSH client at its terminal. Made by SshConnection when a client asks for a channel."""

    protocol_key: ClassVar[str] = "ssh"

    def __init__(self, service: SshService, login: SshLogin, peer: Peer, client: str) -> None:
        super().__init__(*peer)
        self.key = login.session
        self._service = service
        self._login = login
        self._client = client
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._editor: LineEditor | None = None
        self._lines = LineAssembler(service.max_chars)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._out: list[str] = []
        self._begun: asyncio.Task[None] | None = None
        self._early, self._has_ended_early = b"", False
        self._intake = Intake(self, service.loop, self._take_bytes)
        self._meter = ViolationMeter()

    # The channel's side.

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan
        chan._env = _Environment(self.count_request)
        chan.set_write_buffer_limits(high=self._service.max_unsent_bytes)

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        size = size_flags(*term_size[:2])
        width = cast(int, size["SCREENWIDTH"])
        self._editor = LineEditor(self._service.max_chars, width, is_plain(term_type))
        self.learn_flags(size)
        return True

    def shell_requested(self) -> bool:
        return True

    def session_started(self) -> None:
        channel = self._channel
        assert channel is not None, "a session starts on its channel"
        term = channel.get_terminal_type() if self._editor else None
        colorterm = channel.get_environment().get("COLORTERM", "")
        size = {name: self.protocol_flags[name] for name in self.protocol_flags}
        self.learn_flags({**flags_of(self._client, term, colorterm), **size})
        self._login.has_terminal = True
        self._begun = self._service.loop.create_task(self._begin(channel))

    async def _begin(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        """Begin the session, logged in where the client has shown who it is."""
        ticket = await self._login.ticket()
        if self._channel is not None:
            if why := self._login.why_not:
                self._show(f"{why}\n")
            self._service.sessions.connect(self, ticket=ticket)
            _log.info("client connected", session=str(self.key), peer=self.address)
            early, self._early = self._early, b""
            self._intake.receive(early)
            channel.resume_reading()
            if self._has_ended_early:
                self.eof_received()

    def count_request(self, size: int = 0) -> None:
        """Count something that the client says besides its lines; too much of it ends it."""
        if self._meter.add_routine(self._service.loop.time(), size):
            self._leave("too many requests that are no lines", clean=False)
            self._login.abort()

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        self.count_request()
        size = size_flags(width, height)
        if self._editor is not None:
            self._editor.resize(cast(int, size["SCREENWIDTH"]))
        changed = {n: value for n, value in size.items() if self.protocol_flags.get(n) != value}
        if self.sessionhandler is not None and changed:
            self._service.sessions.flags_in(self, changed)
        else:
            self.learn_flags(changed)
        self.flush()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self.sessionhandler is None:
            # The session is about to begin; what is typed comes after that.
            self._early += data
            self.pause_reading()
        else:
            self._intake.receive(data)

    def _take_bytes(self, data: bytes) -> None:
        events: list[Event] | list[EditorEvent] = []
        if self._editor is not None:
            self._editor.receive(self._decoder.decode(data))
            events = self._editor.events_received()
        else:
            self._lines.feed(data, cast(list[Event], events))
        for event in events:
            self._take(event)

    def _take(self, event: Event | EditorEvent) -> None:
        match event:
            case Line(text=text):
                self._service.sessions.data_in(self, text)
            case LineTooLong(length=length):
                self._show(TOO_LONG.format(length=length, most=self._service.max_chars) + "\n")
            case EndOfInput():
                self.eof_received()
            case _:
                self._service.sessions.keepalive(self)

    def break_received(self, msec: int) -> bool:
        return True

    def eof_received(self) -> bool:
        if self.sessionhandler is None:
            self._has_ended_early = True
            return True
        self._intake.take_rest()
        self._leave("client closed the connection", clean=True)
        self.disconnect("")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        if self._begun is not None:
            self._begun.cancel()
        self._intake.take_rest()
        self._leave("connection lost" if exc else "client closed the connection", exc is None)
        self._login.close()

    def pause_writing(self) -> None:
        """More is unsent than may be: the client does not read."""
        self._leave(DOES_NOT_READ, clean=False)
        self._login.abort()

    def resume_writing(self) -> None:
        """Never matters: a client that fell behind has been let go."""

    def _leave(self, reason: str, clean: bool) -> None:
        if self.has_client and self.sessionhandler is not None:
            _log.info("client left", session=str(self.key), reason=reason)
            self._service.sessions.client_left(self, reason, clean)

    # The portal's side.

    def send_text(self, args: list[Any], options: dict[str, Any]) -> None:
        self._show(render_output(args, options, self.kind) + "\n")

    def send_prompt(self, args: list[Any], options: dict[str, Any]) -> None:
        text = render_output(args, options, self.kind)
        if self._editor is None:
            self._out.append(text)
            return
        self._editor.show_prompt(text)
        if "hidden" in options:
            # Only who waits for a line says so; other prompts come in between.
            self._editor.hide_input() if options["hidden"] else self._editor.show_input()

    def show_input(self) -> None:
        if self._editor is not None:
            self._editor.show_input()

    def flush(self) -> None:
        if self._editor is not None:
            self._out.append(self._editor.data_to_send())
        text = "".join(self._out)
        self._out.clear()
        if text and self._channel is not None and not self._channel.is_closing():
            self._channel.write(text.encode("utf-8", "replace"))

    def disconnect(self, reason: str = "") -> None:
        channel = self._channel
        if channel is None or channel.is_closing():
            return
        if self._editor is not None:
            self._editor.end()
        self.flush()
        _log.info("client let go", session=str(self.key), reason=reason)
        channel.exit(0)
        self._service.loop.call_later(CLOSE_S, self._login.abort)

    def pause_reading(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def resume_reading(self) -> None:
        self._intake.resume(self._read_on)

    def _read_on(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    def _show(self, text: str) -> None:
        if self._editor is not None:
            self._editor.show(text)
        else:
            self._out.append(text)
