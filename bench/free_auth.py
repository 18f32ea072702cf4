"""The auth service with password hashes that cost nothing: `python -m bench.free_auth`.

What is measured is the rest of a login, and the accounts of a measurement are made in seconds.
Otherwise as `everdoor auth run`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from everdoor.bus import Bus, RpcServer
from everdoor.endpoints import endpoints
from everdoor.listeners import listen_ipc
from everdoor.settings import Settings, load_settings
from everdoor.supervisor import WorkerSpec, supervise
from everdoor.worker import WorkerLink
from everdoor_auth.app import opened
from everdoor_auth.passwords import Argon2

FREE = Argon2(time_cost=1, memory_kib=8)
"""The least that argon2 can be: 30 µs."""

RPC_FD = "rpc"


async def serve(link: WorkerLink, settings: Settings) -> None:
    """Serve the accounts of a home until the supervisor asks for an end."""
    await link.go()
    bus = Bus(asyncio.get_running_loop())
    try:
        async with opened(settings, FREE) as service:
            endpoint = endpoints(settings.home, Path(tempfile.gettempdir()), os.getuid()).auth_rpc
            rpc = RpcServer(bus, endpoint, service.handle, link.fd(RPC_FD))
            link.ready()
            await link.stop_asked()
            await rpc.close()
    finally:
        bus.close()


def main() -> int:
    """Supervise it until SIGTERM."""
    settings = load_settings()
    system = endpoints(settings.home, Path(tempfile.gettempdir()), os.getuid())

    def prepare(stack: ExitStack) -> list[WorkerSpec]:
        listener = stack.enter_context(listen_ipc(system.auth_rpc))
        return [WorkerSpec("bench.free_auth:serve", {RPC_FD: listener.fileno()})]

    return supervise("auth", settings.home, system, prepare)


if __name__ == "__main__":
    sys.exit(main())
