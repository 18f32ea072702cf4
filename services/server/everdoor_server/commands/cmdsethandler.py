"""Which command sets a session, an account or an object carries.

Sets are named by class or dotted path, and one instance of a class serves a whole world unless
the class wants an instance for each carrier. What is carried is kept by path where it is
`persistent`; how that is stored is said by the owner's side (`keep`). Merging is in
`commands.cmdset`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from everdoor.errors import UserError
from everdoor_server.commands.cmdset import CmdSet, MergedCmdSet, merge

LoadSet: TypeAlias = Callable[[str], type[CmdSet]]
"""Finds a class by its dotted path; UserError when there is none."""


class CmdSetLibrary:
    """One instance of every set class, for all that carry it in one world."""

    def __init__(self, load: LoadSet) -> None:
        self._load = load
        self._instances: dict[type[CmdSet], CmdSet] = {}

    def get(self, cmdset: CmdSet | type[CmdSet] | str, owner: Any = None) -> CmdSet:
        """Return the set itself, or the instance of a class or of a dotted path.

        Raises:
            UserError: It is none of these, or its path leads nowhere.
        """
        if isinstance(cmdset, CmdSet):
            return cmdset
        cls = self._load(cmdset) if isinstance(cmdset, str) else cmdset
        if not (isinstance(cls, type) and issubclass(cls, CmdSet)):
            raise UserError(f"expected a CmdSet, its class or path, got {cmdset!r:.60}")
        if cls.own_instance:
            return cls(owner)
        if cls not in self._instances:
            self._instances[cls] = cls()
        return self._instances[cls]


def path_of(cmdset: CmdSet) -> str:
    """Return the dotted path of a set's class."""
    return f"{type(cmdset).__module__}.{type(cmdset).__qualname__}"


SetName: TypeAlias = CmdSet | type[CmdSet] | str
"""A set, its class, or the dotted path of its class; to find one, its key does too."""


class CmdSetHandler:
    """The sets of one owner: the default one first, then those added, later above earlier.

    Args:
        owner: Who carries them.
        library: Where instances come from.
        keep: Called with the paths of the persistent sets (but the default) when they change.

    Attributes:
        sets: What takes part in a merge; another tuple after every change.
    """

    __slots__ = ("_added", "_default", "_keep", "_library", "_persistent", "owner", "sets")

    def __init__(
        self,
        owner: Any,
        library: CmdSetLibrary,
        keep: Callable[[list[str]], None] | None = None,
    ) -> None:
        self.owner = owner
        self._library = library
        self._keep = keep
        self._default: CmdSet | None = None
        self._added: tuple[CmdSet, ...] = ()
        self._persistent: tuple[str, ...] = ()
        self.sets: tuple[CmdSet, ...] = ()

    def __repr__(self) -> str:
        return f"<CmdSetHandler {[cmdset.key for cmdset in self.sets]}>"

    def add(self, cmdset: SetName, persistent: bool = False, default_cmdset: bool = False) -> None:
        """Put a set on top, or in the place of the default one.

        Args:
            cmdset: The set, its class or path. Adding what is there already moves it to the top.
            persistent: It comes back after a restart.

        Raises:
            UserError: There is no such set, or a set that is to persist has no path of its own.
        """
        found = self._library.get(cmdset, self.owner)
        if default_cmdset:
            self._default = found
            self._changed()
            return
        if persistent:
            self._remember(found)
        self._added = (*(one for one in self._added if one is not found), found)
        self._changed()

    def add_default(self, cmdset: SetName, persistent: bool = True) -> None:
        """Replace the set at the bottom; which it is follows from the owner, so none is stored."""
        self.add(cmdset, default_cmdset=True)

    def remove(self, cmdset: SetName | None = None) -> None:
        """Take away a set by key, class or path, or without one the topmost; never the default."""
        if cmdset is None:
            gone = self._added[-1:]
        else:
            gone = tuple(one for one in self._added if _is_called(one, cmdset))
        self._added = tuple(one for one in self._added if one not in gone)
        self._forget({path_of(one) for one in gone})
        self._changed()

    delete = remove

    def remove_default(self) -> None:
        self._default = None
        self._changed()

    def clear(self) -> None:
        """Take away all but the default set."""
        self._added = ()
        self._forget(set(self._persistent))
        self._changed()

    def has(self, cmdset: SetName, must_be_default: bool = False) -> bool:
        """Say whether a set is carried, by key, class or path."""
        looked_at = (self._default,) if must_be_default else self.sets
        return any(one is not None and _is_called(one, cmdset) for one in looked_at)

    has_cmdset = has

    def all(self) -> list[CmdSet]:
        """The sets from the bottom to the top."""
        return list(self.sets)

    get = all

    @property
    def current(self) -> MergedCmdSet:
        """The owner's sets merged, without those of anybody else."""
        return merge((self.sets,))

    def update(self, paths: Sequence[str] | None = None) -> list[str]:
        """Bring back the persistent sets, after a restart.

        Returns:
            A line for each that cannot be loaded; the others are there.
        """
        errors = []
        for path in self._persistent if paths is None else paths:
            try:
                self.add(path, persistent=True)
            except UserError as exc:
                errors.append(str(exc))
        return errors

    def _remember(self, cmdset: CmdSet) -> None:
        path = path_of(cmdset)
        if "<locals>" in path:
            raise UserError(f"{path}: a set that persists must be a class of a module")
        if path not in self._persistent:
            self._persistent += (path,)
            self._say()

    def _forget(self, paths: set[str]) -> None:
        if paths & set(self._persistent):
            self._persistent = tuple(path for path in self._persistent if path not in paths)
            self._say()

    def _say(self) -> None:
        if self._keep is not None:
            self._keep(list(self._persistent))

    def _changed(self) -> None:
        default = () if self._default is None else (self._default,)
        self.sets = default + self._added


def _is_called(cmdset: CmdSet, name: SetName) -> bool:
    match name:
        case str():
            return name in (cmdset.key, path_of(cmdset))
        case type():
            return type(cmdset) is name
        case _:
            return cmdset is name
