"""The load generator counts right: every line once, and what a server loses, doubles or drops."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from running import run

SOURCE = Path(__file__).parents[2] / "bench" / "loadgen.c"

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")

Answer = Callable[[bytes], bytes]
"""What a server sends for a line; empty: nothing."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("loadgen") / "loadgen"
    run(_run("cc", "-O1", "-std=gnu11", "-o", made, SOURCE))
    return made


class Server:
    """Answers lines of clients; `speaks` to all when a line begins with `say`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._writers: list[asyncio.StreamWriter] = []
        self.lines: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        writer.write(b"\xff\xfd\x18Welcome ~ to 1~2:3 this ~x:1~ place\r\n")
        while line := await reader.readline():
            self.lines.append(line)
            answer = self._answer(line)
            for heard in self._writers if line.startswith(b"say") else [writer]:
                heard.write(answer)
            if answer == b"bye":
                writer.close()
        writer.close()


def echo(line: bytes) -> bytes:
    return line


def test_generator_counts_every_line_once(program: Path) -> None:
    server, counted = _play(program, echo, clients=5)

    assert counted["clients"] == 5
    assert counted["sent"] == len(server.lines) - 5
    assert counted["commands"] == pytest.approx(counted["answers"], abs=5)
    assert counted["answers"] == counted["deliveries"] > 0
    assert counted["answers"] == sum(count for _, count in counted["latencies"])
    assert (counted["lost"], counted["doubled"], counted["dropped"]) == (0, 0, 0)


def test_generator_reads_marks_that_arrive_in_pieces(program: Path) -> None:
    class Pieces(Server):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                for byte in line:
                    writer.write(bytes((byte,)))
                    await asyncio.sleep(0)
            writer.close()

    _, counted = _play(program, echo, Pieces, clients=2)

    assert counted["answers"] > 0
    assert (counted["lost"], counted["doubled"]) == (0, 0)


def test_generator_tells_how_long_answers_took(program: Path) -> None:
    class Slow(Server):
        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                await asyncio.sleep(0.02)
                writer.write(line)
            writer.close()

    _, counted = _play(program, echo, Slow)

    fastest, slowest = counted["latencies"][0][0], counted["latencies"][-1][0]
    assert 19_000 < fastest <= slowest <= counted["max_us"] * 1.01


def test_generator_counts_lines_that_are_not_answered(program: Path) -> None:
    _, counted = _play(program, lambda line: b"" if b":7~" in line else line, interval=0.002)

    assert (counted["lost"], counted["doubled"]) == (1, 0)


def test_generator_counts_lines_that_are_answered_twice(program: Path) -> None:
    _, counted = _play(program, lambda line: 2 * line if b":7~" in line else line, interval=0.002)

    assert (counted["lost"], counted["doubled"]) == (0, 1)


def test_generator_counts_what_others_hear(program: Path) -> None:
    server, counted = _play(program, echo, clients=4, speakers=1, line="say")

    said = sum(line.startswith(b"say") for line in server.lines)
    assert counted["sent"] == said
    assert counted["deliveries"] == pytest.approx(4 * counted["answers"], abs=8)
    assert (counted["lost"], counted["doubled"]) == (0, 0)


def test_generator_counts_connections_that_end(program: Path) -> None:
    _, counted = _play(program, lambda line: b"bye" if b"~1:9~" in line else line, clients=2)

    assert counted["dropped"] == 1
    assert counted["answers"] > 0


def test_generator_logs_in_by_number(program: Path) -> None:
    server, _ = _play(program, echo, clients=2, first=7, login="connect", password="a b")

    logins = {line for line in server.lines if line.startswith(b"connect")}
    assert logins == {b"connect b00007 a b\r\n", b"connect b00008 a b\r\n"}


def test_generator_tells_of_a_login_that_fails(program: Path) -> None:
    async def play() -> str:
        server = await asyncio.start_server(Server(lambda _: b"No ~0:0~ here").serve, "127.0.0.1")
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await _run(program, f"--port={port}", "--ready=think ", code=1)

    told = run(play())

    assert told.startswith("loadgen: a login failed; the screen ends with: ")
    assert "No ~0:0~" in told


def test_generator_refuses_options_that_make_no_sense(program: Path) -> None:
    told = run(_run(program, "--port=1", "--clients=2", "--speakers=3", code=2))

    assert "expected --port, 1 <= --speakers <= --clients" in told


def _play(
    program: Path, answer: Answer, kind: type[Server] = Server, **options: object
) -> tuple[Server, dict[str, Any]]:
    """Run the generator against a server; returns the server and what was counted."""
    options = {"seconds": 0.2, "warmup": 0.05, "drain": 0.3, "ready": "think ", **options}
    server = kind(answer)

    async def play() -> str:
        serving = await asyncio.start_server(server.serve, "127.0.0.1")
        async with serving:
            port = serving.sockets[0].getsockname()[1]
            named = [f"--{name}={value}" for name, value in options.items()]
            return await _run(program, f"--port={port}", *named)

    *words, counted = run(play()).splitlines()
    assert words == ["ready", "begin", "end"]
    return server, json.loads(counted)


async def _run(*command: object, code: int = 0) -> str:
    """Run a program to its end; returns what it said."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode("utf-8", "replace")
    assert process.returncode == code, said
    return said
