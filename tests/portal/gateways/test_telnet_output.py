"""What telnet clients are sent of the texts that they share."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from everdoor.ids import Incarnation, RowId
from everdoor.messages.stream import Output, Row
from everdoor_portal.gateways.telnet import TelnetGateway
from everdoor_portal.sessionhandler import PortalSessionHandler
from everdoor_portal.telnet.connection import TelnetConnection
from running import run, until

HOST = "127.0.0.1"
IAC_GA = b"\xff\xf9"
WILL_ECHO = b"\xff\xfb\x01"


def opening() -> bytes:
    """What every client is asked and offered first."""
    connection = TelnetConnection()
    connection.start()
    return connection.data_to_send()


async def shown(flags: list[dict[str, Any]], *outputs: Output) -> list[bytes]:
    """What clients of these flags are sent when a row shows them some outputs."""
    loop = asyncio.get_running_loop()
    sessions = PortalSessionHandler("p", Incarnation(1, 7), loop.time)
    gateway = TelnetGateway(loop, sessions, loop.time, 6000)
    listener = socket.create_server((HOST, 0))
    await gateway.listen(listener)
    clients = []
    for number in range(len(flags)):
        clients.append(await asyncio.open_connection(*listener.getsockname()))
        await until(lambda number=number: len(sessions) > number)
    changes = [(conn, {"protocol_flags": said}) for conn, said in enumerate(flags, start=1)]
    everybody = [conn for conn, _ in changes]
    sessions.apply(Row(RowId(1, 1), [], changes, [*outputs], [(conn, "") for conn in everybody]))
    sent = [await reader.read() for reader, _ in clients]
    for _, writer in clients:
        writer.close()
        await writer.wait_closed()
    gateway.close()
    listener.close()
    return [data.removeprefix(opening()) for data in sent]


def test_clients_are_shown_a_text_as_each_can_show_it() -> None:
    flags = [{}, {"XTERM256": True}, {"ANSI": False}, {"SCREENREADER": True}, {}]
    text = Output([1, 2, 3, 4, 5], "text", ["|520Hi|n\n----\n\x1b[2J|rÿ"], {"type": "say"})
    assert run(shown(flags, text)) == [
        b"\x1b[0;33mHi\x1b[0m\r\n----\r\n[2J\x1b[0;1;31m\xc3\xbf\x1b[0m\r\n",
        b"\x1b[0;38;5;208mHi\x1b[0m\r\n----\r\n[2J\x1b[0;1;38;5;9m\xc3\xbf\x1b[0m\r\n",
        b"Hi\r\n----\r\n[2J\xc3\xbf\r\n",
        b"Hi\r\n[2J\xc3\xbf\r\n",
        b"\x1b[0;33mHi\x1b[0m\r\n----\r\n[2J\x1b[0;1;31m\xc3\xbf\x1b[0m\r\n",
    ]


def test_prompt_is_rendered_and_ends_with_a_go_ahead() -> None:
    prompt = Output([1, 2], "prompt", ["|ghp>|n "], {})
    assert run(shown([{}, {"ANSI": False}], prompt)) == [
        b"\x1b[0;1;32mhp>\x1b[0m " + IAC_GA,
        b"hp> " + IAC_GA,
    ]


def test_encoding_and_go_ahead_are_as_the_server_has_set_them() -> None:
    flags = [{"ENCODING": "latin-1", "NOGOAHEAD": True}, {"ENCODING": "nonsense"}]
    prompt = Output([1, 2], "prompt", ["ü>"], {})
    assert run(shown(flags, prompt)) == [b"\xfc>", "ü>".encode() + IAC_GA]


def test_texts_that_follow_each_other_are_each_rendered_as_their_options_say() -> None:
    raw = Output([1], "text", ["|ra"], {"raw": True})
    plain = Output([1], "text", ["|ra"], {"nocolor": True})
    coloured = Output([1], "text", ["|ra"], {})
    assert run(shown([{}], raw, plain, coloured)) == [b"|ra\r\na\r\n\x1b[0;1;31ma\x1b[0m\r\n"]


def test_prompt_for_a_password_hides_what_is_typed_until_another_shows_it() -> None:
    asked = Output([1], "prompt", ["Password: "], {"hidden": True})
    status = Output([1], "prompt", ["hp> "], {})
    again = Output([1], "prompt", ["Name: "], {"hidden": False})
    assert run(shown([{}], asked, status, again)) == [
        b"Password: " + IAC_GA + WILL_ECHO + b"hp> " + IAC_GA + b"Name: " + IAC_GA
    ]
