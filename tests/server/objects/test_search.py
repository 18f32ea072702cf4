from __future__ import annotations

import pytest

from everdoor_server.objects import Character, Object, Thing
from everdoor_server.session import ServerSession
from stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def anna(stage: Stage) -> tuple[Object, ServerSession]:
    for key, aliases in (("brass lamp", ["light"]), ("box", []), ("box", []), ("boxer", [])):
        stage.objects.create(Thing, key, location=stage.hall, aliases=aliases)
    return stage.actor()


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("brass lamp", "brass lamp"),
        ("BRASS LAMP", "brass lamp"),
        ("lamp", "brass lamp"),
        ("br la", "brass lamp"),
        ("light", "brass lamp"),
        ("boxer", "boxer"),
        ("me", "Anna"),
        ("self", "Anna"),
        ("here", "Hall"),
        ("hall", "Hall"),
        ("#1", "Hall"),
        ("1-box", "box"),
        ("box-2", "box"),
        ("2-la", None),
        ("mp", None),
        ("lamp brass", None),
        ("", None),
        ("3-box", None),
        ("0-box", None),
        ("#99", None),
    ],
)
def test_search_finds(anna: tuple[Object, ServerSession], typed: str, key: str | None) -> None:
    found = anna[0].search(typed)
    assert (found and found.key) == key


def test_search_by_id_reaches_no_further_than_by_name(
    stage: Stage, anna: tuple[Object, ServerSession]
) -> None:
    bert, _ = stage.actor("Bert", 2)
    key = stage.objects.create(Thing, "key", location=bert)
    assert anna[0].search(key.dbref) is None
    assert anna[0].search(key.dbref, location=stage.hall) is None
    assert bert.search(key.dbref) is key


def test_search_by_id_reaches_everywhere_for_builders_where_no_place_is_given(
    stage: Stage, anna: tuple[Object, ServerSession]
) -> None:
    bert, _ = stage.actor("Bert", 2)
    key = stage.objects.create(Thing, "key", location=bert)
    anna[1].account.permissions.add("Builder")
    assert anna[0].search(key.dbref) is key
    assert anna[0].search(key.dbref, location=stage.hall) is None


def test_search_says_what_it_did_not_find(stage: Stage, anna: tuple[Object, ServerSession]) -> None:
    assert anna[0].search(" sword ") is None
    assert stage.heard(anna[1]) == ["Could not find 'sword'."]


def test_search_lists_what_could_be_meant_with_numbers(
    stage: Stage, anna: tuple[Object, ServerSession]
) -> None:
    stage.objects.create(Thing, "box", location=anna[0], aliases=["crate"])
    assert anna[0].search("box") is None
    assert stage.heard(anna[1]) == [
        "More than one match for 'box' (please narrow target):\n"
        " box-1 [crate] (carried)\n box-2\n box-3"
    ]


def test_search_by_number_takes_the_one_that_was_listed(
    stage: Stage, anna: tuple[Object, ServerSession]
) -> None:
    carried = stage.objects.create(Thing, "box", location=anna[0])
    assert anna[0].search("1-box") is carried
    assert anna[0].search("2-box") is anna[0].search("box", quiet=True)[1]


def test_search_is_silent_when_asked(stage: Stage, anna: tuple[Object, ServerSession]) -> None:
    assert [found.key for found in anna[0].search("box", quiet=True)] == ["box", "box"]
    assert anna[0].search("sword", quiet=True) == []
    assert stage.heard(anna[1]) == []


def test_search_looks_only_where_it_is_told(
    stage: Stage, anna: tuple[Object, ServerSession]
) -> None:
    rose = stage.objects.create(Thing, "rose", location=stage.garden)
    me = anna[0]
    assert me.search("rose", quiet=True) == []
    assert me.search("rose", location=stage.garden) is rose
    assert me.search("rose", global_search=True) is rose
    assert me.search("ro", candidates=[rose]) is rose
    assert me.search("ro", candidates=[rose], exact=True) is None
    assert me.search("rose", candidates=[rose], typeclass=Character) is None
