"""Objects, accounts, channels and scripts are stored when a column of theirs is set."""

from __future__ import annotations

import pytest

from everdoor_server.stored import Locked


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


def test_locks_are_asked_and_a_change_of_them_is_noted() -> None:
    lamp = Lamp()
    assert lamp.access(None, "get") and not lamp.access(None, "drop")
    assert lamp.access(None, "drop", default=True)
    lamp.locks.add("get:false()")
    assert (lamp.access(None, "get"), lamp.touched) == (False, 1)


def test_what_is_stored_is_written_as_its_key() -> None:
    assert str(Lamp()) == "lamp"
