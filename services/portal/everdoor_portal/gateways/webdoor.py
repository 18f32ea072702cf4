"""The web door: its port, its pages, and its gateway with what the settings say of it.

The gateway itself is `everdoor_portal.gateways.web`, the pages are in `everdoor_portal/web/static`.
"""

from __future__ import annotations

from contextlib import nullcontext
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from everdoor.listeners import listen_tcp

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from importlib.resources.abc import Traversable

    from everdoor.settings import Settings
    from everdoor_portal.gateways.doors import GatewayContext
    from everdoor_portal.gateways.web import WebGateway
    from everdoor_portal.web.pages import Page

NAME_MARK = "{{servername}}"


class WebDoor:
    """HTTP and WebSocket on `web_port`, over TLS if `web_tls` says so."""

    def listen(
        self, settings: Settings, workers: int
    ) -> AbstractContextManager[Sequence[socket.socket]]:
        address, port = settings.listen_address, settings.web_port
        if port == "off":
            return nullcontext(())
        return listen_tcp(settings.home, address, port, workers, "web_port")

    def gateway(self, context: GatewayContext) -> WebGateway:
        # Supervisors, which only listen, need nothing of it.
        from everdoor.addresses import parse_networks
        from everdoor_portal.gateways.certificates import certificates_of
        from everdoor_portal.gateways.web import WebGateway
        from everdoor_portal.web.connection import WebRules

        settings = context.settings
        rules = WebRules(
            load_pages(settings.servername),
            [origin.strip() for origin in settings.web_origins.split(",") if origin.strip()],
            parse_networks(settings.trusted_proxies),
            settings.max_char_limit,
        )
        return WebGateway(
            context.loop,
            context.sessions,
            context.clock,
            rules,
            context.entrance,
            settings.max_output_queue,
            certificates_of(settings) if settings.web_tls else None,
            settings.max_preauth_per_address,
        )


def load_pages(servername: str) -> dict[str, Page]:
    """Read the files of the page, each by its path; the first, `/`, has the game's name."""
    from everdoor_portal.web.pages import INDEX, page

    static = files("everdoor_portal.web") / "static"
    found = {f"/{path}": page(path, file.read_bytes()) for path, file in _files(static, "")}
    first = found.pop("/index.html").body.decode().replace(NAME_MARK, escape(servername))
    found[INDEX] = page("index.html", first.encode())
    return found


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{path}{entry.name}/")
        else:
            yield f"{path}{entry.name}", entry


DOOR = WebDoor()
