from __future__ import annotations

from everdoor_server.changes import Changes
from everdoor_server.commit import Change


def test_changes_take_a_row_once_with_its_last_values() -> None:
    changes, values = Changes(), {"value": 1}
    changes.mark("counter", ("object",), lambda: values)
    changes.mark("counter", ("object",), lambda: values)
    values["value"] = 2
    assert changes.take() == [Change("counter", {"name": "object"}, {"value": 2})]


def test_changes_forget_what_was_taken() -> None:
    changes = Changes()
    changes.mark("counter", ("object",), lambda: None)
    changes.take()
    assert changes.take() == []


def test_changes_count_every_change() -> None:
    changes = Changes()
    changes.mark("counter", ("object",), lambda: None)
    changes.mark("counter", ("object",), lambda: None)
    assert changes.count == 2
