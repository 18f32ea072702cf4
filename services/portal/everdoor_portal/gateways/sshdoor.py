"""The SSH door: its port, and the key by which clients know the game again.

The gateway itself is `everdoor_portal.gateways.ssh`.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from everdoor.listeners import listen_tcp

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from everdoor.settings import Settings
    from everdoor_portal.gateways.doors import GatewayContext
    from everdoor_portal.gateways.ssh import SshGateway


class SshDoor:
    """SSH on `ssh_port`."""

    def listen(
        self, settings: Settings, workers: int
    ) -> AbstractContextManager[Sequence[socket.socket]]:
        address, port = settings.listen_address, settings.ssh_port
        if port == "off":
            return nullcontext([])
        return listen_tcp(settings.home, address, port, workers, "ssh_port")

    def gateway(self, context: GatewayContext) -> SshGateway:
        # Supervisors, which only listen, need nothing of it; asyncssh takes a third of a second.
        import asyncssh

        from everdoor.errors import StartupError
        from everdoor_portal.gateways.homefiles import made_once
        from everdoor_portal.gateways.ssh import SshGateway

        path = context.settings.home / "ssh" / "host_key"
        data = made_once(path, _new_host_key)
        try:
            key = asyncssh.import_private_key(data)
        except asyncssh.KeyImportError as exc:
            raise StartupError(
                f"{path}: cannot be used as host key: {exc}; put the old one back, or remove it to "
                "have another one made, of which clients will warn their players"
            ) from exc
        return SshGateway(context, key)


def _new_host_key() -> bytes:
    import asyncssh

    return asyncssh.generate_private_key("ssh-ed25519").export_private_key()


DOOR = SshDoor()
