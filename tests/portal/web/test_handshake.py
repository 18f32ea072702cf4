"""Who may open a WebSocket, what it speaks, and where its client is."""

from __future__ import annotations

import pytest

from everdoor.addresses import parse_networks
from everdoor_portal.web.handshake import choose, client_address, is_origin_allowed

PROXIES = parse_networks("10.0.0.0/8, ::1")


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["v1.evennia.com"], "v1.evennia.com"),
        (["terminal.mudstandards.org", "gmcp.mudstandards.org"], "gmcp.mudstandards.org"),
        (["telnet.mudstandards.org", "json.mudstandards.org"], "json.mudstandards.org"),
        (["v1.evennia.com", "v1.everdoor"], "v1.everdoor"),
        (["telnet.mudstandards.org"], None),
        ([], None),
    ],
)
def test_what_can_do_most_is_chosen(offered: list[str], chosen: str | None) -> None:
    codec = choose(offered)
    assert (codec.name if codec else None) == chosen


@pytest.mark.parametrize(
    ("origin", "host", "allowed", "is_allowed"),
    [
        (None, "game.example", [], True),
        ("http://game.example", "game.example", [], True),
        ("http://game.example:4001", "game.example:4001", [], True),
        ("https://Game.Example", "game.example", [], True),
        ("https://game.example", "game.example:443", [], True),
        ("http://[::1]:4001", "[::1]:4001", [], True),
        ("http://game.example:4001", "game.example:4002", [], False),
        ("http://game.example", "game.example:4001", [], False),
        ("http://evil.example", "game.example", [], False),
        ("http://game.example.evil.example", "game.example", [], False),
        ("http://game.example", None, [], False),
        ("null", "game.example", [], False),
        ("null", "null", [], False),
        ("", "", [], False),
        ("http://a:b:c", "a", [], False),
        ("http://game.example:99999", "game.example", [], False),
        ("https://site.example", "game.example", ["https://site.example"], True),
        ("https://site.example:443", "game.example", ["https://site.example"], True),
        ("http://site.example", "game.example", ["https://site.example"], False),
        ("https://evil.example", "game.example", ["https://site.example"], False),
        ("null", "game.example", ["*"], True),
    ],
)
def test_pages_of_the_same_place_may_connect_and_those_that_are_named(
    origin: str | None, host: str | None, allowed: list[str], is_allowed: bool
) -> None:
    assert is_origin_allowed(origin, host, allowed) is is_allowed


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("::1", ["2001:DB8::7"], "2001:db8::7"),
        ("::1", ["[2001:db8::7]"], "2001:db8::7"),
        ("10.0.0.1", ["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["", "<script>"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
    ],
)
def test_address_is_what_the_last_proxy_that_is_believed_says(
    peer: str, forwarded: list[str], address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address
