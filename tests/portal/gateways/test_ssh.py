"""SSH on sockets, by asyncssh's client: who comes in as whom, what is bounded, how it ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast

import asyncssh
import pytest
import structlog
from asyncssh.packet import String

from everdoor.bans import BanList
from everdoor.errors import CallRefused, CallTimeout
from everdoor.ids import Incarnation, RowId
from everdoor.messages.accounts import (
    AuthCall,
    Ban,
    CheckKey,
    TicketByKey,
    TicketByPassword,
    TicketIssued,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Result
from everdoor.messages.stream import (
    Connected,
    Disconnected,
    FlagsChanged,
    Input,
    Numbered,
    Output,
    Row,
)
from everdoor.settings import Settings
from everdoor_portal.gateways.doors import GatewayContext
from everdoor_portal.gateways.intake import PIECE_BYTES
from everdoor_portal.gateways.sshdoor import SshGateway
from everdoor_portal.gateways.sshlogin import MAX_KEYS, NO_ANSWER
from everdoor_portal.gateways.sshsession import SshSession
from everdoor_portal.limits import Entrance
from everdoor_portal.sessionhandler import PortalSessionHandler
from running import run, until

HOST, FAR = "127.0.0.1", "203.0.113.9"
PROXY = f"PROXY TCP4 {FAR} 192.0.2.1 40000 4004\r\n".encode()
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
KEY = asyncssh.generate_private_key("ssh-ed25519")
LINES = ("x" * 60 + "\n") * 2000
PASSWORD, TICKET = "seven lanterns", bytes(range(32))


class Auth:
    """Answers as auth does: Anna has a password and a key."""

    def __init__(self) -> None:
        self.refusal: Exception | None = None
        self.asked: list[AuthCall] = []

    async def call(self, call: AuthCall, deadline_s: float) -> Result:
        self.asked.append(call)
        if self.refusal is not None:
            raise self.refusal
        match call:
            case TicketByPassword(name="Anna", password=password) if password == PASSWORD:
                return TicketIssued(TICKET)
            case CheckKey(name="Anna", fingerprint=key) if key == KEY.get_fingerprint():
                return Done()
            case TicketByKey(name="Anna"):
                return TicketIssued(TICKET)
            case TicketByPassword():
                raise CallRefused("wrong_password", "The name or the password is wrong.")
        raise CallRefused("no_key", "That key cannot log in to that account.")


class Stand(NamedTuple):
    """A gateway that listens, and what it works with."""

    gateway: SshGateway
    sessions: PortalSessionHandler
    entrance: Entrance
    auth: Auth
    port: int
    said: list[Numbered]

    def of(self, kind: type[Any]) -> list[Any]:
        self.said.extend(self.sessions.take_outgoing())
        return [each for each in self.said if isinstance(each, kind)]

    async def until(self, kind: type[Any], count: int = 1) -> list[Any]:
        await until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def connect(self, name: str = "Anna", **how: Any) -> Any:
        how = {"password": PASSWORD, "client_keys": None, **how}
        return asyncssh.connect(
            HOST, self.port, username=name, known_hosts=None, config=None, agent_path=None, **how
        )

    def show(self, name: str, text: str, **options: Any) -> None:
        conns = [session.key.conn for session in self.sessions]
        output = Output(conns, name, [text], options)
        self.sessions.apply(Row(RowId(1, len(self.said) + 1), [], [], [output], []))


@asynccontextmanager
async def stand(
    max_newcomers: int = 0,
    host_key: bytes = HOST_KEY.export_private_key(),
    held_lines: int = 0,
    **settings: Any,
) -> AsyncIterator[Stand]:
    loop = asyncio.get_running_loop()
    sessions = PortalSessionHandler("p", Incarnation(1, 7), loop.time, held_lines, 0)
    entrance = Entrance(sessions.newcomers, lambda: 0.0, 0, max_newcomers)
    auth = Auth()
    context = GatewayContext(
        loop=loop,
        clock=loop.time,
        settings=Settings(**settings),
        sessions=sessions,
        entrance=entrance,
        status=dict,
        auth=cast(Any, auth),
        **others(),
    )
    gateway = SshGateway(context, host_key)
    with socket.create_server((HOST, 0)) as listener:
        await gateway.listen(listener)
        try:
            yield Stand(gateway, sessions, entrance, auth, listener.getsockname()[1], [])
        finally:
            gateway.close()
            sessions.disconnect_all("")
            await asyncio.sleep(0)


def others() -> dict[str, Any]:
    """What a context has besides, which this gateway does not use."""
    import dataclasses

    used = {"loop", "clock", "settings", "sessions", "entrance", "status", "auth"}
    return {
        field.name: cast(Any, None)
        for field in dataclasses.fields(GatewayContext)
        if field.name not in used and field.default is dataclasses.MISSING
    }


def played(main: Callable[[Stand], Any], **how: Any) -> None:
    async def all_of_it() -> None:
        async with stand(**how) as here:
            await main(here)

    run(all_of_it())


async def terminal(client: asyncssh.SSHClientConnection, **how: Any) -> Any:
    return await client.create_process(
        term_type="xterm-256color", term_size=(100, 30), encoding="utf-8", **how
    )


def test_password_begins_a_session_with_its_ticket_and_what_the_terminal_can() -> None:
    async def main(here: Stand) -> None:
        async with here.connect() as client:
            process = await terminal(client)
            (connected,) = await here.until(Connected)
            assert (connected.protocol_key, connected.address) == ("ssh", HOST)
            assert connected.ticket == TICKET
            flags = connected.flags
            assert (flags["SCREENWIDTH"], flags["SCREENHEIGHT"]) == (100, 30)
            assert flags["TERM"] == "xterm-256color" and flags["XTERM256"]
            (asked,) = here.auth.asked
            assert isinstance(asked, TicketByPassword)
            assert (asked.address, asked.session.conn) == (HOST, connected.conn)
            process.change_terminal_size(90, 20)
            (changed,) = await here.until(FlagsChanged)
            assert changed.flags == {"SCREENWIDTH": 90, "SCREENHEIGHT": 20}
            process.stdin.write("look\r")
            (line,) = await here.until(Input)
            assert (line.seq, line.text) == (3, "look")

    played(main)


def test_key_begins_a_session_once_the_client_has_shown_to_have_it() -> None:
    async def main(here: Stand) -> None:
        async with here.connect(client_keys=[KEY], password=None) as client:
            await terminal(client)
            (connected,) = await here.until(Connected)
            assert connected.ticket == TICKET
            assert isinstance(here.auth.asked[-1], TicketByKey)

    played(main)


@pytest.mark.parametrize("how", [{"password": "wrong"}, {"name": "Nobody"}, {"name": "x" * 500}])
def test_whoever_shows_nothing_is_refused(how: dict[str, str]) -> None:
    async def main(here: Stand) -> None:
        other = asyncssh.generate_private_key("ssh-ed25519")
        with pytest.raises(asyncssh.PermissionDenied):
            await here.connect(**how, client_keys=[other])
        assert here.of(Connected) == []
        await until(lambda: len(here.sessions.newcomers) == 0)

    played(main)


@pytest.mark.parametrize("name", ["new", "Guest"])
def test_open_names_come_to_the_login_screen(name: str) -> None:
    async def main(here: Stand) -> None:
        async with here.connect(name, password=None) as client:
            await terminal(client)
            (connected,) = await here.until(Connected)
            assert connected.ticket == b"" and here.auth.asked == []

    played(main)


class Telling(asyncssh.SSHClient):
    """A client that keeps what it is told while it logs in."""

    def __init__(self) -> None:
        self.told = ""

    def auth_banner_received(self, msg: str, lang: str) -> None:
        self.told += msg


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (CallRefused("throttled", "Too many failed logins. Try again in 8 seconds.", 8.0), "8 s"),
        (CallRefused("banned", "You are banned. Spam."), "Spam."),
        (CallTimeout("no answer"), NO_ANSWER),
    ],
)
def test_what_a_client_cannot_know_it_is_told(refusal: Exception, told: str) -> None:
    async def main(here: Stand) -> None:
        here.auth.refusal = refusal
        telling = Telling()
        with pytest.raises(asyncssh.PermissionDenied):
            await here.connect(client_factory=lambda: telling)
        assert told in telling.told

    played(main)


def test_key_that_is_good_no_more_when_the_session_begins_leads_to_the_login_screen() -> None:
    async def main(here: Stand) -> None:
        async with here.connect(client_keys=[KEY], password=None) as client:
            here.auth.refusal = CallRefused("banned", "You are banned. Spam.")
            process = await terminal(client)
            (connected,) = await here.until(Connected)
            assert connected.ticket == b""
            here.show("text", "Welcome.")
            assert "Spam." in await process.stdout.readline()

    played(main)


def test_tries_on_one_connection_are_bounded() -> None:
    async def main(here: Stand) -> None:
        keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(MAX_KEYS + 5)]
        with pytest.raises(asyncssh.DisconnectError, match="Too many tries"):
            await here.connect(client_keys=keys, password=None)
        assert len(here.auth.asked) == MAX_KEYS

    played(main)


def test_who_is_showing_who_it_is_counts_as_a_newcomer() -> None:
    async def main(here: Stand) -> None:
        reader, writer = await asyncio.open_connection(HOST, here.port)
        assert (await reader.readline()).startswith(b"SSH-2.0-Everdoor")
        with pytest.raises(asyncssh.DisconnectError, match="connections wait for a login"):
            await here.connect()
        writer.close()
        await until(lambda: len(here.sessions.newcomers) == 0)
        async with here.connect() as client:
            await terminal(client)
            await here.until(Connected)

    played(main, max_newcomers=1)


def test_banned_client_is_told_why() -> None:
    async def main(here: Stand) -> None:
        here.entrance.bans = BanList([Ban(1, "address", HOST, None, "Spam.", "", 0, None)])
        with pytest.raises(asyncssh.DisconnectError, match="Spam."):
            await here.connect()

    played(main)


def test_header_of_a_proxy_is_believed_where_it_is_named() -> None:
    async def main(here: Stand) -> None:
        connection = socket.create_connection((HOST, here.port))
        connection.sendall(PROXY)
        async with here.connect(sock=connection) as client:
            await terminal(client)
            (connected,) = await here.until(Connected)
            assert (connected.address, connected.port) == (FAR, 40000)

    played(main, proxy_protocol_from=HOST)


def test_connection_has_one_terminal_and_nothing_else() -> None:
    async def main(here: Stand) -> None:
        async with here.connect() as client:
            await terminal(client)
            with pytest.raises(asyncssh.ChannelOpenError):
                await terminal(client)
            with pytest.raises(asyncssh.ChannelOpenError):
                await client.open_connection(HOST, here.port)
            with pytest.raises(asyncssh.ChannelListenError):
                await client.forward_remote_port("", 0, HOST, here.port)
        async with here.connect() as client:
            with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ProcessError)):
                await client.run("ls", check=True)

    played(main)


def test_password_that_is_asked_for_is_not_shown() -> None:
    async def main(here: Stand) -> None:
        async with here.connect() as client:
            process = await terminal(client)
            await here.until(Connected)
            here.show("prompt", "Whisper it: ", hidden=True)
            await process.stdout.readuntil("Whisper it: ")
            process.stdin.write("my secret\r")
            (line,) = await here.until(Input)
            assert line.text == "my secret"
            here.show("text", "Thank you.")
            assert "my secret" not in await process.stdout.readuntil("Thank you.")

    played(main)


def test_line_that_is_too_long_is_refused_with_both_lengths() -> None:
    async def main(here: Stand) -> None:
        async with here.connect() as client:
            process = await terminal(client)
            await here.until(Connected)
            process.stdin.write("x" * 50 + "\r")
            await process.stdout.readuntil("has 50 characters; at most 10 are taken")
            assert here.of(Input) == []

    played(main, max_char_limit=10)


def test_of_what_a_client_says_of_its_environment_only_its_colours_are_kept() -> None:
    async def main(here: Stand) -> None:
        said = {"COLORTERM": "truecolor", "LANG": "C", "x" * 5000: "y" * 5000}
        async with here.connect("new", password=None) as client:
            process = await terminal(client, env=said)
            (connected,) = await here.until(Connected)
            assert connected.flags["TRUECOLOR"]
            ask_environment(process, b"LATE", b"z" * 5000)
            process.stdin.write("look\r")
            await here.until(Input)
            (session,) = here.sessions
            assert isinstance(session, SshSession) and session._channel is not None
            assert session._channel.get_environment() == {"COLORTERM": "truecolor"}

    played(main)


def ask_environment(process: Any, name: bytes, value: bytes) -> None:
    process.channel._send_request(b"env", String(name), String(value))


FLOODS: dict[str, tuple[int, Callable[[Any, int], None]]] = {
    "windows": (1200, lambda process, n: process.change_terminal_size(80 + n % 2, 24)),
    "environment": (1200, lambda process, n: ask_environment(process, b"K%d" % n, b"")),
    "large environment": (50, lambda process, n: ask_environment(process, b"K", b"x" * 30_000)),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_flood_of_requests_that_are_no_lines_ends_the_connection(flood: str) -> None:
    async def main(here: Stand) -> None:
        count, ask = FLOODS[flood]
        async with here.connect("new", password=None) as client:
            process = await terminal(client)
            await here.until(Connected)
            for number in range(count):
                ask(process, number)
            (left,) = await here.until(Disconnected)
            assert (left.reason, left.clean) == ("too many requests that are no lines", False)
            await client.wait_closed()
        assert len(here.of(FlagsChanged)) < 1200

    played(main)


def test_environment_that_floods_before_there_is_a_session_makes_none() -> None:
    async def main(here: Stand) -> None:
        flood = {f"K{number}": "x" * 5000 for number in range(200)}
        async with here.connect("new", password=None) as client:
            with pytest.raises((asyncssh.Error, OSError)):
                await terminal(client, env=flood)
        assert here.of(Connected) == [] and len(here.sessions) == 0
        await until(lambda: len(here.sessions.newcomers) == 0)

    played(main)


@pytest.mark.parametrize("term_type", [None, "xterm"])
def test_packet_of_many_lines_holds_few_more_than_are_held(term_type: str | None) -> None:
    async def main(here: Stand) -> None:
        async with here.connect("new", password=None) as client:
            process = await client.create_process(term_type=term_type, encoding=None)
            await here.until(Connected)
            (session,) = here.sessions
            process.stdin.write(b"\r\n" * 15_000)
            await until(lambda: session.is_paused)
            assert len(session.held) <= 500 + PIECE_BYTES

    played(main, held_lines=500)


@pytest.mark.parametrize("is_lost", [False, True], ids=["end", "lost"])
def test_lines_that_were_read_before_the_end_are_all_done_though_they_were_held_back(
    is_lost: bool,
) -> None:
    async def main(here: Stand) -> None:
        async with here.connect("new", password=None) as client:
            process = await terminal(client)
            await here.until(Connected)
            (session,) = here.sessions
            lines = [f"say {number}" for number in range(400)]
            process.stdin.write("".join(f"{line}\r" for line in lines))
            await until(lambda: session.is_paused)
            client.abort() if is_lost else process.stdin.write_eof()
            while not here.of(Disconnected):
                # An end comes when all before it is done; a loss is seen at once.
                done = [] if is_lost else [(1, session.next_seq - 1)]
                here.sessions.apply(Row(RowId(1, len(here.said) + 1), done, [], [], []))
                await asyncio.sleep(0.001)
            assert [each.text for each in here.of(Input)] == lines
            assert isinstance(here.said[-1], Disconnected)

    played(main, held_lines=1)


def test_ends_are_clean_where_the_player_meant_them() -> None:
    async def main(here: Stand) -> None:
        async with here.connect() as client:
            process = await terminal(client)
            await here.until(Connected)
            process.stdin.write("\x04")
            (left,) = await here.until(Disconnected)
            assert left.clean
        async with here.connect() as client:
            await terminal(client)
            await here.until(Connected, 2)
            client.close()
            assert (await here.until(Disconnected, 2))[1].clean
        connection = socket.create_connection((HOST, here.port))
        async with here.connect(sock=connection) as client:
            await terminal(client)
            await here.until(Connected, 3)
            client.abort()
            assert not (await here.until(Disconnected, 3))[2].clean

    played(main)


def test_client_that_does_not_read_is_disconnected() -> None:
    async def main(here: Stand) -> None:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((HOST, here.port))
        async with here.connect(sock=connection) as client:
            await terminal(client, window=2**31 - 1)
            await here.until(Connected)
            # A client that is stopped: nothing of it runs, only its system still answers.
            client._transport.pause_reading()  # type: ignore[union-attr]
            while not here.of(Disconnected):
                here.show("text", LINES)
                await asyncio.sleep(0)
            (left,) = here.of(Disconnected)
            assert not left.clean
            client.abort()

    played(main, max_output_queue=300_000)


def test_session_that_is_closed_ends_the_connection_after_its_last_words() -> None:
    async def main(here: Stand) -> None:
        async with here.connect() as client:
            process = await terminal(client)
            await here.until(Connected)
            here.show("text", "Good bye.")
            here.sessions.let_all_go("")
            assert "Good bye." in await process.stdout.read()
            await client.wait_closed()

    played(main)


def test_ssh_that_cannot_be_served_is_logged_and_tried_again() -> None:
    async def main(here: Stand) -> None:
        with structlog.testing.capture_logs() as logs:
            for _ in range(2):
                with pytest.raises((asyncssh.Error, OSError)):
                    await here.connect()
        failed = [each for each in logs if each["event"] == "SSH cannot be served"]
        assert [each["log_level"] for each in failed] == ["error"] * 2

    played(main, host_key=b"no key")
