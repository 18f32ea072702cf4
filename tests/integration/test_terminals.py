"""A terminal of its own width plays: Debian's telnet on an emulated screen, as people see it."""

from __future__ import annotations

import shutil

import pexpect
import pyte
import pytest

from everdoor_server.world.starter import ROOMS
from integration.system import HOST, PASSWORD, PATIENCE_S, System, until

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("telnet") is None, reason="needs Debian's telnet client"),
]

ROWS = 50
STEP = next(room.desc for room in ROOMS if room.id == "step")


class Terminal:
    """Debian's telnet in a terminal of some width."""

    def __init__(self, system: System, columns: int, term: str) -> None:
        self.screen = pyte.Screen(columns, ROWS)
        self._stream = pyte.ByteStream(self.screen)
        self._client = pexpect.spawn(
            "telnet",
            [HOST, str(system.port)],
            timeout=PATIENCE_S,
            dimensions=(ROWS, columns),
            env={"TERM": term, "PATH": "/usr/bin:/bin"},
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._client.close(force=True)

    def type(self, line: str) -> None:
        self._client.sendline(line)

    def until_shown(self, text: str) -> list[str]:
        """Wait until a line of the screen holds a text; returns its lines."""

        def shown() -> list[str] | None:
            try:
                self._stream.feed(self._client.read_nonblocking(65536, timeout=0.1))
            except pexpect.TIMEOUT:
                pass
            lines = [line.rstrip() for line in self.screen.display]
            return lines if any(text in line for line in lines) else None

        return until(shown, f"{text!r} is on the screen")


@pytest.mark.parametrize(("columns", "term"), [(40, "vt100"), (60, "xterm-256color")])
def test_room_is_read_without_broken_words_at_the_width_of_the_terminal(
    system: System, columns: int, term: str
) -> None:
    with Terminal(system, columns, term) as terminal:
        terminal.until_shown("leaves.")
        terminal.type(f"connect Ada {PASSWORD}")
        terminal.until_shown("Exits:")
        terminal.screen.reset()
        terminal.type("look")
        lines = terminal.until_shown("You see:")
        first = next(n for n, line in enumerate(lines) if line.startswith("The last house"))
        after = next(n for n, line in enumerate(lines) if line.startswith("Exits:"))
        assert " ".join(lines[first:after]) == STEP
        assert after - first > len(STEP) // columns
        terminal.type("quit")
        terminal.until_shown("Quitting")
