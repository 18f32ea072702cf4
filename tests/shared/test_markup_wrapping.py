"""Long lines broken between words, whatever colours and links are in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.markup.clean import clean
from everdoor.markup.layout import cells_of
from everdoor.markup.tags import Run, parse
from everdoor.markup.wrapping import widest, wrap_runs

LETTERS = st.sampled_from("ab  \t\n|rn[/日本語。e\u0301é\u200d👩")
TEXTS = st.text(LETTERS | st.characters(), max_size=80)


def wrapped(text: str, columns: int) -> list[str]:
    return "".join([run.text for run in wrap_runs(parse(text), columns)]).split("\n")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("exactly ten", ["exactly", "ten"]),
        ("ten cells.", ["ten cells."]),
        ("one two three four", ["one two", "three four"]),
        ("one|/two three four", ["one", "two three", "four"]),
        ("|rone two |bthree|n four", ["one two", "three four"]),
        ("|rab|bcdefg|gh ij", ["abcdefgh", "ij"]),
        ("abcdefghijklm no", ["abcdefghij", "klm no"]),
        ("a abcdefghijklm", ["a", "abcdefghij", "klm"]),
        ("  indented words go on", ["  indented", "  words go", "  on"]),
        ("a  b    c  d e f", ["a  b    c", "d e f"]),
        ("trailing        ", ["trailing"]),
        ("           ", ["           "]),
        ("", [""]),
        ("a\tb c d e f", ["a\tb", "c d e f"]),
        ("日本語を話します。", ["日本語を話", "します。"]),
        ("日本語を話。します", ["日本語を", "話。します"]),
        ("ab 日本語を話", ["ab 日本語", "を話"]),
        ("cafe\u0301 cafe\u0301", ["cafe\u0301 cafe\u0301"]),
        ("👩‍👩‍👧 👩‍👩‍👧 👩‍👩‍👧 x", ["👩‍👩‍👧 👩‍👩‍👧 👩‍👩‍👧 x"]),
        ("go |lclook|lta b c d|le", ["go a b c d"]),
        ("goes |lclook|lta b c d|le on", ["goes", "a b c d on"]),
        ("|lclook|ltan endless link|le", ["an endless", "link"]),
    ],
)
def test_lines_are_broken_between_words(text: str, lines: list[str]) -> None:
    assert wrapped(text, 10) == lines


def test_line_that_fits_stays_as_it_was_drawn() -> None:
    drawn = "+--------+\n|| .  .. ||\n+--------+"
    assert wrapped(drawn, 10) == drawn.replace("||", "|").split("\n")


def test_colours_and_links_go_on_in_the_next_line() -> None:
    runs = wrap_runs(parse("|rone two three|n"), 8)
    assert [run.text for run in runs if run.text.strip()] == ["one", "two", "three"]
    assert {run.style for run in runs} == {parse("|rx")[0].style}
    linked = wrap_runs(parse("|lclook|ltan endless link|le"), 10)
    assert [(run.text, run.link is not None) for run in linked if run.text == "\n"] == [
        ("\n", False)
    ]
    assert len({run.link for run in linked if run.text != "\n"}) == 1


def test_indent_that_leaves_no_room_is_for_the_first_line_alone() -> None:
    assert wrapped("        one two", 10) == ["        ", "one two"]


def test_line_is_set_in_where_it_goes_on() -> None:
    runs = wrap_runs(parse("  one two three four"), 10, hanging=2)
    assert "".join([run.text for run in runs]) == "  one two\n    three\n    four"


def test_widest_line_is_measured_in_cells() -> None:
    assert widest(parse("|rab|n\n日本語\nabc")) == 6


@given(TEXTS, st.integers(2, 30))
def test_no_line_is_too_long_and_no_word_is_lost(text: str, columns: int) -> None:
    runs = [Run(clean(text))]
    after = "".join([run.text for run in wrap_runs(runs, columns)])
    assert "".join(after.split()) == "".join(clean(text).split())
    for line in after.split("\n"):
        assert cells_of(line.strip(" \t").expandtabs(8)) <= columns or "\t" in line


@given(TEXTS, st.integers(2, 30))
def test_text_that_is_broken_already_stays(text: str, columns: int) -> None:
    once = wrap_runs(parse(clean(text).replace("\t", " ")), columns)
    if widest(once) <= columns:
        assert "".join([run.text for run in wrap_runs(once, columns)]) == "".join(
            [run.text for run in once]
        )
