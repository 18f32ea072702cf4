"""Keys on sockets: CURVE encrypts what goes to other hosts, and says by whom it was sent.

A process has one `Curve`: its own pair, the keys of the services that it connects to, and the list
of who is allowed in. ZeroMQ asks the `Gate` about everybody who connects from elsewhere (ZAP), and
stamps each message with the key that it came by. Sockets on this machine (ipc) have no keys.

Source: ZeroMQ RFC 26 (CurveZMQ), 27 (ZAP); docs/protocol.md, section 9.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import structlog
import zmq
from zmq.utils import z85

from everdoor.keys import KeyPair, Keys
from everdoor.peers import KeyRole, Peer

ZAP_ENDPOINT = "inproc://zeromq.zap.01"

BEAT_MS = 1000
SILENCE_MS = 4000
"""Other hosts are asked every second whether they are there, and given up after four more: within
5 s in all. The stream has heartbeats of its own, which notice sooner."""

UNACKNOWLEDGED_MS = 5000
"""TCP_USER_TIMEOUT: a connection on which something waits for so long to be acknowledged ends."""

CONNECT_MS = 700
"""After so long another attempt to connect is made: the system's own would come ever more seldom,
and a network that is back be found seconds later. Above the round trip of any cable on Earth."""

RECONNECT_MS, RECONNECT_MAX_MS = 20, 100
"""Pauses between attempts on other hosts: each costs both sides the arithmetic of a handshake."""

log = structlog.get_logger(__name__)


class Far(NamedTuple):
    """Where a process also listens, for other hosts: `fd` is the listening socket, inherited from
    its supervisor, `roles` who may connect."""

    endpoint: str
    fd: int
    roles: frozenset[KeyRole]


class Curve(NamedTuple):
    """What a process needs to be joined with other hosts.

    `services`: the public key by endpoint of what it connects to.
    """

    own: KeyPair
    services: Mapping[str, str]
    keys: Keys


class Gate:
    """Decides who may connect, and whose a message is."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._refused: set[str] = set()

    def answer(self, request: list[bytes]) -> list[bytes]:
        """Answer one request of ZAP.

        Args:
            request: Routing id, empty frame, version, request id, domain (the roles that may
                come in, with spaces), address, routing id, mechanism, the key.

        Returns:
            Routing id, empty frame, version, request id, status, text, the key, no metadata.
        """
        head, (domain, address) = [*request[:3], request[3]], request[4:6]
        key = request[8].hex() if len(request) == 9 and request[7] == b"CURVE" else ""
        peer = self._keys.allowed().get(key)
        if peer is not None and peer.role in domain.decode().split():
            self._refused.discard(key)
            return [*head, b"200", b"OK", key.encode(), b""]
        if key not in self._refused:
            # Once: who is refused comes again and again.
            self._refused.add(key)
            log.warning(
                "a key was refused", key=key, address=address.decode(), allowed_are=domain.decode()
            )
        return [*head, b"400", b"not allowed", b"", b""]

    def peer(self, roles: frozenset[KeyRole], frame: zmq.Frame) -> Peer | None:
        """Who sent a message; None: somebody on this machine.

        Raises:
            PermissionError: The key is allowed no more, or not for this.
        """
        try:
            key = str(frame.get("User-Id"))
        except zmq.ZMQError:
            return None
        peer = self._keys.allowed().get(key)
        if peer is None or peer.role not in roles:
            raise PermissionError(key)
        return peer


def new_key_pair() -> KeyPair:
    """Make a pair of keys."""
    public, secret = (z85.decode(key).hex() for key in zmq.curve_keypair())
    return KeyPair(public, secret)


def protect_listening(socket: zmq.Socket[bytes], own: KeyPair, roles: frozenset[KeyRole]) -> None:
    """Have what is bound from now on let in who has an allowed key of these roles."""
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(own.secret))
    socket.setsockopt(zmq.ZAP_DOMAIN, " ".join(sorted(roles)).encode())
    # Without a gate nobody comes in, instead of everybody.
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    _expect_a_network(socket)


def protect_connecting(socket: zmq.Socket[bytes], own: KeyPair, service: str) -> None:
    """Have what is connected from now on be this service or nobody."""
    socket.setsockopt(zmq.CURVE_SERVERKEY, bytes.fromhex(service))
    socket.setsockopt(zmq.CURVE_PUBLICKEY, bytes.fromhex(own.public))
    socket.setsockopt(zmq.CURVE_SECRETKEY, bytes.fromhex(own.secret))
    _expect_a_network(socket)


def _expect_a_network(socket: zmq.Socket[bytes]) -> None:
    options = {
        zmq.HEARTBEAT_IVL: BEAT_MS,
        zmq.HEARTBEAT_TIMEOUT: SILENCE_MS,
        zmq.HEARTBEAT_TTL: BEAT_MS + SILENCE_MS,
        zmq.TCP_MAXRT: UNACKNOWLEDGED_MS,
        zmq.CONNECT_TIMEOUT: CONNECT_MS,
        zmq.RECONNECT_IVL: RECONNECT_MS,
        zmq.RECONNECT_IVL_MAX: RECONNECT_MAX_MS,
    }
    for option, value in options.items():
        socket.setsockopt(option, value)
