"""The telnet door: its port, and its gateway with what the settings say of it.

The gateway itself is `everdoor_portal.gateways.telnet`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from everdoor.listeners import listen_tcp

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from everdoor.settings import Settings
    from everdoor_portal.gateways.doors import GatewayContext
    from everdoor_portal.gateways.telnet import TelnetGateway


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

        settings = context.settings
        gateway = TelnetGateway(
            context.loop,
            context.sessions,
            context.clock,
            settings.max_char_limit,
            context.entrance,
            context.status,
            settings.telnet_keepalive_s,
            settings.max_output_queue,
        )
        gateway.proxies = parse_networks(settings.proxy_protocol_from)
        return gateway


DOOR = TelnetDoor()
