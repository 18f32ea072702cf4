"""Browsers and WebSocket clients on sockets: sessions, limits, ends."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from everdoor.addresses import parse_networks
from everdoor.bans import BanList
from everdoor.ids import Incarnation, RowId
from everdoor.messages.accounts import Ban
from everdoor.messages.stream import (
    Connected,
    Disconnected,
    FlagsChanged,
    Input,
    Output,
    Resume,
    Row,
    Seen,
    Token,
)
from everdoor_portal.gateways.bounds import READ_BYTES
from everdoor_portal.gateways.certificates import Certificates, self_signed
from everdoor_portal.gateways.web import PING_S, WebGateway
from everdoor_portal.gateways.websession import PIECE_BYTES, SILENT_S, WebSession
from everdoor_portal.limits import TOO_FAST, Entrance
from everdoor_portal.sessionhandler import PortalSessionHandler, hash_of
from everdoor_portal.web.codecs import MAX_LINES
from everdoor_portal.web.connection import WebRules
from everdoor_portal.web.pages import page
from running import run, until

HOST = "127.0.0.1"
OURS = "v1.everdoor"
BIG = b"x" * 300_000


class Stand(NamedTuple):
    """A gateway that listens, and what it works with."""

    gateway: WebGateway
    sessions: PortalSessionHandler
    port: int

    def client(self, *subprotocols: str, **headers: str) -> connect:
        return connect(
            f"ws://{HOST}:{self.port}/ws",
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            additional_headers=headers,
            ping_interval=None,
        )

    def taken(self, *kinds: type) -> list[Any]:
        return [each for each in self.sessions.take_outgoing() if isinstance(each, kinds)]

    def took_turns(self, count: int) -> None:
        """As if so many clients of the same address had come just now."""
        for _ in range(count):
            self.gateway.entrance.arrive(HOST, self.gateway.clock())

    def applies(self, n: int, change: dict[str, Any], *texts: str) -> None:
        outputs = [Output([1], "text", [text], {}) for text in texts]
        self.sessions.apply(Row(RowId(1, n), [], [(1, change)] if change else [], outputs, []))


@asynccontextmanager
async def stand(
    max_rate: int = 0,
    max_unsent: int = 0,
    max_newcomers: int = 0,
    held_lines: int = 500,
    certificates: Certificates | None = None,
    **rules: Any,
) -> AsyncIterator[Stand]:
    loop = asyncio.get_running_loop()
    sessions = PortalSessionHandler("p", Incarnation(1, 7), loop.time, held_lines)
    entrance = Entrance(sessions.newcomers, lambda: 0.0, max_rate, max_newcomers)
    known = WebRules({"/": page("a.html", b"<!doctype html>"), "/big.txt": page("b.txt", BIG)})
    gateway = WebGateway(
        loop, sessions, loop.time, known._replace(**rules), entrance, max_unsent, certificates
    )
    listener = socket.create_server((HOST, 0))
    await gateway.listen(listener)
    try:
        yield Stand(gateway, sessions, listener.getsockname()[1])
    finally:
        sessions.disconnect_all("")
        gateway.close()
        listener.close()


async def told(client: ClientConnection) -> Any:
    return json.loads(await client.recv())


async def closed(client: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await client.recv()
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code, caught.value.rcvd.reason


def test_client_is_a_session_and_hears_what_is_said() -> None:
    async def main() -> None:
        async with stand() as here, here.client() as client:
            await client.send('["text", ["look"], {}]')
            connected, line = await until_taken(here, 2, Connected, Input)
            assert (connected.protocol_key, connected.address) == ("websocket", HOST)
            assert connected.flags["UTF-8"] is True
            assert line.text == "look"
            here.applies(1, {"sessid": 4}, "|ra|n <b>")
            wanted = '<span class="color-009">a</span> &lt;b&gt;'
            assert await told(client) == ["text", [wanted], {}]

    run(main())


def test_client_is_given_its_token_at_login_and_outputs_are_numbered_from_there() -> None:
    async def main() -> None:
        async with stand() as here, here.client(OURS) as client:
            await client.send('["hello", {"width": 90}]')
            await until(lambda: here.taken(Connected))
            here.applies(1, {"sessid": 4}, "Welcome.")
            anonymous = {"sessid": 4, "name": "", "logged_in": False}
            assert await told(client) == ["session", anonymous]
            assert await told(client) == ["text", 0, "Welcome."]
            here.applies(2, {"logged_in": True, "uname": "Anna"})
            assert (await told(client))[1]["name"] == "Anna"
            (offered,) = here.taken(Token)
            here.applies(3, {"resume": offered.hash}, "One.", "Two.")
            name, token = await told(client)
            raw = base64.urlsafe_b64decode(f"{token}=")
            assert (name, hash_of(raw)) == ("token", offered.hash)
            assert [await told(client), await told(client)] == [
                ["text", 1, "One."],
                ["text", 2, "Two."],
            ]
            for number in (2, 3):
                await client.send(json.dumps(["seen", number]))
            await client.send('["line", "look"]')
            seen, line = await until_taken(here, 2, Seen, Input)
            assert (seen.number, line.text) == (2, "look")

    run(main())


async def until_taken(here: Stand, count: int, *kinds: type) -> list[Any]:
    found: list[Any] = []

    def enough() -> bool:
        found.extend(here.taken(*kinds))
        return len(found) >= count

    await until(enough)
    return found


def test_client_of_gmcp_is_given_its_token_and_asked_what_it_has() -> None:
    async def main() -> None:
        async with stand() as here, here.client("gmcp.mudstandards.org") as client:
            await client.send('Core.Supports.Set ["Char.Login 2"]')
            name, _, told = (await client.recv()).partition(" ")
            assert (name, json.loads(told)["version"]) == ("Char.Login.Default", 2)
            here.taken(Connected)
            here.applies(1, {"sessid": 4, "logged_in": True, "uname": "Anna"})
            (offered,) = await until_taken(here, 1, Token)
            here.applies(2, {"resume": offered.hash}, "One.")
            name, _, told = (await client.recv()).partition(" ")
            found = json.loads(told)
            raw = base64.urlsafe_b64decode(f"{found['token']}=")
            assert (name, found["account"]) == ("Char.Login.Token", "Anna")
            assert hash_of(raw) == offered.hash
            assert await client.recv() == b"One.\r\n"
            (seen,) = await until_taken(here, 1, Seen)
            assert seen.number == 1

    run(main())


def test_client_of_gmcp_comes_back_once_it_has_connected() -> None:
    async def main() -> None:
        async with stand() as here, here.client("gmcp.mudstandards.org") as client:
            told = {"account": "Anna", "token": "A" * 43, "seen": 7}
            await client.send(f"Char.Login.Reconnect {json.dumps(told)}")
            (back,) = await until_taken(here, 1, Resume)
            assert (back.hash, back.seen) == (hash_of(bytes(32)), 7)

    run(main())


def test_client_that_comes_back_is_announced_with_its_token() -> None:
    async def main() -> None:
        async with stand() as here, here.client(OURS) as client:
            token = base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("=")
            await client.send(json.dumps(["hello", {"token": token, "seen": 5}]))
            (connected,) = await until_taken(here, 1, Connected)
            assert (connected.resume, connected.seen) == (hash_of(b"x" * 32), 5)

    run(main())


def test_only_what_differs_of_a_clients_flags_is_passed_on() -> None:
    async def main() -> None:
        async with stand() as here, here.client(OURS) as client:
            await client.send('["hello", {"width": 90, "height": 30}]')
            for told in ({"width": 90}, {"width": 100, "height": 30}):
                await client.send(json.dumps(["flags", told]))
            (changed,) = await until_taken(here, 1, FlagsChanged)
            assert changed.flags == {"SCREENWIDTH": 100}

    run(main())


def test_hidden_input_is_shown_again_when_it_was_answered() -> None:
    async def main() -> None:
        async with stand() as here, here.client(OURS) as client:
            await client.send('["hello", {}]')
            await until(lambda: here.taken(Connected))
            ask = Output([1], "prompt", ["Password: "], {"hidden": True})
            here.sessions.apply(Row(RowId(1, 1), [], [], [ask], []))
            assert await told(client) == ["prompt", 0, "Password: ", True]
            await client.send('["line", "seven lanterns"]')
            assert await told(client) == ["input", False]

    run(main())


def test_client_is_told_that_the_game_is_away() -> None:
    async def main() -> None:
        async with stand() as here, here.client(OURS) as client:
            await client.send('["hello", {}]')
            await until(lambda: here.taken(Connected))
            here.sessions.announce_away(True, "Wait.", {1})
            assert [await told(client), await told(client)] == [
                ["game", "away"],
                ["text", 0, "Wait."],
            ]

    run(main())


def test_client_speaks_tls_where_that_is_wanted(tmp_path: Path) -> None:
    async def main() -> None:
        file = tmp_path / "certificate.pem"
        file.write_bytes(self_signed())
        async with stand(certificates=Certificates(file, file, tmp_path)) as here:
            context = ssl.create_default_context(cafile=str(file))
            address = f"wss://localhost:{here.port}/"
            async with connect(address, host=HOST, ssl=context) as client:
                await client.send('["text", ["look"], {}]')
                connected, line = await until_taken(here, 2, Connected, Input)
                assert (connected.address, line.text) == (HOST, "look")
                here.applies(1, {}, "Hello.")
                assert await told(client) == ["text", ["Hello."], {}]

    run(main())


# Ends.


@pytest.mark.parametrize(("code", "clean"), [(1000, True), (1001, False), (4000, False)])
def test_end_of_a_client_is_clean_when_it_says_so(code: int, clean: bool) -> None:
    async def main() -> None:
        async with stand() as here, here.client() as client:
            await until(lambda: here.taken(Connected))
            await client.close(code)
            (left,) = await until_taken(here, 1, Disconnected)
            assert left.clean is clean

    run(main())


def test_lost_connection_is_not_clean() -> None:
    async def main() -> None:
        async with stand() as here, here.client() as client:
            await until(lambda: here.taken(Connected))
            client.transport.abort()
            (left,) = await until_taken(here, 1, Disconnected)
            assert not left.clean

    run(main())


def test_close_tells_the_reason_and_whether_to_come_back() -> None:
    async def main() -> None:
        async with stand() as here:
            async with here.client() as client:
                await until(lambda: here.taken(Connected))
                here.sessions.apply(Row(RowId(1, 1), [], [], [], [(1, "You have quit.")]))
                assert await closed(client) == (1000, "You have quit.")
            async with here.client() as client:
                await until(lambda: here.taken(Connected))
                here.gateway.close()
                here.sessions.disconnect_all("maintenance")
                assert await closed(client) == (1001, "maintenance")

    run(main())


def test_client_that_does_not_read_is_let_go() -> None:
    async def main() -> None:
        async with stand(max_unsent=100_000) as here, here.client() as client:
            await until(lambda: here.taken(Connected))
            client.transport.pause_reading()

            def is_let_go() -> bool:
                noise = [base64.b64encode(os.urandom(5000)).decode() for _ in range(40)]
                here.applies(1, {}, *noise)
                return any(not left.clean for left in here.taken(Disconnected))

            await until(is_let_go)
            client.transport.abort()

    run(main())


def test_client_that_answers_no_ping_is_let_go_and_one_that_does_stays() -> None:
    async def main() -> None:
        async with stand() as here, here.client() as client:
            await until(lambda: here.taken(Connected))
            (session,) = here.sessions
            assert isinstance(session, WebSession)
            session.last_heard = heard = session.last_heard - 1
            here.gateway.keep_alive()
            await until(lambda: session.last_heard > heard)
            assert session.has_client and SILENT_S > 2 * PING_S
            session.last_heard -= SILENT_S + 1
            here.gateway.keep_alive()
            (left,) = await until_taken(here, 1, Disconnected)
            assert left.reason == "client is silent"
            with pytest.raises(ConnectionClosed):
                await client.recv()

    run(main())


# Limits.


def test_banned_client_is_told_why_also_behind_a_proxy() -> None:
    async def main() -> None:
        async with stand(proxies=parse_networks(HOST)) as here:
            ban = Ban(1, "address", "203.0.113.9", None, "Spam.", "", 0, None)
            here.gateway.entrance.bans = BanList([ban])
            async with here.client(X_Forwarded_For="203.0.113.9") as client:
                await until(lambda: here.taken(Connected))
            headers = {"X-Forwarded-For": "203.0.113.9"}
            async with here.client(OURS, **headers) as client:
                name, number, text = await told(client)
                assert (name, number) == ("text", 0) and "Spam." in text
                code, reason = await closed(client)
                assert code == 1008 and "Spam." in reason
            assert [session.address for session in here.sessions] == [HOST]

    run(main())


def test_client_beyond_the_rate_waits_its_turn_with_what_it_typed() -> None:
    async def main() -> None:
        async with stand(max_rate=5) as here:
            here.took_turns(6)
            async with here.client() as client:
                await client.send('["text", ["look"], {}]')
                assert "let in in" in (await told(client))[1][0]
                (line,) = await until_taken(here, 1, Input)
                assert line.text == "look"

    run(main())


def test_clients_that_greet_late_count_as_others_do() -> None:
    async def main() -> None:
        async with stand(max_newcomers=2) as here, AsyncExitStack() as clients:
            late = [await clients.enter_async_context(here.client(OURS)) for _ in range(3)]
            for client in late[:2]:
                await client.send('["hello", {}]')
            await until(lambda: len(here.sessions) == 2)
            await late[2].send('["hello", {}]')
            await late[2].send('["line", "look"]')
            name, number, text = await told(late[2])
            assert (name, number) == ("text", 0) and "2 connections wait for a login" in text
            assert (await closed(late[2]))[0] == 1008
            assert {each.conn for each in here.taken(Connected, Input)} == {1, 2}
            assert (len(here.sessions), here.sessions.newcomers.count(HOST)) == (2, 2)

    run(main())


LINES = "\n" * MAX_LINES
TOO_MANY_LINES = LINES + "\n"


@pytest.mark.parametrize(
    ("subprotocol", "said", "next_one"),
    [
        ("v1.evennia.com", json.dumps(["text", [TOO_MANY_LINES], {}]), '["text", ["look"], {}]'),
        ("terminal.mudstandards.org", TOO_MANY_LINES, "look"),
        ("gmcp.mudstandards.org", f"Core.Text {json.dumps(TOO_MANY_LINES)}", b"look"),
    ],
)
def test_message_of_too_many_lines_is_refused_and_the_next_one_done(
    subprotocol: str, said: str, next_one: str | bytes
) -> None:
    async def main() -> None:
        async with stand() as here, here.client(subprotocol) as client:
            await client.send(said)
            answer = await client.recv()
            text = answer if isinstance(answer, str) else answer.decode()
            assert f"{MAX_LINES + 1} lines at once; at most {MAX_LINES} are taken" in text
            await client.send(next_one)
            (line,) = await until_taken(here, 1, Input)
            assert line.text == "look"

    run(main())


@pytest.mark.parametrize("text", [TOO_MANY_LINES, "x" * 60_000], ids=["many lines", "a long one"])
def test_client_that_sends_nothing_but_what_is_refused_is_let_go(text: str) -> None:
    async def main() -> None:
        async with stand() as here, here.client("terminal.mudstandards.org") as client:
            await until(lambda: here.taken(Connected))
            for _ in range(4000):
                client.protocol.send_text(text.encode())
            client.transport.write(b"".join(client.protocol.data_to_send()))
            (left,) = await until_taken(here, 1, Disconnected)
            assert "too many messages" in left.reason
            client.transport.abort()

    run(main())


def test_many_compressed_messages_of_many_lines_hold_few_more_than_are_held() -> None:
    async def main() -> None:
        async with stand() as here, here.client("terminal.mudstandards.org") as client:
            await until(lambda: here.taken(Connected))
            (session,) = here.sessions
            for _ in range(1000):
                client.protocol.send_text(LINES.encode())
            data = b"".join(client.protocol.data_to_send())
            assert len(data) < READ_BYTES
            client.transport.write(data)
            await until(lambda: session.is_paused)
            in_a_piece = PIECE_BYTES * 1000 // len(data)
            assert len(session.held) <= 500 + MAX_LINES * (2 + in_a_piece)
            client.transport.abort()

    run(main())


@pytest.mark.parametrize("is_reset", [False, True], ids=["end", "reset"])
def test_lines_that_were_read_before_the_end_are_all_done_though_they_were_held_back(
    is_reset: bool,
) -> None:
    async def main() -> None:
        async with stand(held_lines=1) as here, here.client("terminal.mudstandards.org") as client:
            said = await until_taken(here, 1, Connected)
            (session,) = here.sessions
            lines = [f"say {number}" for number in range(400)]
            await client.send("\n".join(lines[:200]))
            await client.send("\n".join(lines[200:]))
            await until(lambda: session.is_paused)
            connection = client.transport.get_extra_info("socket")
            if is_reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.transport.abort()
            n = 0
            while not any(isinstance(each, Disconnected) for each in said):
                # A reset shows when something is sent; an end when all that came before is done.
                n += 1
                done = [] if is_reset else [(1, session.next_seq - 1)]
                shown = [Output([1], "text", ["Hi."], {})] if is_reset else []
                here.sessions.apply(Row(RowId(1, n), done, [], shown, []))
                await asyncio.sleep(0.001)
                said += here.taken(Input, Disconnected)
            assert [each.text for each in said if isinstance(each, Input)] == lines
            assert isinstance(said[-1], Disconnected)

    run(main())


def test_client_beyond_the_queue_is_refused_for_now() -> None:
    async def main() -> None:
        async with stand(max_rate=1) as here:
            here.took_turns(20)
            async with here.client() as client:
                assert TOO_FAST in (await told(client))[1][0]
                assert (await closed(client))[0] == 1013

    run(main())


def test_page_is_served_though_clients_may_leave_little_unsent() -> None:
    async def main() -> None:
        async with stand(max_unsent=1000) as here:
            reader, writer = await asyncio.open_connection(HOST, here.port)
            writer.write(b"GET /big.txt HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\n" + BIG)
            writer.close()
            assert len(here.sessions) == 0

    run(main())
