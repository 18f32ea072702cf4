from typing import Any

import pytest

from everdoor_portal.telnet.outofband import (
    NOTHING,
    call_of,
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
        ("char_statusvars", "Char.StatusVars", "CHAR_STATUSVARS"),
        ("get_value", "Char.Value.Get", "GET_VALUE"),
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


@pytest.mark.parametrize(
    ("protocol", "name", "data", "call"),
    [
        ("GMCP", "Room.Info", None, ("room_info", [], {})),
        ("GMCP", "Core.Echo", "hi", ("echo", ["hi"], {})),
        ("GMCP", "Char.Login.Credentials", {"a": 1}, ("char_login_credentials", [], {"a": 1})),
        ("GMCP", "char.value.get", {"name": "x"}, ("get_value", [], {"name": "x"})),
        ("GMCP", "List", [1, 2], ("list", [1, 2], {})),
        ("GMCP", "Core.Echo", {"": 1, "b": 2}, ("echo", [], {"b": 2})),
        ("MSDP", "LIST", "COMMANDS", ("msdp_list", ["COMMANDS"], {})),
        ("MSDP", "REPORT", ["HP", "MP"], ("msdp_report", ["HP", "MP"], {})),
        ("MSDP", "CLIENT_ID", {"a": "b"}, ("client_id", [], {"a": "b"})),
    ],
)
def test_what_a_client_says_calls_a_function(
    protocol: str, name: str, data: Any, call: tuple[str, list[Any], dict[str, Any]]
) -> None:
    assert call_of(protocol, name, data) == call
