"""Passwords that are refused, and those that are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.errors import UserError
from everdoor_auth.password_rules import check_password, prepare_password
from everdoor_auth.passwords import load_common_passwords

COMMON = load_common_passwords()


@pytest.mark.parametrize(
    "password",
    [
        "tall grey lighthouse",
        "xK9#mQ2p",
        "correct horse battery staple",
        "dragonflies sing",
        "Österreich 42 mal",
        "bob and alice eat",
    ],
)
def test_password_that_nobody_guesses_is_accepted(password: str) -> None:
    check_password(password, "Bob", COMMON)


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("", "this one has 0"),
        ("xK9#mQ2", "at least 8 characters, this one has 7"),
        ("8264019375", "numbers only"),
        ("8264 0193", "numbers only"),
        ("٨٢٦٤٠١٩٣", "numbers only"),
        ("password", "first that anybody would guess"),
        ("PassWord", "first that anybody would guess"),
        ("P@ssw0rd!", "first that anybody would guess"),
        ("Dragon2024", "first that anybody would guess"),
        ("!!iloveyou", "first that anybody would guess"),
        ("aaaaaaaaaa", "first that anybody would guess"),
        ("abcabcabc", "first that anybody would guess"),
        ("qwertyuio", "first that anybody would guess"),
        ("hgfedcba", "first that anybody would guess"),
        ("Grimbold", "too much like the name"),
        ("grimbold99", "too much like the name"),
        ("dlobmirg7", "too much like the name"),
        ("gr1mbold", "too much like the name"),
    ],
)
def test_password_that_is_easy_to_guess_is_refused(password: str, told: str) -> None:
    with pytest.raises(UserError) as refused:
        check_password(password, "Grimbold", COMMON)
    assert told in str(refused.value)


@given(st.text(max_size=40), st.text(max_size=30))
def test_password_refusal_never_repeats_the_password(password: str, name: str) -> None:
    try:
        check_password(prepare_password(password), name, COMMON)
    except UserError as refused:
        assert len(password) < 4 or password not in str(refused)


def test_password_is_one_however_a_keyboard_composes_it() -> None:
    assert prepare_password("Zoe\u0308 sings") == prepare_password("Zo\u00eb sings")


def test_common_passwords_are_lower_case_and_many() -> None:
    assert len(COMMON) > 1000
    assert all(word == word.casefold() for word in COMMON)
