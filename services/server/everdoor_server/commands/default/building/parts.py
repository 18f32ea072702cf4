"""What the commands of builders have in common: their locks, names as typed, targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from everdoor.errors import UserError
from everdoor.markup.layout import width
from everdoor.markup.tags import escape
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.commands.playertext import inert
from everdoor_server.objects import Object, find_typeclass

LONGEST_NAME = 80
"""Cells; a line of most clients."""

OWN_LOCKS = "{lock}:{owner} or perm(Admin)"


class Named(NamedTuple):
    """What somebody wants to make: `key;alias;alias:typeclass`."""

    key: str
    aliases: list[str]
    typeclass: type[Object]


class BuildingCommand(MuxCommand):
    """A command for builders."""

    help_category = "Building"
    locks = "cmd:perm(Builder)"

    def target(self, name: str, access: str = "edit", **kwargs: Any) -> Any:
        """What a name means and the caller may change; None after it was told why not.

        Args:
            access: Lock that must let the caller.
            **kwargs: As for `search`.
        """
        found = self.caller.search(name, **kwargs)
        if found is None or found.access(self.caller, access):
            return found
        self.msg(f"You may not {access} {shown(found)}.")
        return None

    def place(self, name: str) -> Any:
        """Anything anywhere, found by its whole name or `#id`; None after the caller was told."""
        near = self.caller.search(name, quiet=True, exact=True)
        if len(near) == 1:
            return near[0]
        return self.caller.search(name, global_search=True)

    def made(self, wanted: Named, **kwargs: Any) -> Object:
        """Make an object that its maker may change; what was made is to be said by who calls."""
        found = self.game.objects.create(
            wanted.typeclass, wanted.key, aliases=wanted.aliases, **kwargs
        )
        assert isinstance(found, Object), "typeclasses are below Object"
        found.locks.add(self.own_locks())
        return found

    def own_locks(self) -> str:
        """Locks by which who typed the line may change, delete and control a thing."""
        account = self.account
        owner = f"pid({account.id})" if account is not None else f"id({self.caller.id})"
        return ";".join(
            OWN_LOCKS.format(lock=lock, owner=owner) for lock in ("edit", "delete", "control")
        )


def read_named(text: str, default: type[Object]) -> Named:
    """Read `key;alias;alias:typeclass`; the class is one below `default`, or that.

    Raises:
        UserError: There is no such class, or a name will not do.
    """
    names, colon, path = text.partition(":")
    typeclass = find_typeclass(path.strip(), default) if colon else default
    key, *aliases = [read_name(name) for name in names.split(";")]
    return Named(key, aliases, typeclass)


def read_name(text: str) -> str:
    """Read a name for an object; colours work in it, line ends and links do not.

    Raises:
        UserError: It is empty, too long, or means something else.
    """
    name = inert(" ".join(text.split()))
    if not name:
        raise UserError("A name is missing.")
    if name.startswith("#") or name.casefold() in ("me", "self", "here"):
        raise UserError(f"'{escape(text)}' cannot be a name: it means something already.")
    if width(name) > LONGEST_NAME:
        raise UserError(f"A name has at most {LONGEST_NAME} characters, this one {width(name)}.")
    return name


def shown(obj: Object | None) -> str:
    """An object as builders see it: `The Kitchen(#3)`."""
    if obj is None:
        return "nowhere"
    return f"{obj.key}{'|n' if '|' in obj.key else ''}({obj.dbref})"


def aliases_shown(aliases: Sequence[str]) -> str:
    return f" (aliases: {', '.join(aliases)})" if aliases else ""
