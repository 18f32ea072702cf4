"""What a client is to be taken for: option, encoding, screenreader."""

from __future__ import annotations

import pytest

from everdoor_server.testing import World


def test_option_lists_what_is_known_of_the_client() -> None:
    anna = World().log_in("Anna")
    anna.session.update_flags(ANSI=True, CLIENTNAME="|rbad", SCREENWIDTH=90)
    lines = anna.type("option").splitlines()
    assert lines[0] == "|wClient settings (telnet):|n"
    assert [line.split() for line in lines[2:]] == [
        ["ANSI", "True"],
        ["CLIENTNAME", "||rbad|n"],
        ["SCREENWIDTH", "90"],
    ]


@pytest.mark.parametrize(
    ("line", "told", "flag"),
    [
        (
            "option NOCOLOR = on",
            "|wNOCOLOR|n was changed from '|wFalse|n' to '|wTrue|n'.",
            True,
        ),
        ("option nocolor = off", "Option |wNOCOLOR|n was kept as '|wFalse|n'.", None),
        ("option SCREENWIDTH = 120", "was changed from '|w80|n' to '|w120|n'.", 120),
        ("option SCREENWIDTH = wide", "|rCould not set option |wSCREENWIDTH|r:|n expected 1", 80),
        ("option SCREENWIDTH = 0", "|rCould not set option", 80),
        ("option ENCODING = latin1", "to '|wiso8859-1|n'.", "iso8859-1"),
        ("option ENCODING = morse", "The encoding '|wmorse|n' is invalid.", None),
        ("option MORSE = on", "|rNo option named '|wMORSE|r'.", None),
        ("option NOCOLOR", "Usage: option [name = [value]]", None),
        ("option/keep", "option: no switch /keep; it knows save, clear.", None),
    ],
)
def test_option_sets_what_will_do(line: str, told: str, flag: object) -> None:
    anna = World().log_in("Anna")
    anna.session.update_flags(SCREENWIDTH=80)
    assert told in anna.type(line)
    name = line.split()[1].upper() if " " in line else ""
    assert anna.session.protocol_flags.get(name) == flag


def test_lines_are_broken_or_not_as_the_player_says_over_what_the_client_tells() -> None:
    anna = World().log_in("Anna")
    assert "kept as '|wFalse|n'" in anna.type("option wrap = off")
    anna.session.update_flags(NAWS=True)
    assert "kept as '|wTrue|n'" in anna.type("option wrap = on")
    anna.type("option wrap = off")
    assert anna.session.protocol_flags["WRAP"] is False


def test_saved_option_holds_at_the_next_login_and_a_cleared_one_does_not() -> None:
    world = World()
    anna = world.log_in("Anna")
    assert "|gSaved option SCREENREADER.|n" in anna.type("option/save SCREENREADER = on")
    anna.type("option/save SCREENWIDTH = 100", "option/clear SCREENWIDTH = 90")
    again = world.log_in("Anna")
    assert again.session.protocol_flags == {"SCREENREADER": True}
    listed = again.type("option")
    assert "Saved" in listed and "|YYes" in listed


def test_all_options_are_saved_and_cleared_at_once() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.session.update_flags(RAW=True, SSL=True)
    assert "|gSaved all options." in anna.type("option/save")
    assert world.log_in("Anna").session.protocol_flags == {"RAW": True}
    assert "|gCleared all saved options." in world.log_in("Anna").type("option/clear")
    assert world.log_in("Anna").session.protocol_flags == {}


@pytest.mark.parametrize(
    ("line", "told", "encoding"),
    [
        ("encoding", "Default encoding: |gutf-8|n (change with |wencoding <encoding>|n)", None),
        (
            "encoding latin-1",
            "Your custom text encoding was changed from '|wutf-8|n' to '|wlatin-1|n'.",
            "iso8859-1",
        ),
        (
            "encode morse",
            "|rThe encoding '|wmorse|r' is invalid. Keeping the previous encoding '|wutf-8|r'.|n",
            None,
        ),
        ("encoding/clear", "Your custom text encoding ('utf-8') was cleared.", "utf-8"),
    ],
)
def test_encoding_before_the_login(line: str, told: str, encoding: str | None) -> None:
    client = World().connect()
    assert client.type(line) == told
    assert client.session.protocol_flags.get("ENCODING") == encoding


def test_screenreader_is_switched_on_and_off_before_the_login() -> None:
    client = World().connect()
    assert client.type("screenreader") == "Screenreader mode turned |won|n."
    assert client.session.protocol_flags["SCREENREADER"] is True
    assert client.type("screenreader") == "Screenreader mode turned |woff|n."
