"""The telnet doors, plain and over TLS: their ports, and gateways with what the settings say.

The gateways themselves are `everdoor_portal.gateways.telnet` and `tlstelnet`.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from everdoor.listeners import listen_tcp

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from everdoor.settings import Settings
    from everdoor_portal.gateways.doors import GatewayContext
    from everdoor_portal.gateways.telnet import TelnetGateway
    from everdoor_portal.gateways.tlstelnet import TlsTelnetGateway


class TelnetDoor:
    """Telnet on `telnet_port`."""

    def listen(
        self, settings: Settings, workers: int
    ) -> AbstractContextManager[Sequence[socket.socket]]:
        address, port = settings.listen_address, settings.telnet_port
        return listen_tcp(settings.home, address, port, workers)

    def gateway(self, context: GatewayContext) -> TelnetGateway:
        # Supervisors, which only listen, need nothing of it.
        from everdoor.addresses import parse_networks
        from everdoor_portal.gateways.telnet import TelnetGateway

        gateway = TelnetGateway(*_arguments(context))
        gateway.proxies = parse_networks(context.settings.proxy_protocol_from)
        return gateway


class TlsTelnetDoor:
    """Telnet over TLS on `tls_port`."""

    def listen(
        self, settings: Settings, workers: int
    ) -> AbstractContextManager[Sequence[socket.socket]]:
        address, port = settings.listen_address, settings.tls_port
        if port == "off":
            return nullcontext([])
        return listen_tcp(settings.home, address, port, workers, "tls_port")

    def gateway(self, context: GatewayContext) -> TlsTelnetGateway:
        from everdoor.addresses import parse_networks
        from everdoor_portal.gateways.certificates import certificates_of
        from everdoor_portal.gateways.tlstelnet import TlsTelnetGateway

        settings = context.settings
        gateway = TlsTelnetGateway(
            *_arguments(context),
            certificates=certificates_of(settings),
            max_at_door=settings.max_preauth_per_address,
        )
        gateway.proxies = parse_networks(settings.proxy_protocol_from)
        return gateway


def _arguments(context: GatewayContext) -> tuple[Any, ...]:
    """What every gateway for telnet is made with."""
    settings = context.settings
    return (
        context.loop,
        context.sessions,
        context.clock,
        settings.max_char_limit,
        context.entrance,
        context.status,
        settings.telnet_keepalive_s,
        settings.max_output_queue,
    )


DOOR = TelnetDoor()
TLS_DOOR = TlsTelnetDoor()
