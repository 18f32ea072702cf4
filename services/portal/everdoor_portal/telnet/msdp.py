"""MSDP, variables with values of text, tables and arrays, in both directions.

All that a client says is the owner's, as OutOfBand events: its commands (`LIST`, `REPORT` and their
kin) are the game's to answer. How outputs are named is `outofband`.

Source: Mud Server Data Protocol, https://tintin.mudhalla.net/protocols/msdp/
"""

import re
from collections.abc import Mapping
from typing import Any

from everdoor_portal.telnet.events import OutOfBand
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation
from everdoor_portal.telnet.outofband import NOTHING, is_name

VAR, VAL, TABLE_OPEN, TABLE_CLOSE, ARRAY_OPEN, ARRAY_CLOSE = (bytes((n,)) for n in range(1, 7))

MAX_DEPTH = 8
"""Tables and arrays within each other, both ways: clients show no more."""

MAX_MARKS = 1024
"""Marks of what a client sends at a time: some hundred values."""

PROTOCOL = "MSDP"

# A mark and the text behind it. No text holds NUL or a mark.
_PIECE = re.compile(rb"([\x01-\x06])([^\x00-\x06]*+)")
_MARKS = dict.fromkeys(range(7))

Piece = tuple[bytes, str]
Value = str | list["Value"] | dict[str, "Value"]


class MsdpHandler:
    """One client's MSDP; nothing is remembered."""

    __slots__ = ()
    is_settled = True

    def begin(self) -> Answer:
        """Say nothing: the client asks first."""
        return Answer()

    def receive(self, payload: bytes) -> Answer:
        """Read variables.

        Raises:
            MalformedSubnegotiation: The layout is broken, or nested deeper than MAX_DEPTH.
        """
        variables = decode(payload)
        return Answer(events=tuple(OutOfBand(PROTOCOL, *each) for each in variables.items()))


def decode(payload: bytes) -> dict[str, Value]:
    """Read `([VAR][name] ([VAL][value])+)*`; more than one value is an array.

    Raises:
        MalformedSubnegotiation: Another layout, an improper name, or nested too deep.
    """
    pieces = _pieces(payload)
    variables = _read_variables(pieces, 0)
    if pieces:
        raise MalformedSubnegotiation("MSDP expects VAR before all else")
    return variables


def encode(name: str, value: Any = NOTHING) -> bytes:
    """Write a variable: mappings as tables, lists and tuples as arrays, all else as text.

    Raises:
        ValueError: The variable has no proper name, or its value is nested deeper than MAX_DEPTH.
    """
    if not is_name(name):
        raise ValueError(f"expected the name of a variable, got {name!r}")
    return VAR + name.encode("ascii") + VAL + _encode_value(value, 0)


def _encode_value(value: Any, depth: int) -> bytes:
    if depth > MAX_DEPTH:
        raise ValueError(f"expected at most {MAX_DEPTH} levels of tables and arrays")
    if isinstance(value, Mapping):
        return (
            TABLE_OPEN
            + b"".join(
                VAR + _text(key) + VAL + _encode_value(each, depth + 1)
                for key, each in value.items()
            )
            + TABLE_CLOSE
        )
    if isinstance(value, list | tuple) and value is not NOTHING:
        return (
            ARRAY_OPEN
            + b"".join(VAL + _encode_value(each, depth + 1) for each in value)
            + ARRAY_CLOSE
        )
    return _text(value)


def _text(value: Any) -> bytes:
    """MSDP has neither numbers nor truth values: these are digits, and nothing is no text."""
    if value is None or value is NOTHING:
        return b""
    text = str(int(value) if isinstance(value, bool) else value)
    return text.translate(_MARKS).encode("utf-8", "replace")


def _pieces(payload: bytes) -> list[Piece]:
    """Split a payload at its marks; its first piece is the last of the list."""
    if sum(map(payload.count, range(1, 7))) > MAX_MARKS:
        raise MalformedSubnegotiation(f"MSDP expects at most {MAX_MARKS} marks")
    pieces: list[Piece] = []
    position = 0
    while found := _PIECE.match(payload, position):
        pieces.append((found[1], found[2].decode("utf-8", "replace")))
        position = found.end()
    if position < len(payload):
        raise MalformedSubnegotiation("MSDP expects VAR before all else")
    return pieces[::-1]


def _read_variables(pieces: list[Piece], depth: int) -> dict[str, Value]:
    variables: dict[str, Value] = {}
    while pieces and pieces[-1][0] == VAR:
        _, name = pieces.pop()
        if not is_name(name):
            raise MalformedSubnegotiation("MSDP expects the name of a variable behind VAR")
        values = _read_values(pieces, depth)
        if not values:
            raise MalformedSubnegotiation(f"MSDP expects VAL behind {name}")
        variables[name] = values[0] if len(values) == 1 else values
    return variables


def _read_values(pieces: list[Piece], depth: int) -> list[Value]:
    values: list[Value] = []
    while pieces and pieces[-1][0] == VAL:
        _, text = pieces.pop()
        has_more = not text and pieces and pieces[-1] in ((TABLE_OPEN, ""), (ARRAY_OPEN, ""))
        values.append(_read_nested(pieces, depth + 1) if has_more else text)
    return values


def _read_nested(pieces: list[Piece], depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise MalformedSubnegotiation(f"MSDP expects at most {MAX_DEPTH} levels")
    opened, _ = pieces.pop()
    nested: Value
    if opened == TABLE_OPEN:
        nested, end = _read_variables(pieces, depth), TABLE_CLOSE
    else:
        nested, end = _read_values(pieces, depth), ARRAY_CLOSE
    if not pieces or pieces.pop() != (end, ""):
        raise MalformedSubnegotiation("MSDP expects every table and array to be closed")
    return nested
