"""Options of telnet on sockets: what clients that have them are sent, what the game is told."""

from __future__ import annotations

import asyncio
import socket
import zlib

from everdoor.ids import Incarnation, RowId
from everdoor.messages.stream import FlagsChanged, Output, Row
from everdoor_portal.gateways.telnet import TelnetGateway
from everdoor_portal.sessionhandler import PortalSessionHandler
from running import run, until

HOST = "127.0.0.1"
DO, DONT, SB, SE, NOP = b"\xff\xfd", b"\xff\xfe", b"\xff\xfa", b"\xff\xf0", b"\xff\xf1"
EOR, MSDP, MSSP, MCCP2, MXP, GMCP = b"\x19", b"\x45", b"\x46", b"\x56", b"\x5b", b"\xc9"


async def talk(typed: bytes, flag: str, outputs: list[Output]) -> bytes:
    """What a client is sent behind what it has typed: outputs once the game knows its flag."""
    loop = asyncio.get_running_loop()
    sessions = PortalSessionHandler("p", Incarnation(1, 7), loop.time)
    gateway = TelnetGateway(loop, sessions, loop.time, 6000, status=lambda: {"PLAYERS": 3})
    listener = socket.create_server((HOST, 0))
    await gateway.listen(listener)
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(typed)
    known: dict[str, object] = {}

    def is_known() -> bool:
        for message in sessions.take_outgoing():
            if isinstance(message, FlagsChanged):
                known.update(message.flags)
        return flag in known

    await until(is_known)
    gateway.keep_alive()
    sessions.apply(Row(RowId(1, 1), [], [], outputs, [(1, "")]))
    sent = await reader.read()
    writer.close()
    await writer.wait_closed()
    gateway.close()
    listener.close()
    return sent


def test_output_that_is_no_text_goes_out_of_band_and_a_bad_one_disturbs_nobody() -> None:
    outputs = [
        Output([1], "char_vitals", [], {"hp": 5}),
        Output([1], "no name", ["x"], {}),
        Output([1], "text", ["Hi."], {}),
    ]
    sent = run(talk(DO + GMCP, "OOB", outputs))
    bye = SB + GMCP + b"Core.Goodbye" + SE
    assert sent.endswith(NOP + SB + GMCP + b'Char.Vitals {"hp":5}' + SE + b"Hi.\r\n" + bye)
    sent = run(talk(DO + MSDP, "OOB", outputs[::2]))
    assert sent.endswith(SB + MSDP + b"\1CHAR_VITALS\2\3\1hp\x025\4" + SE + b"Hi.\r\n")


def test_client_with_mxp_can_click_links() -> None:
    sent = run(talk(DO + MXP, "MXP", [Output([1], "text", ["|lclook|ltsee|le < "], {})]))
    assert sent.endswith(b'\x1b[4z<SEND HREF="look">see\x1b[4z</SEND> &lt; \r\n')


def test_compressed_output_comes_whole_with_an_end() -> None:
    outputs = [Output([1], "text", ["Hi."], {}), Output([1], "prompt", ["hp>"], {})]
    sent = run(talk(DO + EOR + DO + MCCP2, "MCCP", outputs))
    _, mark, compressed = sent.partition(SB + MCCP2 + SE)
    client = zlib.decompressobj()
    assert mark and client.decompress(compressed) == NOP + b"Hi.\r\nhp>\xff\xef"
    assert client.eof and not client.unused_data


def test_who_lists_games_is_told_the_status_of_the_portal() -> None:
    assert SB + MSSP + b"\1PLAYERS\x023" + SE in run(talk(DO + MSSP + DO + GMCP, "OOB", []))


def test_sign_of_life_comes_by_itself() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        sessions = PortalSessionHandler("p", Incarnation(1, 7), loop.time)
        gateway = TelnetGateway(loop, sessions, loop.time, 6000, keepalive_s=0.01)
        listener = socket.create_server((HOST, 0))
        await gateway.listen(listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(DONT + EOR)
        await reader.readuntil(NOP)
        await reader.readuntil(NOP)
        writer.close()
        await writer.wait_closed()
        await until(lambda: not any(session.has_client for session in sessions))
        gateway.close()
        listener.close()

    run(main())
