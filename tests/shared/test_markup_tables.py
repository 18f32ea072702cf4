"""Tables by what is seen of them, and in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.markup.layout import width
from everdoor.markup.tables import Table
from everdoor.markup.tags import parse, plain

CELL = st.text(st.sampled_from("ab  |rn/日本語é"), max_size=30)


def test_table_aligns_what_is_seen() -> None:
    rows = [["Ann", "|yThe Hall"], ["日本", "|lclook|ltDoor|le"], ["x|", ""]]
    assert plain(Table("Name", "Room", rows=rows).text()).split("\n") == [
        "Name  Room",
        "Ann   The Hall",
        "日本  Door",
        "x|",
    ]


def test_columns_are_aligned_as_they_are_told() -> None:
    table = Table("Thing", "Price", "Left", align=("left", "right", "center"))
    table.add_row("lamp", 3, 10)
    table.add_row("rug", 120, 1)
    assert plain(str(table)).split("\n") == [
        "Thing  Price  Left",
        "lamp       3   10",
        "rug      120   1",
    ]


def test_colours_end_with_their_cell() -> None:
    table = Table("A", "B|", rows=[["|rx", "y"]])
    assert str(table) == "|wA|n  |wB|||n\n|rx|n  y"


def test_table_without_rows_is_its_head() -> None:
    assert str(Table("A", "B")) == "|wA|n  |wB|n"
    assert Table("|rA", "B").text(screenreader=True) == "A, B"


def test_cells_that_are_too_long_go_on_below_in_their_colours() -> None:
    table = Table("Who", "Where", rows=[["Anna", "a |rvery long|n place"]])
    assert table.text(16).split("\n") == [
        "|wWho|n   |wWhere|n",
        "Anna  a |rvery|n",
        "      |rlong|n place|n",
    ]


def test_cells_are_cut_where_that_is_wished() -> None:
    rows = [["Anna", "a very long place indeed", "|rred|n"]]
    assert Table("Who", "Where", "How", rows=rows, cut=True).text(24).split("\n") == [
        "|wWho|n   |wWhere|n          |wHow|n",
        "Anna  a very lon...  |rred|n|n",
    ]


def test_table_keeps_a_few_letters_of_everything() -> None:
    table = Table("A", "B", rows=[["abcdefghij", "klmnopqrst"]], cut=True)
    assert table.text(5).split("\n")[1] == "abc...  klm..."


def test_table_is_no_wider_than_it_is_told() -> None:
    table = Table("A", rows=[["one two three"]], columns=7)
    assert table.text(78).split("\n")[1:] == ["one two", "three"]
    assert table.text(5) == table.text(6)


def test_listener_is_told_each_value_with_its_head() -> None:
    table = Table("Who", "Where", "", rows=[["|yAnna", "Hall", "x"], ["Bo", "", ""]])
    assert table.text(screenreader=True) == "Who: |yAnna; Where: Hall; x\nWho: Bo"


class Screen:
    """A session, as far as a table knows."""

    protocol_flags = {"SCREENREADER": False}

    def get_client_size(self) -> tuple[int, int]:
        return (6, 24)


def test_table_is_laid_out_for_who_is_shown_it() -> None:
    screen, table = Screen(), Table("A", rows=[["one two"]])
    assert table.text_for(screen).split("\n")[1:] == ["one", "two"]
    screen.protocol_flags = {"SCREENREADER": True}
    assert table.text_for(screen) == "A: one two"
    assert table.text_for(None).split("\n")[1:] == ["one two"]


def test_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 cells in a row of the table, got 1"):
        Table("A", "B").add_row("x")


@given(st.lists(st.tuples(CELL, CELL), max_size=4), st.integers(14, 40))
def test_no_line_is_wider_than_the_screen_and_no_letter_is_lost(
    rows: list[tuple[str, str]], columns: int
) -> None:
    text = Table("A", "B", rows=rows).text(columns)
    assert width(text) <= columns
    seen = sorted("".join(run.text for run in parse(text)).replace(" ", ""))
    cells = "".join(plain(cell.replace("|/", " ")) for row in rows for cell in row)
    assert seen == sorted("AB" + "".join(cells.split()) + "\n" * text.count("\n"))
