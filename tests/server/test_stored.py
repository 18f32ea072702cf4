"""Objects, accounts, channels and scripts are stored when a column of theirs is set."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.objects import Thing
from everdoor_server.stored import Locked
from everdoor_server.testing import World


class Lamp(Locked):
    stored_columns = frozenset({"key", "lock_storage"})

    def __init__(self) -> None:
        self.touched = 0
        self.__dict__.update(key="lamp", lock_storage="get:all()")

    def touch(self) -> None:
        self.__dict__["touched"] += 1


@pytest.mark.parametrize(("name", "times"), [("key", 1), ("lock_storage", 1), ("glow", 0)])
def test_setting_a_column_is_noted_and_nothing_else(name: str, times: int) -> None:
    lamp = Lamp()
    setattr(lamp, name, "drop:false()")
    assert lamp.touched == times


BAD = pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        (5, TypeError, "expected a text, got 5"),
        (None, TypeError, "expected a text, got None"),
        (["lamp"], TypeError, "expected a text"),
        ("la\0mp", ValueError, "no database can hold"),
        ("lamp\ud800", ValueError, "no database can hold"),
    ],
)


@BAD
def test_text_that_no_database_could_hold_is_refused(
    text: Any, error: type[Exception], told: str
) -> None:
    lamp = Lamp()
    for name in ("key", "lock_storage"):
        with pytest.raises(error, match=f"{name}: {told}"):
            setattr(lamp, name, text)
    assert (lamp.key, lamp.touched) == ("lamp", 0)


@BAD
def test_names_about_an_object_that_no_database_could_hold_are_refused(
    text: Any, error: type[Exception], told: str
) -> None:
    objects = World().game.objects
    with pytest.raises(error, match=f"key: {told}"):
        objects.create(Thing, text)
    lamp = objects.create(Thing, "lamp")
    with pytest.raises(error, match=f"attribute: {told}"):
        lamp.attributes.add(text, 1)
    with pytest.raises(error, match=f"tag: {told}"):
        lamp.tags.add([text])
    with pytest.raises(error, match=f"category: {told}"):
        lamp.tags.add("bright", text)


def test_locks_are_asked_and_a_change_of_them_is_noted() -> None:
    lamp = Lamp()
    assert lamp.access(None, "get") and not lamp.access(None, "drop")
    assert lamp.access(None, "drop", default=True)
    lamp.locks.add("get:false()")
    assert (lamp.access(None, "get"), lamp.touched) == (False, 1)


def test_what_is_stored_is_written_as_its_key() -> None:
    assert str(Lamp()) == "lamp"
