"""The tutorial, followed to the letter: typed, written and played, with a reload in each chapter.

The folder, the home and the ports are new; nothing of the environment but the programs is there.
What is left of it in the end is the example game.
"""

from __future__ import annotations

import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

import tutorial
from integration.system import HOST, LOOK_S, PROGRAMS, until
from tutorial import Block

EXAMPLE = Path(__file__).parents[2] / "examples" / "lighthouse"
LEFT_BEHIND = re.compile(r"var|__pycache__|\..*_cache")
"""What running a game and its tools leave in its folder."""

SLOW_S = 120.0
"""Longest wait for anything: a machine ten times as slow as ours, and busy, is not at fault."""

PLAYERS = ("Anna", "Bob")

pytestmark = pytest.mark.timeout(900)

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Follower:
    """Whoever does what the page says, in a folder of its own.

    Attributes:
        folder: Where the shell is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port = 0
        self._environment = {
            "PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            **{f"EVERDOOR_{door}_PORT": "0" for door in ("TELNET", "WEB", "TLS", "SSH")},
        }
        self._output = folder / "up.out"
        self._up: subprocess.Popen[bytes] | None = None
        self._players: dict[str, Telnet] = {}

    def follow(self, block: Block) -> None:
        """Do what one block says."""
        match block.kind:
            case "console":
                for command, expected in _typed(block, "$ "):
                    self._run(command, expected)
            case "telnet":
                self._play(block)
            case _:
                tutorial.write(block, self.folder)

    def end(self) -> None:
        """Let everybody leave and stop what runs. Idempotent."""
        for player in self._players.values():
            player.leave()
        if self._up is not None and self._up.poll() is None:
            self._up.send_signal(signal.SIGTERM)
            self._up.wait(SLOW_S)

    def printed(self) -> str:
        """What `everdoor up` has printed."""
        return self._output.read_text("utf-8", "replace") if self._output.exists() else ""

    def _run(self, command: str, expected: list[str]) -> None:
        words = command.split()
        if words[0] == "cd":
            self.folder /= words[1]
        elif command == "everdoor up":
            self._start(expected)
        elif words[0] != "telnet":
            self._see(command, expected)

    def _see(self, command: str, expected: list[str]) -> None:
        done = subprocess.run(
            command.split(),
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SLOW_S,
            check=False,
        )
        told = f"$ {command}\n{done.stdout}{done.stderr}"
        is_refused = bool(expected) and bool(re.match(r"everdoor: |\d+ mistake", expected[-1]))
        assert (done.returncode != 0) is is_refused, told
        rest = done.stdout + done.stderr
        for line in expected:
            found = re.search(re.escape(line).replace(r"\.\.\.", ".*"), rest)
            assert found is not None, f"{line!r} is not in:\n{told}"
            rest = rest[found.end() :]

    def _start(self, expected: list[str]) -> None:
        with self._output.open("wb") as output:
            self._up = subprocess.Popen(
                ["everdoor", "up"],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        [line] = expected
        found = until(lambda: self._is_up(line.removesuffix("...")), line, SLOW_S)
        self._port = int(found[1])

    def _is_up(self, line: str) -> re.Match[str] | None:
        """Whether the line was printed, and the port behind it."""
        assert self._up is not None and self._up.poll() is None, self.printed()
        return re.search(re.escape(line) + r"(\d+)", self.printed())

    def _play(self, block: Block) -> None:
        if block.of not in self._players:
            self._players[block.of] = Telnet(self._port, self._environment)
        player = self._players[block.of]
        before, *typed = _typed(block, "> ", has_head=True)
        for line in before[1]:
            player.sees(line, block)
        for text, expected in typed:
            player.types(text)
            for line in expected:
                player.sees(line, block)


class Telnet:
    """Debian's telnet, and what was seen in it."""

    def __init__(self, port: int, environment: dict[str, str]) -> None:
        self._program = pexpect.spawn(
            "telnet", [HOST, str(port)], env=environment, encoding="utf-8", codec_errors="replace"
        )
        self._raw = ""
        self._read = 0
        self.sees("connect <name> <password>", None)

    def types(self, line: str) -> None:
        self._take()
        self._read = len(self._text())
        self._program.sendline(line)

    def sees(self, line: str, block: Block | None) -> None:
        """Wait for a line, or for its beginning where it ends with `...`, behind the last one."""
        wanted, deadline = line.removesuffix("..."), time.monotonic() + SLOW_S
        while (found := self._text().find(wanted, self._read)) < 0:
            where = f"line {block.line} of the page" if block else "the connection screen"
            assert time.monotonic() < deadline, f"{where}: {line!r} not in:\n{self._text()[-3000:]}"
            self._take()
        self._read = found + len(wanted)

    def leave(self) -> None:
        self._program.close(force=True)

    def _take(self) -> None:
        try:
            self._raw += self._program.read_nonblocking(4096, timeout=LOOK_S)
        except pexpect.TIMEOUT:
            pass

    def _text(self) -> str:
        return _COLOUR.sub("", self._raw).replace("\r", "")


def _typed(block: Block, mark: str, has_head: bool = False) -> list[tuple[str, list[str]]]:
    """What is typed, each with the lines that it brings; the head has those before anything is."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in block.text.splitlines():
        if line.startswith(mark):
            found.append((line.removeprefix(mark), []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return found if has_head else found[1:]


def files(folder: Path) -> dict[str, str]:
    """The texts of a game's folder, without what running it and its tools have left."""
    names = {path: path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {
        str(name): path.read_text()
        for path, name in names.items()
        if not any(LEFT_BEHIND.fullmatch(part) for part in name.parts)
    }


@pytest.fixture
def follower() -> Iterator[Follower]:
    with tempfile.TemporaryDirectory(prefix="everdoor-") as path:
        follower = Follower(Path(path).resolve())
        try:
            yield follower
        except BaseException:
            print(follower.printed()[-8000:])
            raise
        finally:
            follower.end()


def test_tutorial_makes_the_example_while_two_players_stay(follower: Follower) -> None:
    for block in tutorial.blocks(tutorial.PAGE.read_text()):
        follower.follow(block)
    assert files(follower.folder) == files(EXAMPLE)
    assert (follower.folder / "var" / "world.db").exists()
    follower.end()
    assert "Traceback" not in follower.printed()


def test_every_chapter_but_the_first_lines_ends_with_a_reload() -> None:
    chapters = re.split(r"^## ", tutorial.PAGE.read_text(), flags=re.MULTILINE)[1:]
    assert len(chapters) == 7
    assert all("$ everdoor server reload" in chapter for chapter in chapters)


def test_page_ends_with_two_players_in_one_place() -> None:
    played = [
        block for block in tutorial.blocks(tutorial.PAGE.read_text()) if block.kind == "telnet"
    ]
    assert {block.of for block in played} == set(PLAYERS)
    assert "Bob says" in played[-1].text


def test_example_is_what_the_page_writes() -> None:
    """The same without anything running, so that a slip is found in a moment."""
    from everdoor_server.newgame import new_game

    with tempfile.TemporaryDirectory() as path:
        folder = Path(path) / "lighthouse"
        new_game(folder)
        for block in tutorial.blocks(tutorial.PAGE.read_text()):
            if block.kind in ("python", "diff"):
                tutorial.write(block, folder)
        assert files(folder) == files(EXAMPLE)
