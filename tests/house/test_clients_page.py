"""The page on clients: it says what the tables of telnet say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clients import test_programs
from clients.programs import PROGRAMS
from everdoor.settings import load_settings
from everdoor_portal.gateways.web import PING_S
from everdoor_portal.gateways.websession import OPENING_S, SILENT_S
from everdoor_portal.telnet.connection import DEFAULT_FLAGS
from everdoor_portal.telnet.mssp import SPOKEN
from everdoor_portal.telnet.options import SUPPORTED, Support
from everdoor_portal.telnet.outofband import package_of, variable_of
from everdoor_portal.telnet.parser import MAX_SUBNEGOTIATION_BYTES
from everdoor_portal.web.connection import MAX_MESSAGE_BYTES
from everdoor_portal.web.handshake import CODECS

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "clients.md").read_text()

DRIVEN = (
    "log_in",
    "colours",
    "window_size",
    "hidden_password",
    "utf_8",
    "prompt",
    "out_of_band",
    "reload",
)
"""Tests of `clients.test_programs`, in the order of the page's columns."""


def table(head: str) -> list[list[str]]:
    """The cells of the table whose head begins so."""
    body = PAGE.split(f"| {head} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip(" `") for cell in re.split(r" \| ", line.strip("|"))] for line in body]


def agreed(support: Support) -> str:
    if support.asks_remote:
        return "asked"
    if support.offers_local:
        return "offered"
    if support.accepts_local and support.accepts_remote:
        return "accepted both"
    return "accepted" if support.accepts_remote else "for passwords"


def test_page_has_every_option_with_its_number_and_how_it_is_agreed_on() -> None:
    assert [row[:3] for row in table("option")] == [
        [support.option.name, str(number), agreed(support)]
        for number, support in sorted(SUPPORTED.items())
    ]


def test_page_has_every_flag_with_its_default() -> None:
    shown = {
        flag: f'"{value}"' if isinstance(value, str) else str(value).lower()
        for flag, value in DEFAULT_FLAGS.items()
    }
    assert {row[0]: row[2] for row in table("flag")} == shown


@pytest.mark.parametrize("row", table("`msg`"))
def test_page_names_outputs_as_they_are_named(row: list[str]) -> None:
    name, package, variable = row
    assert (package_of(name), variable_of(name)) == (package, variable)


def test_page_has_every_subprotocol_in_the_order_in_which_they_are_chosen() -> None:
    assert [row[0] for row in table("sub-protocol")] == [codec.name for codec in CODECS]


def test_page_names_the_limits_of_websocket_clients() -> None:
    settings = load_settings()
    assert f"Port `EVERDOOR_WEB_PORT` ({settings.web_port})" in PAGE
    assert f"holds {MAX_MESSAGE_BYTES // 1024} KiB at most" in PAGE
    assert f"Every {PING_S:.0f} seconds" in PAGE and f"for {SILENT_S:.0f} seconds" in PAGE
    assert f"first, within {OPENING_S:.0f} seconds" in PAGE
    assert f"{settings.resume_grace_s:.0f} seconds (`EVERDOOR_RESUME_GRACE_S`)" in PAGE


def test_page_names_what_the_status_says_and_the_limits_that_hold() -> None:
    assert all(f"`{name}`" in PAGE for name in SPOKEN)
    assert f"{MAX_SUBNEGOTIATION_BYTES} bytes at most" in PAGE
    assert f"`EVERDOOR_TELNET_KEEPALIVE_S` ({load_settings().telnet_keepalive_s:.0f})" in PAGE


def programs() -> list[list[str]]:
    return [row for row in table("client") if row[-1].startswith("test_programs.py[")]


def test_page_names_every_program_that_is_driven() -> None:
    assert [row[-1] for row in programs()] == [f"test_programs.py[{name}]" for name in PROGRAMS]


@pytest.mark.parametrize("row", programs(), ids=lambda row: row[-1])
def test_page_says_yes_where_a_test_drives_it(row: list[str]) -> None:
    client = row[-1].partition("[")[2].rstrip("]")
    tests = [getattr(test_programs, f"test_{name}") for name in DRIVEN]
    driven = [client in mark.args[1] for test in tests for mark in test.pytestmark]
    assert [cell == "yes" for cell in row[1:-1]] == driven


def test_page_names_files_of_tests_that_exist() -> None:
    files = {row[-1].partition("[")[0] for row in table("client")}
    assert [name for name in files if not (TOP / "tests" / "clients" / name).exists()] == []
