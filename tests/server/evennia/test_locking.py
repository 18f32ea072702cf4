"""Evennia's lock strings, as they are written here."""

from __future__ import annotations

import pytest

from everdoor_server.evennia.locking import translate_locks
from everdoor_server.locks import check_locks
from everdoor_server.objects import Object

UIDS = {7: 1234}


def translated(theirs: str, default: str = "") -> tuple[str, list[str]]:
    closed: list[str] = []
    return translate_locks(theirs, default, UIDS, closed.append), closed


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("get:all()", "get:all()"),
        ("puppet:id(18) or pid(7) or perm(Admin)", "puppet:id(18) or pid(1234) or perm(Admin)"),
        ("puppet:PID( #7 )", "puppet:pid(1234)"),
        ("puppet:pid(8) or id(3)", "puppet:false() or id(3)"),
        ("Get : not perm(Player) ;; drop:holds()", "get:not perm(Player);drop:holds()"),
        ("", ""),
        ("get:", ""),
    ],
)
def test_lock_is_kept_with_the_ids_of_here(theirs: str, ours: str) -> None:
    assert translated(theirs) == (ours, [])


def test_what_the_class_locks_the_same_way_is_left_out() -> None:
    theirs = "control:perm(Developer);view:all();get:false();puppet:pperm(Developer)"
    assert translated(theirs, Object.default_locks) == ("get:false()", [])


@pytest.mark.parametrize(
    "theirs", ["attr(strong, 3)", "tag(x, y)", "all(", "all() and", "not", "x" * 5000]
)
def test_lock_that_cannot_be_understood_is_closed(theirs: str) -> None:
    ours, closed = translated(f"get:{theirs};view:all()", "get:all()")
    assert (ours, closed) == ("get:false();view:all()", [f"get:{theirs}"])
    assert not check_locks(ours, object(), "get", default=True)
