"""What lock strings let through."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.errors import UserError
from everdoor_server.locks import LockHandler, add_locks, check_locks, has_permission


def who(*permissions: str, superuser: bool = False, id: int = 7) -> Any:
    return SimpleNamespace(id=id, permissions=list(permissions), is_superuser=superuser)


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("all()", True),
        ("none()", False),
        ("not none()", True),
        ("none() or all() and none()", False),
        ("(none() or all()) and all()", True),
        ("not (none() or none())", True),
        ("NOT none() AND true()", True),
        ("pid(7)", True),
        ("pid(#8)", False),
        ("id(7)", False),
        ("perm(Builder)", True),
        ("perm(builders)", True),
        ("perm(Admin)", False),
        ("perm(painters)", True),
        ("perm_above(Builder)", False),
        ("perm_above(Helper)", True),
        ("superuser()", False),
    ],
)
def test_lock_lets_through_what_it_says(expression: str, passes: bool) -> None:
    builder = who("Builder", "painters")
    assert check_locks(f"get:{expression}", builder, "get") is passes


def test_lock_of_another_type_leaves_the_default() -> None:
    assert check_locks("get:none()", who(), "drop", default=True)
    assert not check_locks("get:all()", who(), "drop")


def test_superuser_passes_everything_unless_told_otherwise() -> None:
    boss = who(superuser=True)
    assert check_locks("get:none()", boss, "get")
    assert not check_locks("get:none()", boss, "get", no_superuser_bypass=True)


def test_puppet_has_the_permissions_of_its_account() -> None:
    puppet = SimpleNamespace(id=1, permissions=[], account=who("Admin"), location_id=None)
    npc = SimpleNamespace(id=7, permissions=["Admin"], account=None, location_id=None)
    assert check_locks("boot:pperm(Admin)", puppet, "boot")
    assert not check_locks("boot:pperm(Admin)", npc, "boot")


def test_ids_of_objects_and_of_accounts_are_not_taken_for_each_other() -> None:
    puppet = SimpleNamespace(id=1, account=who(id=7), location_id=None)
    npc = SimpleNamespace(id=7, account=None, location_id=None)
    session = SimpleNamespace(id=7, account=None)
    assert check_locks("puppet:id(1)", puppet, "puppet")
    assert check_locks("puppet:pid(7)", puppet, "puppet")
    assert not check_locks("puppet:id(7)", puppet, "puppet")
    assert check_locks("puppet:id(#7)", npc, "puppet")
    assert not check_locks("puppet:pid(7)", npc, "puppet")
    assert not check_locks("puppet:id(7) or pid(7)", session, "puppet")


def test_holds_and_inside_look_at_places() -> None:
    room, holder = SimpleNamespace(), SimpleNamespace()
    key = SimpleNamespace(key="Brass Key", id=3, location=holder)
    holder.contents, holder.location = [key], room
    assert check_locks("use:holds()", holder, "use", key)
    assert check_locks("open:holds(brass key)", holder, "open")
    assert check_locks("hear:inside()", holder, "hear", room)
    assert not check_locks("open:holds(spoon)", holder, "open")


@pytest.mark.parametrize(
    "locks",
    [
        "get",
        "get:",
        ":all()",
        "get:all",
        "get:open(1)",
        "get:all() none()",
        "get:(all()",
        "get:all() and",
        "get:id(1, 2)",
        "get:__import__('os')",
        "get:" + "(" * 5000,
    ],
)
def test_bad_lock_is_refused_with_one_line(locks: str) -> None:
    with pytest.raises(UserError) as refused:
        add_locks("", locks)
    assert "\n" not in str(refused.value)


@given(st.text("()andortperm:; '#1", max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        add_locks("", text)
    except UserError:
        pass


@pytest.mark.parametrize("mark", ["(", "not "])
def test_expression_too_deep_to_read_is_refused(mark: str) -> None:
    with pytest.raises(UserError, match="inside each other"):
        add_locks("", "get:" + mark * 600 + "all()")


def test_handler_adds_replaces_and_removes() -> None:
    thing: Any = SimpleNamespace(lock_storage="get:all()")
    locks = LockHandler(thing)
    locks.add("get:none();drop:all()")
    assert thing.lock_storage == "get:none();drop:all()"
    locks.remove("get")
    assert locks.all() == ["drop:all()"]
    assert locks.get("drop") == "drop:all()" and locks.get("get") == ""
    assert locks.check(who(), "drop")


def test_hierarchy_includes_what_is_below() -> None:
    assert has_permission(["Developer"], "Guest")
    assert not has_permission(["Guest"], "Player")
