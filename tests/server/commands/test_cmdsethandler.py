"""Which sets an owner carries."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor.errors import UserError
from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.cmdsethandler import CmdSetHandler, CmdSetLibrary, path_of


class Bottom(CmdSet):
    key = "bottom"


class Menu(CmdSet):
    key = "menu"


class Own(CmdSet):
    key = "own"
    own_instance = True


PATHS = {f"{cls.__module__}.{cls.__qualname__}": cls for cls in (Bottom, Menu, Own)}
MENU = f"{Menu.__module__}.Menu"


def load(path: str) -> type[CmdSet]:
    if path not in PATHS:
        raise UserError(f"no command set at {path}")
    return PATHS[path]


def handler(keep: Any = None, owner: Any = None) -> CmdSetHandler:
    made = CmdSetHandler(owner, CmdSetLibrary(load), keep and (lambda _, kept: keep(kept)))
    made.add_default(Bottom, persistent=False)
    return made


def test_added_sets_lie_above_the_default_in_order() -> None:
    sets = handler()
    sets.add(Menu)
    sets.add(Own)
    assert [one.key for one in sets.all()] == ["bottom", "menu", "own"]
    sets.add(Menu)
    assert [one.key for one in sets.all()] == ["bottom", "own", "menu"]


@pytest.mark.parametrize("name", ["menu", MENU, Menu])
def test_set_is_found_and_removed_by_key_path_or_class(name: Any) -> None:
    sets = handler()
    sets.add(MENU)
    assert sets.has(name) and not sets.has(name, must_be_default=True)
    sets.remove(name)
    assert not sets.has(name)


def test_remove_without_a_name_takes_the_topmost_and_never_the_default() -> None:
    sets = handler()
    sets.add(Menu)
    sets.remove()
    sets.remove()
    assert [one.key for one in sets.all()] == ["bottom"]


def test_default_is_removed_by_its_own_name() -> None:
    kept: list[list[str]] = []
    sets = handler(kept.append)
    sets.add_default(Menu)
    sets.add(Own)
    sets.remove_default()
    assert ([one.key for one in sets.all()], kept[-1]) == (["own"], [])


def test_one_instance_serves_all_carriers_unless_the_class_wants_its_own() -> None:
    library, carrier = CmdSetLibrary(load), object()
    assert library.get(Menu) is library.get(MENU)
    assert library.get(Own, carrier) is not library.get(Own, carrier)
    assert library.get(Own, carrier).cmdsetobj is carrier


def test_persistent_sets_are_kept_by_path_and_come_back() -> None:
    kept: list[list[str]] = []
    sets = handler(kept.append)
    sets.add(Menu, persistent=True)
    sets.add(Own)
    assert kept == [["", MENU]]
    restored = handler()
    assert restored.update(kept[-1]) == []
    assert [one.key for one in restored.all()] == ["bottom", "menu"]
    sets.clear()
    assert kept[-1] == []


def test_persistent_default_comes_back_as_the_default() -> None:
    kept: list[list[str]] = []
    handler(kept.append).add_default(Menu)
    restored = handler()
    restored.update(kept[-1])
    assert [one.key for one in restored.all()] == ["menu"]


def test_persistent_set_that_is_gone_is_told_and_others_come_back() -> None:
    sets = handler()
    assert sets.update(["", "gone.CmdSet", MENU]) == ["no command set at gone.CmdSet"]
    assert sets.has("menu")


def test_set_without_a_path_cannot_persist() -> None:
    class Local(CmdSet):
        pass

    with pytest.raises(UserError, match="class of a module"):
        handler().add(Local, persistent=True)


def test_path_names_the_class() -> None:
    assert path_of(Menu()) == MENU
