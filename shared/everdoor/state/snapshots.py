"""State, what it is to have a snapshot, and StateManager, what it is to hold many.

A snapshot says what an object holds, in primitives and references to other objects that have
snapshots; it carries the version of the class that wrote it. Where snapshots go (a portal, an
archive, an operator's screen) is told by flags, and is not done here; what a value in one may be
is said in `primitives`, and who keeps the managers in `appsession`.

The words are those of UCSF ChimeraX's session and State API.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self, TypeVar

from everdoor.errors import RestoreError
from everdoor.state.primitives import copy_state, no_reference

if TYPE_CHECKING:
    from everdoor.state.appsession import AppSession

SECRET: Final = "***"
"""What a person sees where a secret stands."""

VERSION: Final = "version"
"""The field of every snapshot that holds the version of the class that wrote it."""

ValueT = TypeVar("ValueT")


class SnapshotFlag(enum.IntFlag):
    """Where a snapshot goes. Each flag restricts what is in it, so they may be combined."""

    REBOOT = 1
    """To the portals, which keep it while the server restarts: primitives only."""
    ARCHIVE = 2
    """To a file: primitives and references."""
    INSPECT = 4
    """To a person: secrets replaced."""
    ALL = REBOOT | ARCHIVE | INSPECT

    # The enum's own way costs more than all else of a small snapshot.
    def __contains__(self, other: SnapshotFlag) -> bool:
        return self._value_ & other._value_ == other._value_


REBOOT: Final = SnapshotFlag.REBOOT
ARCHIVE: Final = SnapshotFlag.ARCHIVE
INSPECT: Final = SnapshotFlag.INSPECT
ALL: Final = SnapshotFlag.ALL


class State:
    """An object that has snapshots.

    A subclass says by class attributes what its snapshot is; what its bases say is added to it.

    Attributes:
        state_version: Version of the snapshots written now, from 1. Raise it when a field changes
            its meaning or goes, and teach `upgrade_snapshot` the step. A new field with a default
            needs neither.
        snapshot_fields: Names of the attributes that a snapshot holds. When neither the class nor
            a base names any, all that have no leading underscore.
        secret_fields: Names of the fields that no person may see.
    """

    __slots__ = ()

    state_version: ClassVar[int] = 1
    snapshot_fields: ClassVar[tuple[str, ...]] = ()
    secret_fields: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.snapshot_fields = tuple(dict.fromkeys(_declared(cls, "snapshot_fields")))
        cls.secret_fields = frozenset(_declared(cls, "secret_fields"))
        if VERSION in cls.snapshot_fields:
            raise TypeError(f"{cls.__qualname__}: a field cannot be called {VERSION!r}")
        if type(cls.state_version) is not int or cls.state_version < 1:
            raise TypeError(f"{cls.__qualname__}: state_version must be a whole number from 1")

    def take_snapshot(
        self, session: AppSession, flags: SnapshotFlag
    ) -> Mapping[str, object] | None:
        """Return what the object holds, by field name, with its version.

        The default is `copied_fields`. A class that writes its own starts from that, or puts
        `state_version` in as `version` and masks with `mask_secrets` itself.

        Args:
            session: Whose registered classes count as references.
            flags: Where it goes.

        Returns:
            Values are primitives or, unless it goes to a portal, references: objects for which
            `session.snapshot_methods` has methods. None leaves the object out.

        Raises:
            TypeError: A value is neither; the text starts with its path.
        """
        return self.copied_fields(session, flags)

    def copied_fields(self, session: AppSession, flags: SnapshotFlag) -> dict[str, object]:
        """Copy the attributes that belong into a snapshot, and add the version.

        Nothing in it is shared with the object but references. Secrets are masked when a person
        is to see it.

        Raises:
            TypeError: As for take_snapshot.
        """
        fields = self._fields()
        if INSPECT in flags:
            fields = self.mask_secrets(fields)
        is_reference = no_reference if REBOOT in flags else session.is_reference
        data = copy_state(fields, type(self).__qualname__, is_reference)
        data[VERSION] = self.state_version
        return data

    @classmethod
    def restore_snapshot(cls, session: AppSession, data: Mapping[str, object]) -> Self:
        """Build an object from a snapshot that this class, or an older version of it, has taken.

        The default calls the class without arguments and sets the attributes that the data names;
        others keep the value that `__init__` gave them. It shares no container with the data.

        Raises:
            RestoreError: The version is missing, newer, or without a way up; or a field is no
                field of this class.
        """
        fields = cls.current_data(session, data)
        for name in fields:
            if not cls._is_field(name):
                raise RestoreError(
                    f"{cls.__qualname__}: the snapshot has an unknown field {name!r}"
                )
        restored = cls()
        for name, value in fields.items():
            setattr(restored, name, value)
        return restored

    @classmethod
    def upgrade_snapshot(cls, data: dict[str, object], version: int) -> dict[str, object]:
        """Turn data of one version into data of the next; for classes that have had several.

        Called once per step, so that a class keeps one step for each version that it ever wrote.

        Args:
            data: The fields, without the version; may be changed and returned.
            version: What the data is now; it is to become `version + 1`.

        Raises:
            RestoreError: There is no such step (what the default says of all).
        """
        raise RestoreError(
            f"{cls.__qualname__}: no way from snapshot version {version} to {version + 1}"
        )

    @classmethod
    def current_data(cls, session: AppSession, data: Mapping[str, object]) -> dict[str, object]:
        """Copy a snapshot's fields, upgraded to the present version and without it.

        For classes that write their own `restore_snapshot`.

        Raises:
            RestoreError: As for restore_snapshot; or a value is neither primitive nor reference.
        """
        version = cls._readable_version(data)
        try:
            fields = copy_state(data, cls.__qualname__, session.is_reference)
        except TypeError as exc:
            raise RestoreError(str(exc)) from exc
        del fields[VERSION]
        for older in range(version, cls.state_version):
            fields = cls.upgrade_snapshot(fields, older)
        return fields

    @classmethod
    def mask_secrets(cls, data: Mapping[str, ValueT]) -> dict[str, ValueT | str]:
        """Copy data (one level deep) with `***` for every field of `secret_fields` in it."""
        secrets = cls.secret_fields
        return {name: SECRET if name in secrets else value for name, value in data.items()}

    def _fields(self) -> dict[str, object]:
        names = self.snapshot_fields
        if names:
            return {name: getattr(self, name) for name in names}
        try:
            attributes = vars(self)
        except TypeError:
            raise TypeError(
                f"{type(self).__qualname__} has slots, so it must name its snapshot_fields"
            ) from None
        if VERSION in attributes:
            raise TypeError(f"{type(self).__qualname__}: a field cannot be called {VERSION!r}")
        return {name: value for name, value in attributes.items() if name[0] != "_"}

    @classmethod
    def _is_field(cls, name: str) -> bool:
        if cls.snapshot_fields:
            return name in cls.snapshot_fields
        if not name.isidentifier() or name[0] == "_" or hasattr(State, name):
            return False
        # Data must not take the place of a method or go through a property.
        return not hasattr(getattr(cls, name, None), "__get__")

    @classmethod
    def _readable_version(cls, data: Mapping[str, object]) -> int:
        version = data.get(VERSION)
        if type(version) is not int or version < 1:
            raise RestoreError(
                f"{cls.__qualname__}: the snapshot's version must be a number from 1, "
                f"got {version!r:.40}"
            )
        if version > cls.state_version:
            raise RestoreError(
                f"{cls.__qualname__}: the snapshot has version {version}, this program reads up to "
                f"{cls.state_version}; use the program that wrote it, or a newer one"
            )
        return version


def _declared(cls: type[State], attribute: str) -> list[str]:
    """Names that a class and its bases declare, those of the bases first."""
    names: list[str] = []
    for base in reversed(cls.__mro__):
        declared = vars(base).get(attribute, ())
        if isinstance(declared, str):
            raise TypeError(f"{cls.__qualname__}: {attribute} must be names, got {declared!r}")
        names.extend(declared)
    return names


class FrozenState(State):
    """Stands for an object in an archive, with a snapshot of primitives that nobody changes.

    So the snapshot may be taken after the moment of the archive, when its record is made.
    """

    __slots__ = ()

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> dict[str, Any]:
        """As State.take_snapshot; never None."""
        return self.copied_fields(session, flags)


class Frozen(NamedTuple):
    """A state manager as it is at one moment, of which snapshots can be taken later.

    Fields: `manager`, another of the same class. Nobody changes it any more, nor what it refers
    to, and nothing else refers to that. `instead`: pairs of an object and what stands for it, where
    others may refer to the object; they may be made as they are asked for, which is once and before
    the manager's snapshot is taken.
    """

    manager: StateManager
    instead: Iterable[tuple[object, State]] = ()


class StateManager(State, abc.ABC):
    """Holds the state of one part of the application session.

    Setting one as a public attribute of the session registers it under that name. Others register
    themselves by `init_state_manager` and go by `destroy`.
    """

    _registered_in: AppSession | None = None
    _registered_as: str = ""

    @abc.abstractmethod
    def reset_state(self, session: AppSession) -> None:
        """Go back to the state without data."""

    def include_state(self) -> bool:
        """Say whether the manager's state belongs into an archive of the session."""
        return True

    def freeze(self, session: AppSession) -> Frozen | None:
        """Return what stands for this manager as it is now, in an archive that is being made.

        For managers of so much that taking its snapshot would be felt. None (the default): the
        manager's own snapshot is taken now.
        """
        return None

    def combine_state(self, session: AppSession, other: Self) -> Self:
        """Build what holds both one's own state and that of another, as an archive had it.

        Neither is changed, as nothing may come of it; for a restore that combines.

        Raises:
            RestoreError: They cannot be combined (what the default says of all).
        """
        raise RestoreError(f"{type(self).__qualname__} cannot be combined with another")

    def init_state_manager(self, session: AppSession, base_tag: str = "anonymous") -> None:
        """Register in the session, as `base_tag` or the first free of `base_tag 1`, `base_tag 2`.

        Raises:
            ValueError: It is registered by this method already.
        """
        if self._registered_in is not None:
            raise ValueError(f"already registered as {self._registered_as!r}; call destroy() first")
        taken = session.state_managers_by_tag(object)
        tags = (f"{base_tag} {n}" if n else base_tag for n in count())
        tag = next(tag for tag in tags if tag not in taken)
        session.add_state_manager(tag, self)
        self._registered_in, self._registered_as = session, tag

    def take_place(self, before: StateManager) -> None:
        """Stand registered as another manager did, whose tag this one gets."""
        self._registered_in, self._registered_as = before._registered_in, before._registered_as

    def destroy(self) -> None:
        """Undo `init_state_manager`. Does nothing when there is nothing to undo."""
        session, tag = self._registered_in, self._registered_as
        if session is not None and session.state_managers_by_tag(object).get(tag) is self:
            session.remove_state_manager(tag)
        self._registered_in, self._registered_as = None, ""
