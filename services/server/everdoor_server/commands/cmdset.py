"""Command sets: what can be typed somewhere, and how several of them become one.

A set is a recipe: its commands, its priority, and what it does to the sets below it. Sessions,
accounts and objects carry sets; for a line, those that take part are merged
(`merge`), lowest priority first, and the result is kept (`MergeCache`), since the same sets meet
again and again. Carrying sets is in `commands.cmdsethandler`, finding a
command in the result in `commands.parser`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from typing import Any, ClassVar, Literal, TypeAlias

from everdoor.errors import UserError
from everdoor_server.commands.command import Command
from everdoor_server.commands.parser import Allowed, Entry, Match, NameIndex
from everdoor_server.commands.syscmdkeys import PREFIX

MergeType: TypeAlias = Literal["Union", "Intersect", "Replace", "Remove"]

MERGE_TYPES: tuple[MergeType, ...] = ("Union", "Intersect", "Replace", "Remove")

EXIT_CMDSET_KEY = "ExitCmdSet"
EXIT_CMDSET_PRIORITY = 101
"""Exits stand above what characters can do, so that a way named `look` can be walked."""


class CmdSet:
    """A set of commands; subclass it and add them in `at_cmdset_creation`.

    Attributes:
        key: The name of the set.
        priority: Sets are merged from the lowest to the highest; of the same priority the later
            wins.
        mergetype: What the set does to those below: Union adds to them, Intersect keeps its own
            commands that they have too, Replace leaves only its own, Remove takes its own away.
        key_mergetypes: Other merge types toward sets with some keys.
        duplicates: True: of the same priority, commands with the same name stay side by side.
        no_exits, no_objs: True: exits, or things nearby, add nothing; None: as the sets below say.
        own_instance: True: every carrier gets an instance of its own with itself as `cmdsetobj`;
            False: one instance serves all.
    """

    key: str = "Unnamed CmdSet"
    priority: int = 0
    mergetype: MergeType = "Union"
    key_mergetypes: Mapping[str, MergeType] = {}
    duplicates: bool | None = None
    no_exits: bool | None = None
    no_objs: bool | None = None
    own_instance: ClassVar[bool] = False

    def __init__(self, cmdsetobj: Any = None, key: str | None = None) -> None:
        """Build the set.

        Raises:
            UserError: A merge type is none, or a command in it is not one.
        """
        if key is not None:
            self.key = key
        self.cmdsetobj = cmdsetobj
        self.commands: list[Command] = []
        self.at_cmdset_creation()
        self.token = object()
        for mergetype in (self.mergetype, *self.key_mergetypes.values()):
            if mergetype not in MERGE_TYPES:
                raise UserError(
                    f"{self.key}: mergetype is one of {', '.join(MERGE_TYPES)}, not {mergetype!r}"
                )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key!r}>"

    def __iter__(self) -> Iterator[Command]:
        return iter(self.commands)

    def __len__(self) -> int:
        return len(self.commands)

    def __contains__(self, command: object) -> bool:
        return isinstance(command, (str, Command)) and self.get(command) is not None

    def at_cmdset_creation(self) -> None:
        """Fill the set with `add`."""

    def add(
        self,
        command: Command | type[Command] | CmdSet | type[CmdSet] | Iterable[Any],
        allow_duplicates: bool = False,
    ) -> None:
        """Add a command, or all of a set or a list; those that share a name with it go.

        Raises:
            UserError: It is none of these.
        """
        added = _commands(command)
        if not allow_duplicates:
            names = frozenset().union(*(one.names for one in added))
            self.commands = [old for old in self.commands if old.names.isdisjoint(names)]
        self.commands += added
        self.token = object()

    def remove(self, command: str | Command | type[Command]) -> None:
        """Remove the commands that share a name with this one."""
        names = {command.lower()} if isinstance(command, str) else _commands(command)[0].names
        self.commands = [old for old in self.commands if old.names.isdisjoint(names)]
        self.token = object()

    def get(self, command: str | Command) -> Command | None:
        """Return the first command that has this name, or shares one with this command."""
        names = {command.lower()} if isinstance(command, str) else command.names
        return next((own for own in self.commands if not own.names.isdisjoint(names)), None)

    def bound_to(self, obj: Any) -> CmdSet:
        """Return a copy whose commands sit on a thing; with equals of other things side by side."""
        bound = copy(self)
        bound.cmdsetobj = obj
        bound.commands = [command.for_line({"obj": obj}) for command in self.commands]
        bound.duplicates = True if self.duplicates is None else self.duplicates
        bound.token = object()
        return bound

    token: object
    """Another object after every change: what merged results are kept by."""


def _commands(given: Any) -> list[Command]:
    match given:
        case Command():
            return [given]
        case CmdSet():
            return list(given.commands)
        case type() if issubclass(given, (Command, CmdSet)):
            return _commands(given())
        case list() | tuple() | set():
            return [command for one in given for command in _commands(one)]
    raise UserError(f"expected a Command, a CmdSet or a list of them, got {given!r:.60}")


class MergedCmdSet:
    """All that can be typed at some place: what `self.cmdset` is in a running command."""

    __slots__ = ("entries", "index", "no_exits", "no_objs", "system")

    def __init__(self, entries: list[Entry], no_exits: bool, no_objs: bool) -> None:
        self.entries = [entry for entry in entries if not _is_system(entry.command)]
        self.system = {e.command.key: e for e in entries if _is_system(e.command)}
        # A system command can have aliases that are typed, as `look` is in the login screen.
        self.index = NameIndex(entries)
        self.no_exits = no_exits
        self.no_objs = no_objs

    def __iter__(self) -> Iterator[Command]:
        return (entry.command for entry in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def match(self, line: str, allowed: Allowed) -> list[Match]:
        """As `NameIndex.match`."""
        return self.index.match(line, allowed)

    def suggest(self, line: str, allowed: Allowed) -> list[str]:
        """As `NameIndex.suggest`."""
        return self.index.suggest(line, allowed)


def _is_system(command: Command) -> bool:
    return command.key.startswith(PREFIX)


class _Ranked:
    """The result so far: entries with the priority of the set that brought them."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Entry]] = []
        self.keys: set[str] = set()

    def merge(self, cmdset: CmdSet, origin: int) -> None:
        own = [(cmdset.priority, Entry(command, origin)) for command in cmdset.commands]
        mergetype = next(
            (cmdset.key_mergetypes[key] for key in self.keys if key in cmdset.key_mergetypes),
            cmdset.mergetype,
        )
        system = [pair for pair in own if _is_system(pair[1].command)]
        below = [pair for pair in self.entries if _is_system(pair[1].command)]
        normal = [pair for pair in own if not _is_system(pair[1].command)]
        rest = [pair for pair in self.entries if not _is_system(pair[1].command)]
        merged = _join(cmdset, mergetype, normal, rest)
        self.entries = merged + _without(below, system) + system
        self.keys.add(cmdset.key)


_Pairs: TypeAlias = list[tuple[int, Entry]]


def _join(cmdset: CmdSet, mergetype: MergeType, own: _Pairs, below: _Pairs) -> _Pairs:
    match mergetype:
        case "Replace":
            return own
        case "Remove":
            return _without(below, own)
        case "Intersect":
            names = _names(below)
            return [pair for pair in own if not names.isdisjoint(pair[1].command.names)]
        case "Union":
            if cmdset.duplicates:
                equals = [pair for pair in below if pair[0] == cmdset.priority]
                lower = [pair for pair in below if pair[0] != cmdset.priority]
                return _without(lower, own) + equals + own
            return _without(below, own) + own


def _without(pairs: _Pairs, taken: _Pairs) -> _Pairs:
    names = _names(taken)
    return [pair for pair in pairs if names.isdisjoint(pair[1].command.names)]


def _names(pairs: _Pairs) -> frozenset[str]:
    return frozenset().union(*(pair[1].command.names for pair in pairs))


Providers: TypeAlias = tuple[tuple[CmdSet, ...], ...]
"""The sets of all that take part; which provider a set is of is its commands' `origin`."""


def merge(providers: Providers) -> MergedCmdSet:
    """Merge sets in the order of their priority, then of their providers."""
    pairs = [(cmdset, origin) for origin, sets in enumerate(providers) for cmdset in sets]
    ranked = _Ranked()
    no_exits: bool | None = None
    no_objs: bool | None = None
    for cmdset, origin in sorted(pairs, key=lambda pair: pair[0].priority):
        ranked.merge(cmdset, origin)
        no_exits = no_exits if cmdset.no_exits is None else cmdset.no_exits
        no_objs = no_objs if cmdset.no_objs is None else cmdset.no_objs
    entries = [entry for _, entry in ranked.entries]
    return MergedCmdSet(entries, bool(no_exits), bool(no_objs))


class MergeCache:
    """Merged results by the sets that took part, for one world.

    Args:
        size: How many results are kept; the oldest goes first.
    """

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._kept: dict[tuple[object, ...], MergedCmdSet] = {}

    def merged(self, providers: Providers) -> MergedCmdSet:
        key = tuple([tuple([cmdset.token for cmdset in sets]) for sets in providers])
        found = self._kept.get(key)
        return self._merge(key, providers) if found is None else found

    def extended(
        self, own: MergedCmdSet, providers: Providers, more: tuple[CmdSet, ...]
    ) -> MergedCmdSet:
        """Merge one provider more with others, which have come to `own`."""
        key = (own, *[cmdset.token for cmdset in more])
        found = self._kept.get(key)
        return self._merge(key, (*providers, more)) if found is None else found

    def _merge(self, key: tuple[object, ...], providers: Providers) -> MergedCmdSet:
        merged = self._kept[key] = merge(providers)
        if len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]
        return merged
