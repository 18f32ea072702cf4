"""The command sets that the world around a puppet adds: exits, the place, things.

What a place adds is worked out once and kept until something there comes, goes or changes what it
is called (`Object.exits_version`, `contents_version`), so that a line costs no walk through all
who are in a room.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from everdoor_server.commands.cmdset import CmdSet
from everdoor_server.commands.exits import ExitCmdSet
from everdoor_server.locks import check_locks
from everdoor_server.objects import Object

MAX_KEPT = 4096
"""Places, and things with sets, that are kept; those where somebody acts are fewer."""


class Adding(NamedTuple):
    """A thing and the sets that it adds around it."""

    thing: Object
    sets: tuple[CmdSet, ...]


FoundT = TypeVar("FoundT")


class _Kept(Generic[FoundT]):
    """What was worked out for each place, as of a version."""

    def __init__(self, work_out: Callable[[Object], tuple[FoundT, ...]]) -> None:
        self._work_out = work_out
        self._kept: dict[int, tuple[int, tuple[FoundT, ...]]] = {}

    def get(self, place: Object, version: int) -> tuple[FoundT, ...]:
        kept = self._kept.get(place.id)
        if kept is None or kept[0] != version:
            kept = self._kept[place.id] = (version, self._work_out(place))
            if len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return kept[1]


class NearbyCmdSets:
    """The sets around puppets, for one world.

    Args:
        character_set: What a puppet can do that has no default set of its own, such as a borrowed
            statue.
    """

    def __init__(self, character_set: CmdSet) -> None:
        self._character_set = character_set
        self._exits: _Kept[CmdSet] = _Kept(_exits_of)
        self._things: _Kept[Adding] = _Kept(self._things_of)
        self._bound: dict[tuple[int, object], CmdSet] = {}

    def own(self, puppet: Object) -> tuple[CmdSet, ...]:
        """The sets that a puppet carries, the character's at the bottom."""
        handler = puppet.cmdset
        sets: tuple[CmdSet, ...] = handler.sets
        return sets if handler.default is not None else (self._character_set, *sets)

    def around(self, puppet: Object, exits: bool, things: bool) -> tuple[CmdSet, ...]:
        """The sets of the exits, and of the place, what is in it and what is carried.

        The lock `call` of a thing says whether a puppet gets its commands.
        """
        place = puppet.location
        found: tuple[CmdSet, ...] = ()
        if things:
            adding = self._things.get(puppet, puppet.contents_version)
            if place is not None:
                adding += self._things.get(place, place.contents_version)
            for thing, sets in adding:
                if thing is not puppet and _lets_call(thing, puppet):
                    found += sets
        if exits and place is not None:
            found += self._exits.get(place, place.exits_version)
        return found

    def _things_of(self, place: Object) -> tuple[Adding, ...]:
        """Characters add nothing to others: what they can do is theirs alone."""
        around = [place, *place.contents_by_id().values()]
        return tuple(
            Adding(thing, tuple(self._bind(thing, cmdset) for cmdset in thing.cmdset.sets))
            for thing in around
            if not thing.is_character and thing.has_cmdsets and thing.cmdset.sets
        )

    def _bind(self, thing: Object, cmdset: CmdSet) -> CmdSet:
        """Bind a set once, so that what was merged with it holds when others come and go."""
        key = (thing.id, cmdset.token)
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = cmdset.bound_to(thing)
            if len(self._bound) > MAX_KEPT:
                del self._bound[next(iter(self._bound))]
        return bound


def _exits_of(place: Object) -> tuple[CmdSet, ...]:
    ways = place.exits
    return (ExitCmdSet.of(ways),) if ways else ()


def _lets_call(thing: Object, puppet: Object) -> bool:
    return check_locks(
        thing.lock_storage, puppet, "call", thing, default=True, no_superuser_bypass=True
    )
