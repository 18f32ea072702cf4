"""Values that Evennia has pickled, read without running anything.

A pickle is a program, and Python's own reader runs whatever it names. Here a small machine runs
only the steps that build plain values; names are compared with a short list and never imported,
and whatever else there is, is refused. What a pickle builds is bounded: its bytes, the values in it
(one that is referred to twice counts twice), their depth. Containers become Python's own only when
all that is known, as a key that is nested deeply enough is too much for Python itself.

Source: Python's `pickletools` (the steps and how their arguments are written); the module
`evennia.utils.dbserialize` of Evennia 0.9 to 6 (what it pickles, protocols 2 to 4).
"""

from __future__ import annotations

import base64
import binascii
import pickletools
import struct
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final, NamedTuple, TypeAlias

MAX_PICKLE_BYTES = 1024 * 1024
"""Of one value; whoever keeps more in one attribute keeps it in a file better."""

MAX_SIZE = 2 * MAX_PICKLE_BYTES
"""Of all values in one, each counted as WEIGHT and its characters or bytes."""

WEIGHT = 8
"""About what a value takes as text, with what stands around it."""

MAX_DEPTH = 60
"""Containers in each other; JSON and Python take some hundreds."""

MAX_INT = 2**63 - 1

DAMAGED = "a damaged pickle"
TOO_LARGE = "a value that is too large, too deep, or within itself"


class UnreadableValue(ValueError):
    """A pickle is no plain value, or none at all.

    Attributes:
        what: What stands in the way, the same for all pickles with that trouble.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


@dataclass(frozen=True)
class Reference:
    """A row of Evennia's database that a value refers to.

    Attributes:
        model: `objectdb`, `accountdb`, `scriptdb`, `channeldb`, ...
    """

    model: str
    id: int


Plain: TypeAlias = Any
"""None, bool, int, float, str, bytes, Reference; list, tuple, dict and set of these."""


def read_field(text: str) -> Plain:
    """Read a value as Evennia keeps it in a column: a pickle in base64.

    Raises:
        UnreadableValue: It is no plain value.
    """
    if len(text) > MAX_PICKLE_BYTES * 4 // 3:
        raise UnreadableValue(f"a value of more than {MAX_PICKLE_BYTES} bytes")
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableValue("no pickle") from None
    return read_pickle(data)


def read_pickle(data: bytes) -> Plain:
    """Read a pickle of protocol 2 or higher.

    Raises:
        UnreadableValue: It is no plain value.
    """
    if len(data) > MAX_PICKLE_BYTES:
        raise UnreadableValue(f"a value of more than {MAX_PICKLE_BYTES} bytes")
    try:
        built = _Machine().run(BytesIO(data))
    except UnreadableValue:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, struct.error, OverflowError):
        # Steps that do not fit each other; there are as many ways as steps.
        raise UnreadableValue(DAMAGED) from None
    return _Converter().convert(built, 0)


# What the machine builds: containers that are not yet Python's.


class _Node:
    """A container while it is built; a dict has its keys and values in turn."""

    __slots__ = ("items", "kind")

    def __init__(self, kind: str, items: Iterable[Any] = ()) -> None:
        self.kind = kind
        self.items = list(items)


class _Name(NamedTuple):
    """A class or function that a pickle names."""

    module: str
    name: str

    @property
    def refused(self) -> UnreadableValue:
        return UnreadableValue(f"{self.module}.{self.name}"[:100])


_MARK: Final = object()

_SAVER = "evennia.utils.dbserialize"
"""Evennia's own containers, where they were pickled as they are: their content is in `_data`."""

_EMPTY = {
    ("collections", "OrderedDict"): "dict",
    ("collections", "defaultdict"): "dict",
    ("collections", "deque"): "list",
    ("builtins", "set"): "set",
    ("builtins", "frozenset"): "set",
    ("__builtin__", "set"): "set",
    ("__builtin__", "frozenset"): "set",
}
"""Classes that become plain containers; bounds of deques and defaults of dicts are lost."""

_OPS = {op.code: op for op in pickletools.opcodes}


class _Machine:
    """Runs a pickle's steps on a stack of values, nodes and names."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._left = MAX_SIZE

    def run(self, stream: BytesIO) -> Any:
        while True:
            code = stream.read(1).decode("latin-1")
            if code == ".":
                return self._stack.pop()
            step = _STEPS.get(code)
            if step is None:
                raise UnreadableValue(_unknown(code))
            argument = _OPS[code].arg
            step(self, None if argument is None else argument.reader(stream))

    # Steps; each takes its argument, None where it has none.

    def skip(self, argument: Any) -> None:
        """Protocol and frames say nothing of the value."""

    def push(self, value: Any) -> None:
        self._stack.append(value)

    def mark(self, argument: Any) -> None:
        self._stack.append(_MARK)

    def pop(self, argument: Any) -> None:
        self._stack.pop()

    def pop_mark(self, argument: Any) -> None:
        self._marked()

    def repeat(self, argument: Any) -> None:
        self._stack.append(self._stack[-1])

    def gather(self, kind: str) -> None:
        self._stack.append(_Node(kind, self._marked()))

    def tuple_of(self, count: int) -> None:
        items = self._stack[-count:]
        if len(items) < count:
            raise IndexError("too few values for a tuple")
        del self._stack[-count:]
        self._stack.append(_Node("tuple", items))

    def add_one(self, argument: Any) -> None:
        self._add([self._stack.pop()])

    def add_pair(self, argument: Any) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._add([key, value])

    def add_marked(self, argument: Any) -> None:
        self._add(self._marked())

    def keep(self, argument: int) -> None:
        self._memo[argument] = self._stack[-1]

    def keep_next(self, argument: Any) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def recall(self, argument: int) -> None:
        self._stack.append(self._memo[argument])

    def name(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(_Name(module, name))

    def name_of_stack(self, argument: Any) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not (isinstance(name, str) and isinstance(module, str)):
            raise TypeError("a name is text")
        self._stack.append(_Name(module, name))

    def call(self, argument: Any) -> None:
        arguments, called = self._stack.pop(), self._stack.pop()
        if not isinstance(called, _Name):
            raise TypeError("only what is named is called")
        made = _called(called, arguments.items)
        # Calls copy, and a short pickle can have many calls with the same long argument.
        self._left -= len(made.items) * WEIGHT if isinstance(made, _Node) else len(made)
        if self._left < 0:
            raise UnreadableValue(TOO_LARGE)
        self._stack.append(made)

    def set_state(self, state: Any) -> None:
        """What Evennia's own containers hold; nothing else has a state here."""
        state, built = self._stack.pop(), self._stack[-1]
        if not (isinstance(built, _Node) and built.kind == "saver"):
            raise UnreadableValue("an object with a state of its own")
        keys, values = state.items[::2], state.items[1::2]
        held = next((v for k, v in zip(keys, values, strict=True) if k == "_data"), None)
        if not isinstance(held, _Node):
            raise TypeError("Evennia's containers hold one")
        built.kind, built.items = held.kind, held.items

    def _marked(self) -> list[Any]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise IndexError("no mark")
        items = self._stack[at + 1 :]
        del self._stack[at:]
        return items

    def _add(self, items: list[Any]) -> None:
        into = self._stack[-1]
        if into is _MARK or not isinstance(into, _Node):
            raise TypeError("only containers are added to")
        into.items += items


def _called(called: _Name, arguments: list[Any]) -> Any:
    """What comes of calling a name; nothing is called."""
    kind = _EMPTY.get((called.module, called.name))
    if kind is not None:
        return _Node(kind, _first_items(kind, arguments))
    if called.module == _SAVER and called.name.startswith("_Saver") and not arguments:
        return _Node("saver")
    if called == ("django.utils.safestring", "SafeString") and isinstance(arguments[0], str):
        return arguments[0]
    if called == ("_codecs", "encode") and arguments[1] == "latin1":
        # How protocol 2 writes bytes.
        return arguments[0].encode("latin-1")
    raise called.refused


def _first_items(kind: str, arguments: list[Any]) -> list[Any]:
    """What a container begins with: a list of items, or of pairs."""
    first = arguments[0] if arguments else None
    if not isinstance(first, _Node):
        return []
    if kind == "dict":
        return [part for pair in first.items for part in _pair(*pair.items)]
    return first.items


def _pair(key: Any, value: Any) -> tuple[Any, Any]:
    return key, value


def _unknown(code: str) -> str:
    if not code:
        return DAMAGED
    op = _OPS.get(code)
    return f"the pickle step {op.name}" if op else DAMAGED


def _fixed(method: Callable[[_Machine, Any], None], value: Any) -> Callable[[_Machine, Any], None]:
    """A step without an argument of its own."""
    return lambda machine, _: method(machine, value)


def _new(kind: str) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(_Node(kind))


_BY_NAME: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), _Machine.skip),
    "NONE": _fixed(_Machine.push, None),
    "NEWTRUE": _fixed(_Machine.push, True),
    "NEWFALSE": _fixed(_Machine.push, False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "LONG4"), _Machine.push),
    "BINFLOAT": _Machine.push,
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), _Machine.push),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"), _Machine.push),
    "EMPTY_LIST": _new("list"),
    "EMPTY_TUPLE": _new("tuple"),
    "EMPTY_DICT": _new("dict"),
    "EMPTY_SET": _new("set"),
    "LIST": _fixed(_Machine.gather, "list"),
    "TUPLE": _fixed(_Machine.gather, "tuple"),
    "DICT": _fixed(_Machine.gather, "dict"),
    "FROZENSET": _fixed(_Machine.gather, "set"),
    "TUPLE1": _fixed(_Machine.tuple_of, 1),
    "TUPLE2": _fixed(_Machine.tuple_of, 2),
    "TUPLE3": _fixed(_Machine.tuple_of, 3),
    "APPEND": _Machine.add_one,
    "SETITEM": _Machine.add_pair,
    **dict.fromkeys(("APPENDS", "SETITEMS", "ADDITEMS"), _Machine.add_marked),
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.repeat,
    "MEMOIZE": _Machine.keep_next,
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _Machine.keep),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), _Machine.recall),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_of_stack,
    **dict.fromkeys(("REDUCE", "NEWOBJ"), _Machine.call),
    "BUILD": _Machine.set_state,
}

_STEPS = {op.code: _BY_NAME[op.name] for op in pickletools.opcodes if op.name in _BY_NAME}


class _Converter:
    """Brings what was built to plain values, and counts them."""

    def __init__(self) -> None:
        self._left = MAX_SIZE

    def convert(self, built: Any, depth: int) -> Plain:
        self._left -= WEIGHT + (len(built) if isinstance(built, (str, bytes)) else 0)
        if self._left < 0 or depth > MAX_DEPTH:
            raise UnreadableValue(TOO_LARGE)
        match built:
            case _Node():
                return self._container(built.kind, built.items, depth + 1)
            case _Name():
                raise built.refused
            case int() if abs(built) > MAX_INT:
                raise UnreadableValue("a whole number of more than 64 bits")
            case None | bool() | int() | float() | str() | bytes():
                return built
            case _:
                raise UnreadableValue(DAMAGED)

    def _container(self, kind: str, built: list[Any], depth: int) -> Plain:
        items = [self.convert(item, depth) for item in built]
        match kind:
            case "list":
                return items
            case "tuple":
                return _reference(items) or tuple(items)
            case "dict" if len(items) % 2 == 0:
                keys = map(_hashable, items[::2])
                return dict(zip(keys, items[1::2], strict=True))
            case "set":
                return {_hashable(item) for item in items}
            case _:
                raise UnreadableValue(DAMAGED)


def _hashable(value: Plain) -> Hashable:
    try:
        hash(value)
    except TypeError:
        raise UnreadableValue(DAMAGED) from None
    assert isinstance(value, Hashable), "it has just been hashed"
    return value


def _reference(items: list[Plain]) -> Reference | None:
    """The row that a tuple stands for: ("__packed_dbobj__", (app, model), when made, id)."""
    match items:
        case ["__packed_dbobj__", (_, str() as model), _, int() as row_id]:
            return Reference(model, row_id)
        case ["__packed_session__", *_]:
            raise UnreadableValue("a session")
        case _:
            return None
