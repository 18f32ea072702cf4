"""What a process has around it: its own home's sockets, or those of another, and then with keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from everdoor.bus import new_key_pair
from everdoor.endpoints import Place, parse_far
from everdoor.errors import StartupError
from everdoor.farhosts import far_places, surroundings
from everdoor.keys import Keys
from everdoor.settings import Settings

KEY = "ab" * 32


def settings(home: Path, **values: Any) -> Settings:
    return Settings(home=home, **values)


def test_home_by_itself_needs_no_keys(tmp_path: Path) -> None:
    around = surroundings(settings(tmp_path), "portal")
    assert around.curve is None
    assert around.reached == around.home


def test_portal_reaches_the_server_of_another_host_by_its_key(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.keep("portal", pair := new_key_pair(), replace=False)
    keys.allow("server", KEY, "", "here")
    around = surroundings(settings(tmp_path, server_endpoint="tcp://game.example:4500"), "portal")
    assert around.reached.stream == "tcp://game.example:4500"
    assert around.reached.server_events == "tcp://game.example:4502"
    assert around.reached.auth_rpc == around.home.auth_rpc
    assert around.curve is not None and around.curve.own == pair
    assert set(around.curve.services.values()) == {KEY}


@pytest.mark.parametrize(
    ("role", "setting", "told"),
    [
        ("server", "server_listen", "everdoor keys new server"),
        ("auth", "auth_listen", "everdoor keys new auth"),
        ("portal", "server_endpoint", "everdoor keys allow server KEY"),
        ("server", "auth_endpoint", "everdoor keys allow auth KEY"),
    ],
)
def test_process_that_lacks_a_key_does_not_start(
    tmp_path: Path, role: Any, setting: str, told: str
) -> None:
    with pytest.raises(StartupError, match=told):
        surroundings(settings(tmp_path, **{setting: "tcp://127.0.0.1:4500"}), role)


def test_service_listens_on_ports_in_a_row(tmp_path: Path) -> None:
    listening = settings(tmp_path, server_listen="tcp://[::]:4500")
    assert far_places(listening, "server") == {
        "far_stream": Place("::", 4500),
        "far_rpc": Place("::", 4501),
        "far_events": Place("::", 4502),
    }
    assert far_places(listening, "auth") == {}


def test_place_of_an_address_of_version_6_is_in_brackets() -> None:
    assert parse_far("tcp://[2001:db8::1]:4500").endpoint == "tcp://[2001:db8::1]:4500"


@pytest.mark.parametrize(
    "text", ["game:4500", "tcp://game", "tcp://game:0", "tcp://game:65534", "ipc:///x", "tcp://:1"]
)
def test_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected tcp://HOST:PORT"):
        parse_far(text)
