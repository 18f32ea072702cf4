"""Figures and health of one process over HTTP, for Prometheus and for whoever restarts containers.

`/metrics` holds what the process's workers have measured, `/healthz` answers while the supervisor
runs, `/readyz` says whether the process serves. What is measured is `everdoor.measures`'.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import structlog

from everdoor.measures import Source
from everdoor.settings import Settings

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

ORDER = ("auth", "server")
"""Whose ports are the first two; portals have those after them, by the number in their names."""

log = structlog.get_logger(__name__)

_quiet = logging.getLogger("everdoor.exporter.http")
_quiet.setLevel(logging.CRITICAL)


class Address(NamedTuple):
    """Where a process tells its figures; port 0: any free one."""

    host: str
    port: int


def address_of(settings: Settings, process: str) -> Address | None:
    """Where the process of this name tells its figures; None: nowhere."""
    if not settings.metrics_enabled:
        return None
    if settings.metrics_port == 0:
        return Address(settings.metrics_address, 0)
    number = process.rpartition(".")[2]
    after = ORDER.index(process) if process in ORDER else 1 + int(number if number.isdigit() else 1)
    return Address(settings.metrics_address, settings.metrics_port + after)


class Exporter:
    """Serves the figures of one process.

    Args:
        measure: Asks its workers for theirs.
        is_ready: Whether all of them serve.

    Attributes:
        url: Where; empty while it serves nothing.
        trouble: Why it cannot; empty when it can.
    """

    def __init__(
        self, measure: Callable[[], Awaitable[list[Source]]], is_ready: Callable[[], bool]
    ) -> None:
        self._measure = measure
        self._is_ready = is_ready
        self._server: Server | None = None
        self.url = ""
        self.trouble = ""

    async def open(self, address: Address) -> None:
        """Serve; a port that is taken costs the figures, not the game."""
        # Once the workers are on their way: a fifth of a second is a long time at a start.
        from websockets.asyncio.server import serve

        try:
            self._server = await serve(
                _nobody, *address, process_request=self._answer, logger=_quiet, max_size=1
            )
        except OSError as exc:
            self.trouble = f"no metrics: {address.host}:{address.port}: {exc.strerror}"
            log.warning("metrics cannot be served", port=address.port, error=str(exc))
            return
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        self.url = (
            f"http://[{host}]:{port}/metrics" if ":" in host else f"http://{host}:{port}/metrics"
        )

    def close(self) -> None:
        """Serve no more. Idempotent."""
        if self._server is not None:
            self._server.close()

    async def _answer(self, connection: ServerConnection, request: Request) -> Response:
        match request.path.partition("?")[0]:
            case "/metrics":
                from everdoor.exposition import CONTENT_TYPE, exposition

                response = connection.respond(HTTPStatus.OK, exposition(await self._measure()))
                del response.headers["Content-Type"]
                response.headers["Content-Type"] = CONTENT_TYPE
                return response
            case "/healthz":
                return connection.respond(HTTPStatus.OK, "ok\n")
            case "/readyz" if self._is_ready():
                return connection.respond(HTTPStatus.OK, "ready\n")
            case "/readyz":
                return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "not ready\n")
        return connection.respond(
            HTTPStatus.NOT_FOUND, "Here are /metrics, /healthz and /readyz.\n"
        )


async def _nobody(connection: ServerConnection) -> None:
    """Every request has been answered before it could become a WebSocket."""
