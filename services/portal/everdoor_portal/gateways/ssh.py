"""SSH connections: agreed on, and given the one channel that they may open.

The protocol is asyncssh's; showing who one is, is `sshlogin`, what comes after `sshsession`. There
is a terminal to play at and nothing else: no commands, no files, no forwarding. Who is let in is
`sshdoor`'s to say.

Source: RFC 4252 to 4254.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Self, cast

import asyncssh
import structlog

from everdoor_portal.gateways.acceptor import Peer
from everdoor_portal.gateways.bounds import NO_LIMIT
from everdoor_portal.gateways.doors import GatewayContext
from everdoor_portal.gateways.sshlogin import SshLogin
from everdoor_portal.gateways.sshsession import SshSession
from everdoor_portal.ssh.refusal import VERSION

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

_log = structlog.get_logger(__name__)


class SshServer(SshLogin):
    """One connection: its login, then the one channel that it may open."""

    def __init__(self, service: SshService, peer: Peer) -> None:
        super().__init__(service.context, service.sessions.reserve(peer.address), peer.address)
        self._service = service
        self._peer = peer
        self._session: SshSession | None = None
        self._waiting: asyncio.TimerHandle | None = None

    def auth_completed(self) -> None:
        self._waiting = self._service.loop.call_later(SHELL_S, self._end_idle)

    def _end_idle(self) -> None:
        if not self.has_terminal:
            self.close()

    def session_requested(self) -> SshSession | bool:
        if self._session is not None:
            return False
        client = self.connection.get_extra_info("client_version", "")
        self._session = SshSession(self._service, self, self._peer, client)
        return self._session

    def fall_behind(self) -> None:
        """More is unsent than may be."""
        if self._session is not None:
            self._session.pause_writing()
        else:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._service.sessions.release(self.session)
        _log.debug("connection ended", session=str(self.session), error=repr(exc))


class SshConnection(asyncssh.SSHServerConnection):
    """A connection that ends when more is unsent on its way to the client than may be.

    What a channel may send ahead the client says itself, so that alone bounds nothing.
    """

    most_unsent = NO_LIMIT
    fall_behind: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=self.most_unsent)

    def pause_writing(self) -> None:
        if self.fall_behind is not None:
            self.fall_behind()


class SshService:
    """Serves SSH clients that have been let in.

    Args:
        options: What is agreed to with all of them.
    """

    def __init__(
        self, context: GatewayContext, options: asyncssh.SSHServerConnectionOptions
    ) -> None:
        settings = context.settings
        self.context = context
        self.loop = context.loop
        self.sessions = context.sessions
        self.max_chars = settings.max_char_limit
        self.max_unsent_bytes = settings.max_output_queue or NO_LIMIT
        self._options = options

    @classmethod
    async def make(cls, context: GatewayContext, host_key: bytes) -> Self:
        """Make one that is known by this key."""
        options = await asyncssh.SSHServerConnectionOptions.construct(
            server_host_keys=[asyncssh.import_private_key(host_key)],
            server_version=VERSION,
            encoding=None,
            line_editor=False,
            allow_scp=False,
            agent_forwarding=False,
            kbdint_auth=False,
            host_based_auth=False,
            gss_host=None,
            login_timeout=context.settings.login_grace_s,
            keepalive_interval=KEEPALIVE_S,
            keepalive_count_max=MISSED_KEEPALIVES,
            window=WINDOW,
            **ALGORITHMS,
        )
        return cls(context, options)

    async def serve(self, connection: socket.socket, peer: Peer) -> None:
        """Serve a connection; returns when it has a transport."""
        server = SshServer(self, peer)
        options = await asyncssh.SSHServerConnectionOptions.construct(
            self._options, server_factory=lambda: server
        )

        def make() -> SshConnection:
            made = SshConnection(self.loop, options)
            made.most_unsent, made.fall_behind = self.max_unsent_bytes, server.fall_behind
            return made

        await self.loop.connect_accepted_socket(make, connection)
