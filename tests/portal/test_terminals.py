"""What people see: the game's outputs, rendered as their portal does, on a terminal emulator."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pyte
import pytest

from everdoor_portal.render.kinds import kind_of
from everdoor_portal.render.renderer import Renderer, render_output
from everdoor_portal.telnet.connection import DEFAULT_FLAGS
from everdoor_portal.telnet.encode import encode_text
from everdoor_server.testing import Client, World

DUMB: dict[str, Any] = {"ANSI": False}
ANSI: dict[str, Any] = {}
XTERM256: dict[str, Any] = {"XTERM256": True}
TRUECOLOR: dict[str, Any] = {"TRUECOLOR": True}
LISTENED_TO: dict[str, Any] = {"SCREENREADER": True, "TRUECOLOR": True}


class Terminal:
    """A terminal that says how wide it is, in front of somebody.

    Attributes:
        sent: All bytes that came.
    """

    def __init__(self, columns: int, flags: dict[str, Any], tells: bool = True) -> None:
        self.kind = kind_of({**DEFAULT_FLAGS, "NAWS": tells, "SCREENWIDTH": columns, **flags})
        self.screen = pyte.Screen(columns, 60)
        self.sent = b""
        self._stream = pyte.ByteStream(self.screen)
        self._renderer = Renderer(encode_text)

    def show(self, text: str, **options: Any) -> list[str]:
        """Show an output; returns the lines of the screen that hold something."""
        data = self._renderer.encoded([text], options, self.kind, "utf-8")
        self.sent += data
        self._stream.feed(data)
        return self.lines()

    def lines(self) -> list[str]:
        """What is seen; a wide character fills two cells, the second of which holds nothing."""
        shown = [line.rstrip() for line in self.screen.display]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    def colour_of(self, word: str) -> tuple[str, bool]:
        for row, line in enumerate(self.screen.display):
            if word in line:
                cell = self.screen.buffer[row][line.index(word)]
                return cell.fg, cell.bold
        raise AssertionError(f"{word!r} is not on the screen: {self.lines()}")


LINE = "A |rred|n, a |520rusty|n and a |#12ab34green|n door."

SEEN = [
    (DUMB, {"red": ("default", False), "rusty": ("default", False), "green": ("default", False)}),
    (ANSI, {"red": ("red", True), "rusty": ("brown", False), "green": ("green", False)}),
    (XTERM256, {"red": ("ff0000", True), "rusty": ("ff8700", False), "green": ("00af5f", False)}),
    (TRUECOLOR, {"red": ("ff0000", True), "rusty": ("ff8700", False), "green": ("12ab34", False)}),
    (LISTENED_TO, {"red": ("default", False), "green": ("default", False)}),
]


@pytest.mark.parametrize(("flags", "colours"), SEEN, ids=["dumb", "ansi", "256", "24 bits", "ears"])
def test_line_is_the_same_on_every_terminal_in_the_colours_it_has(
    flags: dict[str, Any], colours: dict[str, tuple[str, bool]]
) -> None:
    terminal = Terminal(78, flags)
    assert terminal.show(LINE) == ["A red, a rusty and a green door."]
    assert {word: terminal.colour_of(word) for word in colours} == colours


PROSE = (
    "The |rlast house|n of the town leans |ubehind|n the lane as if to look at whoever is coming. "
    "Its |#ff8800front door|n stands open, as it |300always|n has; café, 日本語, naïve |bé|n. "
) * 3
READ = re.sub(r"\|(?:#\w{6}|\d{3}|\w)", "", PROSE).split()


@pytest.mark.parametrize("flags", [DUMB, ANSI, XTERM256, TRUECOLOR], ids=str)
@pytest.mark.parametrize("columns", [20, 39, 40, 78, 80, 132])
def test_no_word_is_broken_at_any_width(columns: int, flags: dict[str, Any]) -> None:
    lines = Terminal(columns, flags).show(PROSE)
    # pyte keeps an empty cell behind each wide character.
    words = " ".join(lines).replace("\0", "").split()
    assert "".join(words) == "".join(READ)
    assert set(words) >= set(READ) - {"日本語,"}
    # As full as can be: the first word of a line would not have fitted behind the one before.
    for line, after in zip(lines, lines[1:], strict=False):
        assert len(line) + 1 + len(after.split()[0]) > columns - 3


def test_who_does_not_tell_how_wide_gets_lines_as_they_are() -> None:
    for terminal in (Terminal(40, ANSI, tells=False), Terminal(40, {"WRAP": False})):
        terminal.show(PROSE)
        assert terminal.sent.count(b"\r\n") == 1


def test_player_may_have_lines_broken_whatever_the_client_tells() -> None:
    terminal = Terminal(40, {"WRAP": True}, tells=False)
    terminal.show(PROSE)
    assert terminal.sent.count(b"\r\n") > 5


def test_screen_reader_gets_no_line_ends_but_those_of_the_text() -> None:
    terminal = Terminal(40, LISTENED_TO)
    terminal.show(PROSE)
    assert terminal.sent.count(b"\r\n") == 1
    assert b"\x1b" not in terminal.sent


def test_drawing_is_not_broken_where_the_game_says_so() -> None:
    drawing = f"+{'-' * 50}+"
    terminal = Terminal(40, ANSI)
    terminal.show(drawing, wrap=False)
    assert drawing.encode() in terminal.sent


def test_link_is_whole_or_closed_at_the_end_of_each_line() -> None:
    text = "one two |lclook|ltthree four|le five |lcgo far|ltan endless link that goes on|le six"
    terminal = Terminal(16, {"MXP": True})
    terminal.show(text)
    lines = terminal.sent.decode().split("\r\n")
    assert '\x1b[4z<SEND HREF="look">three four\x1b[4z</SEND>' in lines[1]
    assert all(line.count("<SEND ") == line.count("</SEND>") for line in lines)
    assert sum(line.count('"go far"') for line in lines) > 1


def test_clients_of_many_widths_share_what_fits_them_all() -> None:
    encoded: list[str] = []

    def encode(text: str, encoding: str) -> bytes:
        encoded.append(text)
        return text.encode()

    renderer, args = Renderer(encode), ["A short line."]
    options: dict[str, Any] = {}
    for columns in (40, 78, 80, 120):
        renderer.encoded(args, options, Terminal(columns, ANSI).kind, "utf-8")
    assert len(encoded) == 1
    renderer.encoded(args, options, Terminal(10, ANSI).kind, "utf-8")
    assert encoded[1:] == ["A short\nline.\n"]


class Scene(NamedTuple):
    anna: Client
    bo: Client


@pytest.fixture
def scene() -> Scene:
    world = World()
    anna, bo = world.log_in("Anna"), world.log_in("Bo")
    account: Any = anna.session.account
    account.permissions.add("Builder")
    return Scene(anna, bo)


FORGED = (
    'hi\x1b[2J\x1b[31m\x9b2J\x07|/Bo says, "I give up"|-|lcquit|ltclick|le\rBo says\u2028x\u202e|'
)


@pytest.mark.parametrize(
    "lines",
    [
        [f"say {FORGED}"],
        [f":{FORGED}"],
        [f"whisper Bo = {FORGED}"],
        [f"page Bo = {FORGED}"],
        [f"page Bo = :{FORGED}"],
        [f"pub {FORGED}"],
        [f"pub :{FORGED}"],
        [f"setdesc {FORGED}"],
        [f"create/drop {FORGED.replace(';', '').replace(',', '')[:60]}"],
        ["create/drop lamp", f"name lamp = {FORGED[:60]}", "tel #3 = me", "give #3 to Bo"],
    ],
    ids=lambda lines: lines[0].split()[0],
)
def test_what_players_type_stays_text_on_the_screens_of_others(
    scene: Scene, lines: list[str]
) -> None:
    scene.bo.read()
    shown_before = len(scene.bo.shown)
    scene.anna.type(*lines)
    scene.bo.type("look Anna", "look")
    terminal = Terminal(60, {"MXP": True, "TRUECOLOR": True})
    terminal.show("What was here before.")
    for output in scene.bo.shown[shown_before:]:
        text = render_output(output.args, output.options, terminal.kind)
        assert not re.search(r"\x1b(?!\[0[;\d]*m|\[4z)|[\x00-\x09\x0b-\x1a\x7f-\x9f\u202e]", text)
        terminal.show(output.args[0], **output.options)
    assert terminal.lines()[0] == "What was here before."
    assert not [line for line in terminal.lines() if line.startswith("Bo says")]
    assert b'HREF="quit"' not in terminal.sent


def test_long_speech_cannot_be_made_to_look_like_anothers(scene: Scene) -> None:
    for width in (40, 60, 78):
        terminal = Terminal(width, ANSI)
        for padding in range(width):
            before = len(scene.bo.shown)
            scene.anna.type(f'say {"x" * padding} Bo says, "I give up"')
            (output,) = scene.bo.shown[before:]
            terminal.screen.reset()
            lines = terminal.show(output.args[0], **output.options)
            assert not [line for line in lines if line.startswith("Bo says")]
