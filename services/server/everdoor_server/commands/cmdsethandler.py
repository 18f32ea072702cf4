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
        keep: Called with the owner and what `update` takes after a restart, when that changes.
        changed: Called with the owner when `sets` has changed.

    Attributes:
        sets: What takes part in a merge; another tuple after every change.
    """

    __slots__ = ("_added", "_changed", "_default", "_keep", "_kept", "_library", "owner", "sets")

    def __init__(
        self,
        owner: Any,
        library: CmdSetLibrary,
        keep: Callable[[Any, list[str]], None] | None = None,
        changed: Callable[[Any], None] | None = None,
    ) -> None:
        self.owner = owner
        self._library = library
        self._keep = keep
        self._changed = changed
        self._default: CmdSet | None = None
        self._added: tuple[CmdSet, ...] = ()
        # As stored: the path of the default set ("": it follows from the owner), then the others.
        self._kept: tuple[str, ...] = ()
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
        path = _storable_path(found) if persistent else ""
        if default_cmdset:
            self._default = found
            self._store((path, *self._kept[1:]))
        else:
            self._added = (*(one for one in self._added if one is not found), found)
            if path and path not in self._kept[1:]:
                self._store((*(self._kept or ("",)), path))
        self._merge_anew()

    def add_default(self, cmdset: SetName, persistent: bool = True) -> None:
        """Replace the set at the bottom."""
        self.add(cmdset, persistent, default_cmdset=True)

    def remove(self, cmdset: SetName | None = None) -> None:
        """Take away a set by key, class or path, or without one the topmost; never the default."""
        if cmdset is None:
            gone = self._added[-1:]
        else:
            gone = tuple(one for one in self._added if _is_called(one, cmdset))
        self._take_away(gone)

    delete = remove

    def remove_default(self) -> None:
        self._default = None
        self._store(("", *self._kept[1:]))
        self._merge_anew()

    def clear(self) -> None:
        """Take away all but the default set."""
        self._take_away(self._added)

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
    def default(self) -> CmdSet | None:
        """The set at the bottom."""
        return self._default

    @property
    def current(self) -> MergedCmdSet:
        """The owner's sets merged, without those of anybody else."""
        return merge((self.sets,))

    def update(self, kept: Sequence[str] = ()) -> list[str]:
        """Bring back the sets that `keep` was called with.

        Returns:
            A line for each that cannot be loaded; the others are there, and all stay kept.
        """
        self._kept = tuple(kept)
        errors = []
        for position, path in enumerate(self._kept):
            try:
                if path:
                    self.add(path, persistent=True, default_cmdset=position == 0)
            except UserError as exc:
                errors.append(str(exc))
        return errors

    def _take_away(self, gone: tuple[CmdSet, ...]) -> None:
        self._added = tuple(one for one in self._added if one not in gone)
        paths = {path_of(one) for one in gone}
        self._store((*self._kept[:1], *(path for path in self._kept[1:] if path not in paths)))
        self._merge_anew()

    def _store(self, kept: tuple[str, ...]) -> None:
        kept = kept if any(kept) else ()
        if kept != self._kept:
            self._kept = kept
            if self._keep is not None:
                self._keep(self.owner, list(kept))

    def _merge_anew(self) -> None:
        default = () if self._default is None else (self._default,)
        self.sets = default + self._added
        if self._changed is not None:
            self._changed(self.owner)


def _storable_path(cmdset: CmdSet) -> str:
    path = path_of(cmdset)
    if "<locals>" in path:
        raise UserError(f"{path}: a set that persists must be a class of a module")
    return path


def _is_called(cmdset: CmdSet, name: SetName) -> bool:
    match name:
        case str():
            return name in (cmdset.key, path_of(cmdset))
        case type():
            return type(cmdset) is name
        case _:
            return cmdset is name
