from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from everdoor_server.objects import Object, Thing
from stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


def kept(stage: Stage, value: Any) -> Any:
    """What an attribute holds after the world was written and read again."""
    thing = stage.objects.create(Thing, "thing")
    thing.db.value = value
    return read_again(stage, thing).db.value


def read_again(stage: Stage, obj: Object) -> Object:
    stage.commit()
    stage.restart()
    found = stage.objects.get(obj.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**63 - 1,
        -1.5,
        float("inf"),
        "text with a \x00 and \U0001f511",
        b"bytes",
        [1, [2, {"three": (4, 5)}]],
        {1: "one", (1, 2): "pair", None: {}},
        {"!object": 1, "!": 2},
        {1, 2, "three"},
        frozenset({1}),
        (),
    ],
)
def test_attribute_is_the_same_after_a_restart(stage: Stage, value: Any) -> None:
    assert kept(stage, value) == value


def test_attribute_of_an_object_is_the_same_object_after_a_restart(stage: Stage) -> None:
    found = kept(stage, {"where": [stage.hall]})
    assert found["where"][0] is stage.objects.get(stage.hall.id)


def test_attribute_of_an_object_that_is_gone_is_none(stage: Stage) -> None:
    thing, other = (stage.objects.create(Thing, name) for name in ("thing", "other"))
    thing.db.other = other
    stage.commit()
    other.delete()
    assert read_again(stage, thing).db.other is None


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["list"].append(3),
        lambda v: v["list"].insert(0, 3),
        lambda v: v["list"].extend([3]),
        lambda v: v["list"].__iadd__([3]),
        lambda v: v["list"].__imul__(2),
        lambda v: v["list"].pop(),
        lambda v: v["list"].remove(1),
        lambda v: v["list"].reverse(),
        lambda v: v["list"].sort(reverse=True),
        lambda v: v["list"].clear(),
        lambda v: v["list"].__setitem__(0, {}),
        lambda v: v["list"].__setitem__(slice(0, 1), [7, 8]),
        lambda v: v["list"].__delitem__(0),
        lambda v: v.__setitem__("new", 1),
        lambda v: v.update(new=1),
        lambda v: v.__ior__({"new": 1}),
        lambda v: v.setdefault("new", []).append(1),
        lambda v: v.pop("list"),
        lambda v: v.popitem(),
        lambda v: v.clear(),
        lambda v: v.__delitem__("list"),
        lambda v: v["set"].add(3),
        lambda v: v["set"].discard(1),
        lambda v: v["set"].remove(1),
        lambda v: v["set"].pop(),
        lambda v: v["set"].clear(),
        lambda v: v["set"].update({3}),
        lambda v: v["set"].__ior__({3}),
        lambda v: v["set"].__iand__({1}),
        lambda v: v["set"].__isub__({1}),
        lambda v: v["set"].__ixor__({1}),
        lambda v: v["tuple"][0].append(3),
    ],
)
def test_attribute_keeps_a_change_inside_of_it(
    stage: Stage, change: Callable[[Any], object]
) -> None:
    thing = stage.objects.create(Thing, "thing")
    thing.db.value = {"list": [1, 2], "set": {1, 2}, "tuple": ([1],)}
    again = read_again(stage, thing)
    change(again.db.value)
    changed = copy.deepcopy(again.db.value)
    assert changed != {"list": [1, 2], "set": {1, 2}, "tuple": ([1],)}
    assert read_again(stage, again).db.value == changed


def test_attribute_does_not_share_what_it_was_given(stage: Stage) -> None:
    given = [1]
    thing = stage.objects.create(Thing, "thing")
    thing.db.value = given
    given.append(2)
    assert thing.db.value == [1]


@pytest.mark.parametrize("value", [object(), 2**63, "\ud800", [{"deep": print}], {object(): 1}])
def test_attribute_refuses_what_cannot_be_stored_and_keeps_the_old(
    stage: Stage, value: Any
) -> None:
    thing = stage.objects.create(Thing, "thing")
    thing.db.value = "old"
    with pytest.raises(TypeError, match="an attribute holds"):
        thing.db.value = value
    assert thing.db.value == "old"


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["list"].append(print),
        lambda v: v.update(x=print),
        lambda v: v["set"].add(print),
        lambda v: v["set"].update({print}),
        lambda v: v.__setitem__(print, 1),
    ],
)
def test_attribute_refuses_inside_of_it_what_cannot_be_stored(
    stage: Stage, change: Callable[[Any], object]
) -> None:
    thing = stage.objects.create(Thing, "thing")
    thing.db.value = {"list": [], "set": set()}
    with pytest.raises(TypeError, match="an attribute holds"):
        change(thing.db.value)
    assert thing.db.value == {"list": [], "set": set()}


def test_attribute_never_set_is_none(stage: Stage) -> None:
    assert stage.hall.db.missing is None
    assert stage.hall.ndb.missing is None
    assert stage.hall.attributes.get("missing", 7) == 7


def test_attribute_removed_is_gone_after_a_restart(stage: Stage) -> None:
    stage.commit()
    del stage.hall.db.desc
    again = read_again(stage, stage.hall)
    assert not again.attributes.has("desc")


def test_attribute_that_was_only_read_is_not_written(stage: Stage) -> None:
    hall = read_again(stage, stage.hall)
    assert hall.db.desc == "A hall."
    assert hall.attributes.all() == {"desc": "A hall."}
    assert not stage.changes
