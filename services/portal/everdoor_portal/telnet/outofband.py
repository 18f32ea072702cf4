"""Outputs that are no text, as packets of GMCP and variables of MSDP: one rule for their names.

A name with a dot in it is a package and stays as it is. Of any other name the words, which `_`
separates, are capitalized and joined by dots; a single word belongs to the package `Core`. So
`room_info` is `Room.Info`, `vitals` is `Core.Vitals`, `Char.Vitals` is `Char.Vitals`. MSDP, whose
names have no packages, has the same in capitals with `_` for what separates: `ROOM_INFO`, `VITALS`,
`CHAR_VITALS`.

What is said is the output's argument, or the list of them if there are more; its options, if there
are no arguments; `[argument or list, options]` if there are both; nothing if there are neither.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_NAME_LENGTH = 64

_NAME = re.compile(rf"[A-Za-z_][\w.-]{{0,{MAX_NAME_LENGTH - 1}}}", re.ASCII)
_CORE = "Core"


class Nothing(NamedTuple):
    """In place of data: there are none, which is not the same as null."""


NOTHING = Nothing()


def is_name(name: str) -> bool:
    """Whether a name is one of a package or a variable, ours or a client's."""
    return _NAME.fullmatch(name) is not None


def package_of(name: str) -> str:
    """Name the GMCP package of an output."""
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
