"""Attributes, tags and locks by command; examine and find."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.testing import Client


@pytest.fixture
def lamp(builder: Client) -> Any:
    builder.type("create lamp")
    (thing,) = builder.puppet.contents
    return thing


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("3", 3),
        ("-0.5", -0.5),
        ("True", True),
        ("bright", "bright"),
        ("a = b", "a = b"),
        ('"3"', "3"),
        ('["Anna", 2]', ["Anna", 2]),
        ("{'oil': 3}", {"oil": 3}),
        ("(" * 3000, "(" * 3000),
        ("__import__('os')", "__import__('os')"),
    ],
)
def test_set_keeps_values_as_they_are_spelled(
    builder: Client, lamp: Any, typed: str, value: object
) -> None:
    builder.type(f"set lamp/oil = {typed}")
    assert lamp.db.oil == value


def test_set_shows_clears_and_names_objects(builder: Client, lamp: Any) -> None:
    assert builder.type("set lamp/oil = 3") == "lamp(#3)/oil = 3"
    assert builder.type("set lamp/oil") == "lamp(#3)/oil = 3"
    assert builder.type("set lamp/oil =") == "lamp(#3) has no attribute 'oil' any more."
    assert builder.type("set lamp/oil") == "lamp(#3) has no attribute 'oil'."
    assert builder.type("set lamp/owner = #2") == "lamp(#3)/owner = Bea(#2)"
    assert lamp.db.owner is builder.puppet


def test_tags_are_added_shown_and_taken_away(builder: Client, lamp: Any) -> None:
    builder.type("tag lamp = bright")
    assert builder.type("tag lamp = oil:fuel") == "Tags of lamp(#3): bright, oil:fuel."
    assert "lamp(#3) in Bea(#2)" in builder.type("find/tag oil:fuel")
    assert builder.type("tag/del lamp = bright") == "Tags of lamp(#3): oil:fuel."
    assert lamp.tags.has("oil", "fuel")


def test_locks_are_added_and_taken_away(builder: Client, lamp: Any) -> None:
    assert "get:false()" in builder.type("lock lamp = get:false()")
    assert not lamp.access(None, "get")
    builder.type("lock/del lamp = get")
    assert lamp.access(None, "get", default=True)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("set", "Usage: set"),
        ("set lamp", "Usage: set"),
        ("set lamp/a|b = 3", "The name of an attribute is letters"),
        ("set lamp/oil = #99", "There is no object #99."),
        ("set here/oil = 3", "You may not edit Limbo(#1)."),
        ("tag", "Usage: tag"),
        ("tag lamp = :fuel", "A tag is missing before the colon."),
        ("tag/del lamp = dim", "lamp(#3) has no tag 'dim'."),
        ("lock", "Usage: lock"),
        ("lock here = get:all()", "You may not control Limbo(#1)."),
        ("lock lamp = get", "expected `type:expression`"),
        ("lock lamp = get:wish()", "no lock function 'wish'"),
        ("examine moon", "Could not find 'moon'."),
        ("find", "Usage: find"),
        ("find moon", "Nothing is called 'moon'."),
        ("find #99", "Nothing is called '#99'."),
    ],
)
def test_mistake_is_said_in_a_line(builder: Client, lamp: Any, line: str, told: str) -> None:
    shown = builder.type(line)
    assert told in shown and "\n" not in shown


def test_examine_tells_all_of_a_thing_and_its_markup_as_it_is_written(
    builder: Client, lamp: Any
) -> None:
    builder.type("alias lamp = light", "tag lamp = bright", "set lamp/glow = |rred|n")
    shown = builder.type("examine lamp")
    for part in (
        "|wName|n: lamp(#3)",
        "|wAliases|n: light",
        "|wClass|n: everdoor_server.objects.Thing",
        "|wLocation|n: Bea(#2)",
        "|wHome|n: Limbo(#1)",
        "|wTags|n: bright",
        "delete:pid(1) or perm(Admin)",
        "  glow = '||rred||n'",
    ):
        assert part in shown
    assert builder.type("ex lamp/glow") == "lamp(#3)/glow: '||rred||n'"


def test_examine_tells_what_is_in_a_place_and_who_plays(builder: Client) -> None:
    builder.type("tunnel n = House")
    shown = builder.type("examine")
    assert "|wExits|n:\n  north(#4) to House(#3)" in shown
    assert "|wContents|n:\n  Bea(#2)" in shown
    assert "|wPlayed by|n: Bea in session 1" in builder.type("examine me")


def test_find_tells_where_things_are(builder: Client) -> None:
    builder.type("create lamp", "create/drop lamp")
    assert builder.type("find LAMP").splitlines() == [
        "2 found:",
        "  lamp(#3) in Bea(#2)",
        "  lamp(#4) in Limbo(#1)",
    ]
