from typing import Any

import pytest

from everdoor_portal.telnet.outofband import (
    NOTHING,
    data_of,
    is_name,
    package_of,
    variable_of,
)


@pytest.mark.parametrize(
    ("name", "package", "variable"),
    [
        ("room_info", "Room.Info", "ROOM_INFO"),
        ("char_items_list", "Char.Items.List", "CHAR_ITEMS_LIST"),
        ("vitals", "Core.Vitals", "VITALS"),
        ("logged_in", "Logged.In", "LOGGED_IN"),
        ("Char.Vitals", "Char.Vitals", "CHAR_VITALS"),
        ("char.vitals", "char.vitals", "CHAR_VITALS"),
        ("Room_Info", "Room.Info", "ROOM_INFO"),
        ("roomInfo", "Core.RoomInfo", "ROOMINFO"),
        ("_map", "Core.Map", "_MAP"),
    ],
)
def test_output_is_named_by_one_rule(name: str, package: str, variable: str) -> None:
    assert (package_of(name), variable_of(name)) == (package, variable)


@pytest.mark.parametrize(
    ("args", "options", "data"),
    [
        ([], {}, NOTHING),
        ([5], {}, 5),
        ([None], {}, None),
        ([1, 2], {}, [1, 2]),
        ([], {"hp": 5}, {"hp": 5}),
        ([1], {"hp": 5}, [1, {"hp": 5}]),
        ([1, 2], {"hp": 5}, [[1, 2], {"hp": 5}]),
    ],
)
def test_arguments_and_options_are_one_value(
    args: list[Any], options: dict[str, Any], data: Any
) -> None:
    assert data_of(args, options) == data


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Core.Hello", True), ("a" * 64, True), ("IRE.Rift-2", True), ("_x", True)]
    + [(name, False) for name in ("", "a" * 65, "1a", ".a", "a b", "a\n", "é", "a\x01")],
)
def test_name_is_of_letters_digits_and_few_marks(name: str, expected: bool) -> None:
    assert is_name(name) is expected
