"""What is no text, as packets of GMCP and variables of MSDP: one rule for names, in each direction.

A name with a dot in it is a package and stays as it is. Of any other name the words, which `_`
separates, are capitalized and joined by dots; a single word belongs to the package `Core`. So
`room_info` is `Room.Info`, `vitals` is `Core.Vitals`, `Char.Vitals` is `Char.Vitals`. MSDP, whose
names have no packages, has the same in capitals with `_` for what separates: `ROOM_INFO`, `VITALS`,
`CHAR_VITALS`.

What is said is the output's argument, or the list of them if there are more; its options, if there
are no arguments; `[argument or list, options]` if there are both; nothing if there are neither.

What a client says calls an input function: the name of a package in lower case with `_` for its
dots, without `Core.`; that of a variable in lower case. A list is its arguments, an object its
options, anything else one argument. MSDP's commands (`LIST` and its kin) have `msdp_` before them.

Packages that go by names of their own, either way, are in `PACKAGES`; they are Evennia's.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_NAME_LENGTH = 64

_NAME = re.compile(rf"[A-Za-z_][\w.-]{{0,{MAX_NAME_LENGTH - 1}}}", re.ASCII)
_CORE = "Core"

PACKAGES = {
    "client_options": "Core.Supports.Get",
    "get_inputfuncs": "Core.Commands.Get",
    "get_value": "Char.Value.Get",
    "repeat": "Char.Repeat.Update",
    "monitor": "Char.Monitor.Update",
    "char_statusvars": "Char.StatusVars",
}
_FUNCTIONS = {package.lower(): name for name, package in PACKAGES.items()}

MSDP_COMMANDS = frozenset({"list", "report", "reset", "send", "unreport"})


class Nothing(NamedTuple):
    """In place of data: there are none, which is not the same as null."""


NOTHING = Nothing()


def is_name(name: str) -> bool:
    """Whether a name is one of a package or a variable, ours or a client's."""
    return _NAME.fullmatch(name) is not None


def package_of(name: str) -> str:
    """Name the GMCP package of an output."""
    if name in PACKAGES:
        return PACKAGES[name]
    if "." in name:
        return name
    words = [word[:1].upper() + word[1:] for word in name.split("_") if word]
    return ".".join(words if len(words) > 1 else [_CORE, *words])


def variable_of(name: str) -> str:
    """Name the MSDP variable of an output."""
    return name.replace(".", "_").upper()


def data_of(args: list[Any], options: Mapping[str, Any]) -> Any:
    """What is said by an output's arguments and options; NOTHING if there are none."""
    said = args[0] if len(args) == 1 else args
    if not options:
        return said if args else NOTHING
    return [said, options] if args else options


class Call(NamedTuple):
    """The input function that a client calls: its name, arguments and options."""

    name: str
    args: list[Any]
    options: dict[str, Any]


def call_of(protocol: str, name: str, data: Any) -> Call:
    """What a client's packet or variable calls.

    Args:
        protocol: `GMCP` or `MSDP`.
        name: Of the package or variable, as the client has written it.
        data: JSON's values; None: there are none.
    """
    folded = name.lower()
    if protocol == "MSDP":
        function = f"msdp_{folded}" if folded in MSDP_COMMANDS else folded
    else:
        function = _FUNCTIONS.get(folded, folded.removeprefix("core.").replace(".", "_"))
    match data:
        case None:
            return Call(function, [], {})
        case dict():
            return Call(function, [], {key: value for key, value in data.items() if key})
        case list():
            return Call(function, data, {})
        case _:
            return Call(function, [data], {})
