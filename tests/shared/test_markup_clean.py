"""What no text may bring to a screen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.markup.clean import clean

TEXT = st.text(st.characters() | st.characters(categories=["Cc", "Cf", "Zl", "Zp"]))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\nb\tc", "a\nb\tc"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x9b31m bell\x07 \x00\x7f\x85", "31m bell "),
        ("\u202eback\u202c \u2066x\u2069", "back x"),
        ("a\u2028b\u2029c", "a b c"),
        ("naïve 你好 👩\u200d🚀 \u05d0\u200f!", "naïve 你好 👩\u200d🚀 \u05d0\u200f!"),
    ],
)
def test_clean_takes_out_what_moves_cursors_and_directions(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(TEXT)
def test_clean_leaves_no_control_character_but_tabs_and_line_ends(text: str) -> None:
    left = {char for char in clean(text) if unicodedata.category(char) == "Cc"}
    assert left <= {"\n", "\t"}


@given(TEXT)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert clean(clean(text)) == clean(text)
