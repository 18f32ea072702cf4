"""Names: what may be one, and which two are the same."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.errors import UserError
from everdoor.names import check_name, name_key, normalise_name


@pytest.mark.parametrize(
    "name",
    [
        "Bob",
        "Anna-Lena O'Neil",
        "d_2.x@host+y",
        "Zoë",
        "Ярослав",
        "Ελένη",
        "山田たろう",
        "김철수",
        "विजय",
        "نور٣",
        "x" * 30,
    ],
)
def test_name_of_letters_digits_and_signs_is_accepted(name: str) -> None:
    assert check_name(name) == unicodedata.normalize("NFKC", name)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "3 to 30 characters, this one has 0"),
        ("ab", "3 to 30 characters, this one has 2"),
        ("x" * 31, "3 to 30 characters, this one has 31"),
        ("   a   ", "this one has 1"),
        ("bob\x00", "U+0000"),
        ("bob\x1b[31m", "U+001B"),
        ("bob\nby", "U+000A"),
        ("bob\u202eevil", "U+202E"),
        ("bob\u200bby", "U+200B"),
        ("bob\u2028by", "U+2028"),
        ("bob\ufeff", "U+FEFF"),
        ("bob|rred", "may not contain '|'"),
        ("bob/..", "may not contain '/'"),
        ("bob😀", "may not contain '😀'"),
        ("bo\u02bcb", "may not contain"),
        ("a" + "\u0316" * 3 + "bc", "accents"),
        ("12345", "at least one letter"),
        ("...", "at least one letter"),
        ("Bоb", "mix letters of Cyrillic and Latin"),
        ("Αnna", "mix letters of Greek and Latin"),
    ],
)
def test_name_that_breaks_a_rule_is_refused_with_that_rule(name: str, told: str) -> None:
    with pytest.raises(UserError) as refused:
        check_name(name)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_name_is_kept_as_spelt_but_for_spaces_and_compatibility_forms() -> None:
    assert check_name("  Ｂｏｂ \u00a0 McGee ") == "Bob McGee"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bob", "bOB"),
        ("Straße", "STRASSE"),
        ("Zoë", "Zoe\u0308"),
        ("ﬁona", "Fiona"),
        ("Bob  McGee", " bob mcgee"),
    ],
)
def test_names_that_read_alike_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@given(st.text(max_size=60))
def test_name_key_is_the_same_however_often_it_is_normalised(text: str) -> None:
    assert name_key(normalise_name(text)) == name_key(text) or "\ufffd" in name_key(text)
    assert normalise_name(normalise_name(text)) == normalise_name(text)


@given(st.text(max_size=200))
def test_name_of_any_text_is_accepted_as_it_will_be_kept_or_refused(text: str) -> None:
    try:
        name = check_name(text)
    except UserError:
        return
    assert check_name(name) == name
    assert name_key(name) == name_key(text)


@given(st.text(max_size=200))
def test_name_key_of_any_text_can_be_asked_of_any_database(text: str) -> None:
    assert "\x00" not in name_key(text)
