"""What a terminal can do, as protocol flags."""

from __future__ import annotations

import pytest

from everdoor_portal.ssh.terminal import flags_of, is_plain, size_flags
from everdoor_portal.telnet.connection import DEFAULT_FLAGS


@pytest.mark.parametrize(
    ("term", "colorterm", "colours"),
    [
        ("xterm-256color", "", (True, True, False)),
        ("xterm-256color", "truecolor", (True, True, True)),
        ("xterm", "", (True, False, False)),
        ("strange", "", (True, False, False)),
        ("dumb", "", (False, False, False)),
        (None, "truecolor", (False, False, False)),
    ],
)
def test_flags_tell_colours(
    term: str | None, colorterm: str, colours: tuple[bool, bool, bool]
) -> None:
    flags = flags_of("SSH-2.0-OpenSSH_9.2p1", term, colorterm)
    assert (flags["ANSI"], flags["XTERM256"], flags["TRUECOLOR"]) == colours
    assert set(flags) == set(DEFAULT_FLAGS)


def test_flags_name_client_and_terminal_in_bounds() -> None:
    flags = flags_of("SSH-2.0-PuTTY_Release\x1b", "xterm\n" + "x" * 999)
    assert flags["CLIENTNAME"] == "PuTTY_Release"
    assert str(flags["TERM"]).startswith("xtermxx") and len(str(flags["TERM"])) == 64


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((120, 40), (120, 40, True)),
        ((0, 0), (78, 45, False)),
        ((1, 1), (10, 1, True)),
        ((2**32 - 1, 2**32 - 1), (1000, 1000, True)),
    ],
)
def test_size_is_bounded(size: tuple[int, int], expected: tuple[int, int, bool]) -> None:
    assert tuple(size_flags(*size).values()) == expected


def test_dumb_terminal_is_sent_no_control_sequences() -> None:
    assert is_plain("dumb") and not is_plain("xterm") and not is_plain("strange")
