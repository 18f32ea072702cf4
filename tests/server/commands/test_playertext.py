"""What players type, made safe for others to see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.markup import clean as of_everybody
from everdoor.markup.tags import parse
from everdoor.playertext import clean
from everdoor_server.commands.playertext import inert


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("|rred|n", "|rred|n"),
        ("a|/b|-c", "a||/b||-c"),
        ("|lcgive gold|ltlook|le", "||lcgive gold||ltlook||le"),
        ("a||/b", "a||/b"),
        ("a|||/b", "a||||/b"),
        ("ends |", "ends ||"),
        ("ends ||", "ends ||"),
        ("ends |||", "ends ||||"),
    ],
)
def test_inert_keeps_colours_and_takes_the_rest_literally(typed: str, shown: str) -> None:
    assert inert(typed) == shown


TYPED = st.text(
    st.sampled_from("|/-_>lcute[]rn5#*\u200b\u202e\u2028\u0085\x1b\n\t a") | st.characters()
)
AROUND = st.sampled_from(["", "|n", "/", "-", "lc", "ltlook|le", '"', "|r", " "])


@given(TYPED, AROUND)
def test_what_players_type_forges_no_line_tab_or_link(typed: str, behind: str) -> None:
    runs = parse(f'"{inert(clean(typed))}{behind}')
    shown = "".join(run.text for run in runs)
    assert not {"\n", "\t"} & set(shown)
    assert all(run.link is None for run in runs)


@given(TYPED)
def test_cleaned_text_holds_nothing_that_portals_take_out(typed: str) -> None:
    """Else what is taken out between a bar and a letter would make a tag of them."""
    assert of_everybody.clean(clean(typed)) == clean(typed)
