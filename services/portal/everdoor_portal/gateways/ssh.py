"""SSH clients: who they show to be, and their one channel, which is their PortalSession.

The protocol is asyncssh's, the player's line `everdoor_portal.ssh.editor`; showing who one is
before the session begins is `sshlogin`. There is a terminal to play at and nothing else: no
commands, no files, no forwarding.

Source: RFC 4252 to 4254.
"""

from __future__ import annotations

import asyncio
import codecs
import socket
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

import asyncssh
import structlog

from everdoor.addresses import parse_networks
from everdoor_portal.gateways.acceptor import Acceptor, Peer
from everdoor_portal.gateways.doors import GatewayContext
from everdoor_portal.gateways.sshlogin import SshLogin
from everdoor_portal.gateways.telnet import CLOSE_S, NO_LIMIT, TOO_LONG
from everdoor_portal.render.renderer import render_output
from everdoor_portal.session import PortalSession
from everdoor_portal.sessionhandler import DOES_NOT_READ
from everdoor_portal.ssh.editor import EditorEvent, LineEditor
from everdoor_portal.ssh.refusal import VERSION, refusal
from everdoor_portal.ssh.terminal import flags_of, is_plain, size_flags
from everdoor_portal.telnet.events import EndOfInput, Event, Line, LineTooLong
from everdoor_portal.telnet.lines import LineAssembler

ALGORITHMS: Mapping[str, list[str]] = {
    "kex_algs": ["mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org"],
    "encryption_algs": [
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        "aes256-ctr",
        "aes192-ctr",
        "aes128-ctr",
    ],
    "mac_algs": ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"],
    "compression_algs": ["none"],
    "signature_algs": [
        "ssh-ed25519",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ],
}
"""What is agreed to: nothing that ssh-audit fails, and what clients of the last ten years know.
Without compression nothing that a client has compressed is ever inflated."""

WINDOW = 64 * 1024
"""Bytes that a client may have sent and that are not read: what a session may hold."""

KEEPALIVE_S = 20.0
MISSED_KEEPALIVES = 2
"""A client that answers nothing is gone: within a minute in all."""

SHELL_S = 30.0
"""How long a client that has shown who it is may take to ask for its terminal."""

LINGER_S = 2.0
"""How long a client that is refused may take to read why."""

_log = structlog.get_logger(__name__)


class SshSession(PortalSession, asyncssh.SSHServerSession[bytes]):
    """One SSH client at its terminal. Made by SshConnection when a client asks for a channel."""

    protocol_key: ClassVar[str] = "ssh"

    def __init__(self, gateway: SshGateway, login: SshLogin, peer: Peer, client: str) -> None:
        super().__init__(*peer)
        self.key = login.session
        self._gateway = gateway
        self._login = login
        self._client = client
        self._channel: asyncssh.SSHServerChannel[bytes] | None = None
        self._editor: LineEditor | None = None
        self._lines = LineAssembler(gateway.max_chars)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._out: list[str] = []
        self._begun: asyncio.Task[None] | None = None
        self._early, self._has_ended_early = b"", False

    # The channel's side.

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan
        chan.set_write_buffer_limits(high=self._gateway.max_unsent_bytes)

    def pty_requested(
        self, term_type: str, term_size: tuple[int, int, int, int], term_modes: Mapping[int, int]
    ) -> bool:
        size = size_flags(*term_size[:2])
        width = cast(int, size["SCREENWIDTH"])
        self._editor = LineEditor(self._gateway.max_chars, width, is_plain(term_type))
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
        self._begun = self._gateway.loop.create_task(self._begin(channel))

    async def _begin(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        """Begin the session, logged in where the client has shown who it is."""
        ticket = await self._login.ticket()
        if self._channel is not None:
            if why := self._login.why_not:
                self._show(f"{why}\n")
            self._gateway.sessions.connect(self, ticket=ticket)
            _log.info("client connected", session=str(self.key), peer=self.address)
            early, self._early = self._early, b""
            self._receive(early)
            channel.resume_reading()
            if self._has_ended_early:
                self.eof_received()

    def terminal_size_changed(self, width: int, height: int, pixwidth: int, pixheight: int) -> None:
        size = size_flags(width, height)
        if self._editor is not None:
            self._editor.resize(cast(int, size["SCREENWIDTH"]))
        changed = {n: value for n, value in size.items() if self.protocol_flags.get(n) != value}
        if self.sessionhandler is not None and changed:
            self._gateway.sessions.flags_in(self, changed)
        else:
            self.learn_flags(changed)
        self.flush()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        if self.sessionhandler is None:
            # The session is about to begin; what is typed comes after that.
            self._early += data
            self.pause_reading()
        else:
            self._receive(data)

    def _receive(self, data: bytes) -> None:
        events: list[Event] | list[EditorEvent] = []
        if self._editor is not None:
            self._editor.receive(self._decoder.decode(data))
            events = self._editor.events_received()
        else:
            self._lines.feed(data, cast(list[Event], events))
        for event in events:
            self._take(event)
        self.flush()

    def _take(self, event: Event | EditorEvent) -> None:
        match event:
            case Line(text=text):
                self._gateway.sessions.data_in(self, text)
            case LineTooLong(length=length):
                self._show(TOO_LONG.format(length=length, most=self._gateway.max_chars) + "\n")
            case EndOfInput():
                self.eof_received()
            case _:
                self._gateway.sessions.keepalive(self)

    def break_received(self, msec: int) -> bool:
        return True

    def eof_received(self) -> bool:
        if self.sessionhandler is None:
            self._has_ended_early = True
            return True
        self._leave("client closed the connection", clean=True)
        self.disconnect("")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._channel = None
        if self._begun is not None:
            self._begun.cancel()
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
            self._gateway.sessions.client_left(self, reason, clean)

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
        self._gateway.loop.call_later(CLOSE_S, self._login.abort)

    def pause_reading(self) -> None:
        if self._channel is not None:
            self._channel.pause_reading()

    def resume_reading(self) -> None:
        if self._channel is not None:
            self._channel.resume_reading()

    def _show(self, text: str) -> None:
        if self._editor is not None:
            self._editor.show(text)
        else:
            self._out.append(text)


class SshServer(SshLogin):
    """One connection: its login, then the one channel that it may open."""

    def __init__(self, gateway: SshGateway, peer: Peer) -> None:
        super().__init__(gateway.context, gateway.sessions.reserve(peer.address), peer.address)
        self._gateway = gateway
        self._peer = peer
        self._session: SshSession | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def auth_completed(self) -> None:
        self._waiting = self._gateway.loop.call_later(SHELL_S, self._end_idle)

    def _end_idle(self) -> None:
        if not self.has_terminal:
            self.close()

    def session_requested(self) -> SshSession | bool:
        if self._session is not None:
            return False
        client = self.connection.get_extra_info("client_version", "")
        self._session = SshSession(self._gateway, self, self._peer, client)
        return self._session

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._gateway.sessions.release(self.session)
        _log.debug("connection ended", session=str(self.session), error=repr(exc))


class SshConnection(asyncssh.SSHServerConnection):
    """A connection that ends when more is unsent on its way to the client than may be.

    What a channel may send ahead the client says itself, so that alone bounds nothing.
    """

    most_unsent = NO_LIMIT

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=self.most_unsent)

    def pause_writing(self) -> None:
        self.abort()


class SshGateway:
    """Accepts SSH clients on a listening socket.

    Args:
        host_key: By which clients know this game again.
    """

    def __init__(self, context: GatewayContext, host_key: asyncssh.SSHKey) -> None:
        settings = context.settings
        self.context = context
        self.loop = context.loop
        self.sessions = context.sessions
        self.max_chars = settings.max_char_limit
        self.max_unsent_bytes = settings.max_output_queue or NO_LIMIT
        self._login_s = settings.login_grace_s
        self._host_key = host_key
        proxies = parse_networks(settings.proxy_protocol_from)
        self._acceptor = Acceptor(self.loop, self._serve, proxies, settings.max_preauth_per_address)
        self._port = 0

    async def listen(self, listener: socket.socket) -> None:
        """Accept clients from now on. The listener stays open when `close` is called."""
        self._options = await asyncssh.SSHServerConnectionOptions.construct(
            server_host_keys=[self._host_key],
            server_version=VERSION,
            encoding=None,
            line_editor=False,
            allow_scp=False,
            agent_forwarding=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            login_timeout=self._login_s,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=MISSED_KEEPALIVES,
            window=WINDOW,
            **ALGORITHMS,
        )
        self._acceptor.listen(listener)
        self._port = listener.getsockname()[1]

    def close(self) -> None:
        """Accept no more clients; those who are here stay."""
        self._acceptor.close()

    def info(self) -> dict[str, int]:
        """The port, for `everdoor status`."""
        return {"ssh_port": self._port}

    async def _serve(self, connection: socket.socket, peer: Peer) -> None:
        entrance = self.context.entrance
        verdict = entrance.arrive(peer.address, self.context.clock())
        if verdict.wait_s and not verdict.is_refused:
            await asyncio.sleep(verdict.wait_s)
            verdict = entrance.enter(peer.address)
        if verdict.is_refused:
            await self._refuse(connection, peer, verdict.text)
            return
        server = SshServer(self, peer)
        options = await asyncssh.SSHServerConnectionOptions.construct(
            self._options, server_factory=lambda: server
        )
        await self.loop.connect_accepted_socket(self._maker(options), connection)

    def _maker(
        self, options: asyncssh.SSHServerConnectionOptions
    ) -> Callable[[], asyncssh.SSHServerConnection]:
        def make() -> asyncssh.SSHServerConnection:
            connection = SshConnection(self.loop, options)
            connection.most_unsent = self.max_unsent_bytes
            return connection

        return make

    async def _refuse(self, connection: socket.socket, peer: Peer, text: str) -> None:
        _log.info("client refused", peer=peer.address, reason=text)
        await self.loop.sock_sendall(connection, refusal(text))
        connection.shutdown(socket.SHUT_WR)
        # What it sends is read, or its system would forget for the reset what it was sent.
        async with asyncio.timeout(LINGER_S):
            while await self.loop.sock_recv(connection, WINDOW):
                pass
        connection.close()
