"""The line that a player edits at a terminal, as an emulated terminal shows it."""

from __future__ import annotations

import random

import pyte
import pytest

from everdoor_portal.ssh.editor import MAX_HISTORY_CHARACTERS, EditorEvent, LineEditor
from everdoor_portal.telnet.events import EndOfInput, Line, LineTooLong

WIDTH = 40
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"


class Terminal:
    """An editor and what a player in front of it sees."""

    def __init__(self, max_chars: int = 6000, is_plain: bool = False) -> None:
        self.editor = LineEditor(max_chars, WIDTH, is_plain)
        self.screen = pyte.Screen(WIDTH, 10)
        self._stream = pyte.Stream(self.screen)
        self.sent = 0

    def type(self, *keys: str) -> list[EditorEvent]:
        for each in keys:
            self.editor.receive(each)
        self.look()
        return self.editor.events_received()

    def look(self) -> list[str]:
        data = self.editor.data_to_send()
        self.sent += len(data)
        self._stream.feed(data)
        rows = [row.rstrip() for row in self.screen.display]
        return rows[: self.screen.cursor.y + 1]

    @property
    def column(self) -> int:
        return int(self.screen.cursor.x)


def test_line_is_echoed_and_taken_at_enter() -> None:
    here = Terminal()
    assert here.type("lo", "ok") == []
    assert here.look() == ["look"]
    assert here.type("\r\n") == [Line("look")]
    assert here.look() == ["look", ""]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("look\x7f\x7fve", "love"),
        ("ook\x01l", "look"),
        (f"lok{LEFT}o", "look"),
        (f"xlook{LEFT * 9}\x1b[3~", "look"),
        (f"lok{LEFT}{LEFT}{RIGHT}o", "look"),
        ("say hello\x17bye", "say bye"),
        ("nonsense\x15look", "look"),
        ("look nonsense\x1bb\x0b", "look "),
        ("bell look\x1bb\x0b\x01\x19 ", "look bell "),
        ("a\tb", "a b"),
        ("l\x1b[99~o\x1bOP\x1b[1;5Zok", "look"),
        ("gr\u00fc\u00dfe \u65e5\u672c\x7f", "gr\u00fc\u00dfe \u65e5"),
        ("look\x1b[Hwe \x1b[F!", "we look!"),
    ],
)
def test_keys_edit_the_line(keys: str, line: str) -> None:
    assert Terminal().type(keys + "\r") == [Line(line)]
    assert Terminal().type(*keys, "\r") == [Line(line)]


def test_text_of_the_game_stands_above_the_line_that_is_typed() -> None:
    here = Terminal()
    here.editor.show_prompt("> ")
    here.type("say hel")
    here.editor.show("Bob waves.\n")
    here.type("lo")
    assert here.look() == ["Bob waves.", "> say hello"]


def test_cursor_stands_where_the_next_character_goes() -> None:
    here = Terminal()
    here.editor.show_prompt("\x1b[32m> \x1b[0m")
    here.type("\u65e5\u672c go", LEFT * 3)
    assert here.column == 2 + 4
    assert here.type("!\r") == [Line("\u65e5\u672c! go")]


def test_password_is_neither_shown_nor_remembered() -> None:
    here = Terminal()
    here.editor.show_prompt("Password: ")
    here.editor.hide_input()
    assert here.type("secret\r") == [Line("secret")]
    here.editor.show_input()
    assert here.look() == ["Password:", ""]
    assert here.type(UP, "\r") == [Line("")]
    here.editor.hide_input()
    here.type("secret\x15")
    here.editor.show_input()
    assert here.type("\x19\r") == [Line("")]


def test_line_that_was_typed_before_a_password_is_asked_for_vanishes_from_sight() -> None:
    here = Terminal()
    here.type("sec")
    here.editor.hide_input()
    assert here.look() == [""]
    here.editor.show_input()
    assert here.look() == ["sec"]


def test_history_goes_up_and_down_and_back_to_what_was_begun() -> None:
    here = Terminal()
    here.type("look\r", "look\r", "say hi\r", "beg")
    assert here.type(UP, UP, "\r") == [Line("look")]
    here.type("beg", UP, DOWN)
    assert here.type("in\r") == [Line("begin")]


def test_history_is_bounded() -> None:
    here = Terminal()
    for number in range(30):
        here.type(f"{number}" + "x" * 1000 + "\r")
    assert sum(map(len, here.editor._history)) <= MAX_HISTORY_CHARACTERS


def test_long_line_is_seen_around_the_cursor() -> None:
    here = Terminal()
    here.editor.show_prompt("> ")
    here.type("abcdefghij" * 10)
    assert here.look()[-1].endswith("ij") and len(here.look()[-1]) < WIDTH
    here.type("\x01")
    assert here.look()[-1].startswith("> abc") and here.column == 2


def test_line_over_the_limit_is_refused_whole() -> None:
    here = Terminal(max_chars=10)
    assert here.type("x" * 25 + "\r") == [LineTooLong(25)]
    assert here.type("look\r") == [Line("look")]


def test_end_of_input_is_meant_on_an_empty_line_only() -> None:
    here = Terminal()
    assert here.type("ab\x01\x04\r") == [Line("b")]
    assert here.type("\x04") == [EndOfInput()]


def test_ctrl_c_begins_a_new_line() -> None:
    here = Terminal()
    assert here.type("nonsense\x03look\r") == [Line("look")]


def test_prompt_of_several_rows_keeps_its_last_one() -> None:
    here = Terminal()
    here.editor.show_prompt("Choose:\n1 or 2? ")
    here.type("1")
    assert here.look() == ["Choose:", "1 or 2? 1"]
    here.editor.show_prompt("x" * WIDTH)
    here.type("2")
    assert here.look()[-1] == "12"


def test_terminal_without_control_sequences_is_sent_none() -> None:
    here = Terminal(is_plain=True)
    here.editor.show_prompt("> ")
    here.editor.receive(f"lo{LEFT}")
    here.editor.show("Bob waves.\n")
    here.editor.receive("\x0c")
    sent = here.editor.data_to_send()
    assert "\x1b" not in sent
    here._stream.feed(sent)
    assert here.look() == ["Bob waves.", "> lo"] and here.column == 3


def test_new_width_draws_the_line_anew() -> None:
    here = Terminal()
    here.type("abcdefghij" * 3)
    here.editor.resize(20)
    assert len(here.look()[-1]) <= 20


def test_any_keys_leave_memory_and_drawing_bounded() -> None:
    chance = random.Random(7)
    here = Terminal(max_chars=500)
    keys = ["\x1b", "[", "A", "D", "x" * 50, "\x01", "\x19", "\x0b", "\u65e5", "\x00", "1;", "\x17"]
    for _ in range(2000):
        chunk = "".join(chance.choices(keys, k=50))
        here.editor.receive(chunk)
        here.editor.events_received()
        assert len(here.editor.data_to_send()) < 2 * WIDTH + 20
        assert len(here.editor._line) <= 500
