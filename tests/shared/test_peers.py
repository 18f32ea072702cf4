"""What a key may speak for, and which hosts could be taken for each other."""

from __future__ import annotations

import pytest

from everdoor.peers import Peer, confused_with

PORTAL = Peer("portal", "ab" * 32, "snake", 0.0)


@pytest.mark.parametrize(
    ("portal", "host", "speaks"),
    [
        ("snake.portal.0", "snake", True),
        ("snake.portal.1.0", "snake", True),
        ("lion.portal.0", "snake", False),
        ("lion.portal.0", "lion", False),
        ("snake.portal.0", "lion", False),
        ("snakes.portal.0", "snakes", False),
        ("snake", "snake", False),
    ],
)
def test_peer_speaks_for_portals_of_its_host_only(portal: str, host: str, speaks: bool) -> None:
    assert PORTAL.speaks_for(portal, host) is speaks


def test_peer_that_is_no_portal_speaks_for_none() -> None:
    assert not Peer("server", "ab" * 32, "", 0.0).speaks_for(".portal.0", "")


@pytest.mark.parametrize(
    ("host", "others", "found"),
    [
        ("snake", ["lion", "snakes"], ""),
        ("snake", ["snake"], ""),
        ("snake", ["lion", "snake.example"], "snake.example"),
        ("snake.example", ["snake"], "snake"),
    ],
)
def test_hosts_of_which_one_name_begins_with_the_other_are_confused(
    host: str, others: list[str], found: str
) -> None:
    assert confused_with(host, others) == found
