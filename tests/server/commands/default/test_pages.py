"""Pages: what accounts tell each other wherever they are."""

from __future__ import annotations

from typing import Any

import pytest

from three import Three


def test_page_reaches_one_and_no_other(three: Three) -> None:
    assert three.anna.type("page bo = hello = you") == 'You page Bo: "hello = you"'
    assert three.bo.read() == 'Anna pages you: "hello = you"'
    assert three.cleo.read() == ""


def test_page_reaches_several_who_see_each_other(three: Three) -> None:
    assert three.anna.type("page Bo, Cleo, bo = hi") == 'You page Bo and Cleo: "hi"'
    assert three.bo.read() == 'Anna pages you and Cleo: "hi"'
    assert three.cleo.read() == 'Anna pages you and Bo: "hi"'


def test_page_out_of_character_and_by_a_characters_name(three: Three) -> None:
    three.bo.type("ooc")
    three.cleo.puppet.key = "Cleopatra"
    three.cleo.read()
    three.anna.type("page Bo, cleopatra = :waves")
    assert three.bo.read() == "Anna pages you and Cleo: Anna waves"
    assert three.cleo.read() == "Anna pages you and Bo: Anna waves"


def test_page_without_names_goes_to_the_last(three: Three) -> None:
    assert three.anna.type("page hi").startswith("Usage: page")
    three.anna.type("page Bo = hi", "page again")
    assert three.bo.read().splitlines() == ['Anna pages you: "hi"', 'Anna pages you: "again"']
    assert three.anna.type("page/last") == "You have paged Bo last."
    assert three.bo.type("page/last") == "You have paged nobody last."


def test_who_is_not_connected_is_not_paged_and_the_others_are(three: Three) -> None:
    three.bo.type("quit")
    told = three.anna.type("page Bo, Cleo = hi").splitlines()
    assert told[-2:] == ["Bo is not connected.", 'You page Cleo: "hi"']
    three.anna.type("page Bo = hi")
    assert three.cleo.type("page").count("Anna pages") == 1


def test_last_pages_are_kept_over_restarts_and_no_more_than_some(three: Three) -> None:
    assert three.bo.type("page") == "You have neither paged anybody nor been paged."
    for number in range(25):
        three.anna.type(f"page Bo = {number}")
    three.bo.type("page Anna = yes")
    three.world.commit()
    three.world.restart()
    lines = three.bo.type("page").splitlines()
    assert lines[0] == "|wYour last pages:|n"
    assert lines[1] == '  Anna pages you: "6"' and len(lines) == 21
    assert lines[-1] == '  You page Anna: "yes"'


def test_account_that_does_not_want_it_is_not_paged(three: Three) -> None:
    bo: Any = three.bo.session.account
    bo.locks.add("msg:none()")
    assert three.anna.type("page Bo = hi") == "You are not allowed to page Bo."
    assert three.bo.read() == ""


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("page Nobody = hi", "There is no account 'Nobody'."),
        ("page Bo =", "Usage: page"),
        ("page = hi", "Usage: page"),
        ("page/loud Bo = hi", "page: no switch /loud; it knows last, list."),
    ],
)
def test_mistake_is_said_in_a_line(three: Three, line: str, told: str) -> None:
    assert told in three.anna.type(line)
    assert three.bo.read() == ""
