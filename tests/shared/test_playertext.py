"""What players type, made safe for others to see."""

from __future__ import annotations

from everdoor.playertext import clean


def test_clean_takes_out_what_forges_lines_and_directions() -> None:
    assert clean("a\x1b[31mb\x07\x9bc\u202ed\u2066e\r\nf\tg") == "a[31mbcde  f g"


def test_clean_leaves_every_script_alone() -> None:
    assert clean("naïve 你好 👩\u200d🚀") == "naïve 你好 👩\u200d🚀"
