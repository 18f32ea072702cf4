"""SSH connections: let in, agreed on, and given the one channel that they may open.

The protocol is asyncssh's; showing who one is, is `sshlogin`, what comes after `sshsession`. There
is a terminal to play at and nothing else: no commands, no files, no forwarding.

Source: RFC 4252 to 4254.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import cast

import asyncssh
import structlog

from everdoor.addresses import parse_networks
from everdoor_portal.gateways.acceptor import Acceptor, Peer
from everdoor_portal.gateways.bounds import NO_LIMIT
from everdoor_portal.gateways.doors import GatewayContext
from everdoor_portal.gateways.sshlogin import SshLogin
from everdoor_portal.gateways.sshsession import SshSession
from everdoor_portal.ssh.refusal import VERSION, refusal

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

    def fall_behind(self) -> None:
        """More is unsent than may be."""
        if self._session is not None:
            self._session.pause_writing()
        else:
            self.abort()

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
    fall_behind: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        cast(asyncio.Transport, transport).set_write_buffer_limits(high=self.most_unsent)

    def pause_writing(self) -> None:
        if self.fall_behind is not None:
            self.fall_behind()


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

        def make() -> SshConnection:
            made = SshConnection(self.loop, options)
            made.most_unsent, made.fall_behind = self.max_unsent_bytes, server.fall_behind
            return made

        await self.loop.connect_accepted_socket(make, connection)

    async def _refuse(self, connection: socket.socket, peer: Peer, text: str) -> None:
        _log.info("client refused", peer=peer.address, reason=text)
        await self.loop.sock_sendall(connection, refusal(text))
        connection.shutdown(socket.SHUT_WR)
        # What it sends is read, or its system would forget for the reset what it was sent.
        async with asyncio.timeout(LINGER_S):
            while await self.loop.sock_recv(connection, WINDOW):
                pass
        connection.close()
