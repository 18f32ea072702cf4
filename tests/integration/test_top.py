"""`everdoor top` on a real terminal; its picture is in the docs (`make screenshots`)."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
import pytest

from integration.crowded import crowd_of
from integration.system import PATIENCE_S, PROGRAMS, System, kill

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE = (36, 120)
PLAYERS = 4
NOWHERE = Path("/proc")
"""A folder in which nobody can write a file, not even root."""

LONGEST_S = 60.0
"""Between two looks."""


@pytest.mark.timeout(180)
def test_top_shows_the_system_as_it_lives(folder: Path) -> None:
    with System(folder) as system, top(system, folder) as screen:
        system.up()
        screen.start()
        screen.shows("server", "portal.1", "auth", "commands and turns a second")
        asyncio.run(_play(system, screen))
        screen.shows("sessions: none")
        screen.type("q")
        screen.ends()
    pictures = list(folder.glob("*.svg"))
    assert len(pictures) == 1
    assert "telnet" in pictures[0].read_text()
    if os.environ.get("SCREENSHOTS"):
        # Without its font, which is fetched from elsewhere.
        drawn = re.sub(r"@font-face \{.*?\}", "", pictures[0].read_text(), flags=re.DOTALL)
        (IMAGES / "top.svg").write_text(drawn)


def test_top_says_that_nothing_runs(folder: Path) -> None:
    done = System(folder).run("top", code=1)
    assert done.stderr.startswith("everdoor: nothing runs in")


@pytest.mark.timeout(60)
def test_top_says_that_it_needs_a_terminal(system: System) -> None:
    done = system.run("top", code=1)
    assert (
        done.stderr == "everdoor: `everdoor top` needs a terminal; for programs there is /metrics\n"
    )


@pytest.mark.timeout(120)
def test_top_ends_at_once_however_long_it_is_to_its_next_look(system: System) -> None:
    with top(system, system.folder) as screen:
        screen.start(every_s=LONGEST_S)
        screen.shows("portal.1")
        screen.type("q")
        screen.ends(within_s=LONGEST_S / 2)


@pytest.mark.timeout(120)
def test_top_tells_that_a_picture_cannot_be_saved_and_goes_on(system: System) -> None:
    with top(system, NOWHERE) as screen:
        screen.start()
        screen.shows("portal.1")
        screen.type("s")
        screen.shows("Not saved: ", "portal.1")
        screen.type("q")
        screen.ends()


async def _play(system: System, screen: Screen) -> None:
    crowd = crowd_of(system, PLAYERS, "Guest")
    async with crowd:
        crowd.start()
        await crowd.serves()
        await asyncio.to_thread(screen.shows, f"{PLAYERS} telnet in")
        kill((await asyncio.to_thread(system.status)).server["worker_pid"])
        await asyncio.to_thread(screen.shows, "restarts 1, mean silence")
        screen.type("s")
        await asyncio.to_thread(screen.shows, "Saved ")
        await crowd.finish()


class Screen:
    """A terminal with `everdoor top` in it."""

    def __init__(self, system: System, folder: Path) -> None:
        self._system = system
        self._folder = folder
        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.ByteStream(self._screen)
        self.program: pexpect.spawn[bytes] | None = None

    def start(self, every_s: float = 0.5) -> None:
        environment = self._system.environment()
        for name in ("COLUMNS", "LINES"):
            # The terminal's own size counts.
            environment.pop(name, None)
        self.program = pexpect.spawn(
            str(PROGRAMS / "everdoor"),
            ["top", "--every", str(every_s)],
            env={
                **environment,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
            },
            cwd=self._folder,
            dimensions=SIZE,
            timeout=PATIENCE_S,
        )

    def shows(self, *texts: str) -> None:
        """Read until all of the texts are on the screen at once."""
        end = time.monotonic() + PATIENCE_S
        while not all(text in "\n".join(self._screen.display) for text in texts):
            assert time.monotonic() < end, "\n".join([f"{texts}", *self._screen.display])
            self._read()

    def type(self, keys: str) -> None:
        assert self.program is not None
        self.program.send(keys)

    def ends(self, within_s: float = PATIENCE_S) -> None:
        assert self.program is not None
        self.program.expect(pexpect.EOF, timeout=within_s)
        self.program.close()
        assert self.program.exitstatus == 0

    def _read(self) -> None:
        assert self.program is not None
        try:
            self._stream.feed(self.program.read_nonblocking(65536, timeout=0.2))
        except pexpect.TIMEOUT:
            return


@contextmanager
def top(system: System, folder: Path) -> Iterator[Screen]:
    screen = Screen(system, folder)
    try:
        yield screen
    finally:
        if screen.program is not None:
            screen.program.close(force=True)
