"""AppSession: the whole archivable state of one world in one process.

It keeps the state managers by tag, the methods for classes that cannot inherit State, and what
everybody in one world shares: logger, triggers, models, metadata. It holds no operating-system
state and nothing of the interpreter, and it is not a player's session. Several may live in one
process; nothing in this package is shared between them. What a snapshot is, is said in `snapshots`.

The words are those of UCSF ChimeraX's session and State API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final, Protocol, TypeVar, runtime_checkable

from everdoor.errors import UserError
from everdoor.state.archivefile import ARCHIVE_VERSION
from everdoor.state.classes import StateClasses
from everdoor.state.logger import Logger
from everdoor.state.metadata import NOTHING
from everdoor.state.models import ADD_MODELS, REMOVE_MODELS, Models
from everdoor.state.primitives import Primitive
from everdoor.state.restoring import read_metadata, stage, swap
from everdoor.state.saving import Saving
from everdoor.state.snapshots import SnapshotFlag, State, StateManager
from everdoor.state.triggers import TriggerSet

BEGIN_SAVE_SESSION: Final = "begin save session"
END_SAVE_SESSION: Final = "end save session"
BEGIN_RESTORE_SESSION: Final = "begin restore session"
END_RESTORE_SESSION: Final = "end restore session"

SESSION_TRIGGERS: Final = (
    BEGIN_SAVE_SESSION,
    END_SAVE_SESSION,
    BEGIN_RESTORE_SESSION,
    END_RESTORE_SESSION,
)
"""Triggers that every session has; their data is the session."""

ManagerT = TypeVar("ManagerT")


@runtime_checkable
class SnapshotMethods(Protocol):
    """Snapshots of objects whose class does not know how: a State class, or a stand-in for one.

    A stand-in is a class with these two as static methods. It may have `reset_state(obj, session)`
    and `include_state(obj)` too, and then its objects are managers.
    """

    def take_snapshot(
        self, obj: Any, session: AppSession, flags: SnapshotFlag, /
    ) -> Mapping[str, object] | None:
        """As State.take_snapshot, of `obj`."""

    def restore_snapshot(self, session: AppSession, data: Mapping[str, object], /) -> object:
        """As State.restore_snapshot."""


class AppSession:
    """The application session of one world.

    Setting a public attribute to a StateManager registers it under the attribute's name; deleting
    the attribute, or setting it to something else, deregisters it.

    Attributes:
        app_name: What the program calls itself.
        debug, silent: How much the logger says, see Logger.
        minimal: Whether it started without the common containers, see `common_startup`.
        logger: Where to say what happens.
        metadata: What an archive says of itself: description, author, thumbnail, anything.
        triggers: What others may wait for.
        models: The live objects. A minimal session has none.
        session_file_path: The archive last saved or opened, or None.
        classes: Of which an archive may hold objects; see `register_state_class`.
        about_world: Says what there is to know of the running world, for the metadata of an
            archive: values for names of `metadata.ABOUT_WORLD`.
    """

    models: Models

    def __init__(
        self, app_name: str, *, debug: bool = False, silent: bool = False, minimal: bool = False
    ) -> None:
        self._state_managers: dict[str, Any] = {}
        self._registered_methods: dict[type, SnapshotMethods] = {}
        self.classes = StateClasses()
        self.app_name = app_name
        self.debug = debug
        self.silent = silent
        self.minimal = minimal
        self.logger = Logger(app_name, debug=debug, silent=silent)
        self.metadata: dict[str, Primitive] = {}
        self.triggers = TriggerSet(self.logger)
        self.session_file_path: Path | None = None
        self.about_world: Callable[[], Mapping[str, Primitive]] = lambda: NOTHING
        for name in SESSION_TRIGGERS:
            self.triggers.add_trigger(name)
        if not minimal:
            common_startup(self)

    # State managers by tag.

    def __setattr__(self, name: str, value: object) -> None:
        before = vars(self).get(name)
        object.__setattr__(self, name, value)
        if name.startswith("_"):
            return
        if before is not value:
            self._deregister_attribute(name, before)
        if self.snapshot_methods(value, base_type=StateManager) is not None:
            self.add_state_manager(name, value)

    def __delattr__(self, name: str) -> None:
        before = vars(self).get(name)
        object.__delattr__(self, name)
        self._deregister_attribute(name, before)

    def add_state_manager(self, tag: str, container: object) -> None:
        """Register a container of state, in the place of one that has the tag.

        Raises:
            ValueError: The container has neither snapshot methods nor `clear()`.
        """
        has_clear = callable(getattr(container, "clear", None))
        if self.snapshot_methods(container) is None and not has_clear:
            raise ValueError(
                f"state manager {tag!r} must have snapshot methods or clear(), "
                f"got {type(container).__qualname__}, which has neither"
            )
        if isinstance(container, State):
            self.classes.add_known(type(container))
        self._state_managers[tag] = container

    def get_state_manager(self, tag: str) -> Any:
        """Return the container of that tag.

        Raises:
            KeyError: There is none.
        """
        try:
            return self._state_managers[tag]
        except KeyError:
            raise KeyError(f"no state manager {tag!r}") from None

    def remove_state_manager(self, tag: str) -> None:
        """Deregister the container of that tag; an attribute of that name stays set.

        Raises:
            KeyError: There is none.
        """
        self.get_state_manager(tag)
        del self._state_managers[tag]

    def state_managers(self, cls: type[ManagerT]) -> list[ManagerT]:
        """Return the containers of a type in the order of registration; [] when there is none."""
        return list(self.state_managers_by_tag(cls).values())

    def state_managers_by_tag(self, cls: type[ManagerT]) -> dict[str, ManagerT]:
        """Return the containers of a type by tag; {} when there is none."""
        managers = self._state_managers
        return {tag: manager for tag, manager in managers.items() if isinstance(manager, cls)}

    # Snapshots of any object.

    def snapshot_methods(
        self, obj: object, instance: bool = True, base_type: type[State] = State
    ) -> SnapshotMethods | None:
        """Return what takes and restores snapshots of an object.

        Args:
            obj: The object, or its class.
            instance: Whether it is the object.
            base_type: What the class must inherit. A registered class inherits nothing; for
                StateManager its methods must have `reset_state` instead.

        Returns:
            The object's class, or the methods registered for it: call
            `methods.take_snapshot(obj, session, flags)` and
            `methods.restore_snapshot(session, data)`. None for primitives and all that is unknown.

        Raises:
            TypeError: `instance` is False and `obj` is no class.
        """
        cls = type(obj) if instance else obj
        if not isinstance(cls, type):
            raise TypeError(f"expected a class, as instance is False, got {obj!r:.80}")
        if issubclass(cls, base_type):
            return cls
        methods = self._registered_methods.get(cls)
        if issubclass(base_type, StateManager) and not hasattr(methods, "reset_state"):
            return None
        return methods

    def register_snapshot_methods(self, methods: Mapping[type, SnapshotMethods]) -> None:
        """Register methods for classes that cannot inherit State; subclasses are not meant.

        Raises:
            ValueError: A class's methods lack take_snapshot or restore_snapshot; none is then
                registered.
        """
        for cls, has in methods.items():
            if not isinstance(has, SnapshotMethods):
                raise ValueError(
                    f"snapshot methods of {cls.__qualname__} must have take_snapshot and "
                    f"restore_snapshot, got {has!r:.80}"
                )
        self._registered_methods.update(methods)
        for cls in methods:
            self.classes.add_known(cls)

    def register_state_class(self, cls: type, *names: str) -> None:
        """Let archives hold objects of a class that has snapshot methods.

        Classes of state managers, and those given to `register_snapshot_methods`, need it only
        for other names than their own.

        Args:
            cls: The class itself; its subclasses are not meant.
            *names: What archives call it. The first is written and all are read, so that a class
                can be renamed; none given: module and qualified name.

        Raises:
            ValueError: It has no snapshot methods, or another class has one of the names.
        """
        if self.snapshot_methods(cls, instance=False) is None:
            raise ValueError(f"{cls.__qualname__} has no snapshot methods")
        self.classes.add(cls, *names)

    def is_reference(self, obj: object) -> bool:
        """Say whether a snapshot may refer to an object, since it has snapshots of its own."""
        return isinstance(obj, State) or type(obj) in self._registered_methods

    def reset(self) -> None:
        """Go back to the state without data: reset every manager, clear the metadata.

        A container that cannot be reset is cleared; one that cannot be cleared either is
        deregistered, being data itself. Each is tried, whatever happens to the others.

        Raises:
            ExceptionGroup: What the managers that failed have raised.
        """
        self.metadata.clear()
        self.session_file_path = None
        errors: list[Exception] = []
        for tag in tuple(self._state_managers):
            try:
                self.reset_state_manager(tag)
            except Exception as exc:
                exc.add_note(f"while resetting state manager {tag!r}")
                errors.append(exc)
        if errors:
            raise ExceptionGroup("the session was reset in part", errors)

    def reset_state_manager(self, tag: str) -> None:
        """Bring one manager back to the state without data, as `reset` does."""
        container = self._state_managers.get(tag)
        if container is None:  # Removed by a manager reset before it.
            return
        methods: Any = self.snapshot_methods(container, base_type=StateManager)
        if methods is not None:
            methods.reset_state(container, self)
        elif callable(getattr(container, "clear", None)):
            container.clear()
        else:
            del self._state_managers[tag]

    # Archives.

    def includes(self, manager: object) -> bool:
        """Say whether a manager's state belongs into an archive."""
        methods: Any = self.snapshot_methods(manager)
        include_state = getattr(methods, "include_state", None)
        return methods is not None and (include_state is None or bool(include_state(manager)))

    def save(self, stream: IO[bytes], version: int) -> None:
        """Write an archive of the session, uncompressed.

        Brings `metadata` up to date once it is written.

        Args:
            stream: Written to only when everything could be taken.
            version: Of the archive file; there is only 3.

        Raises:
            UserError: The version is another, or the session holds what cannot be archived.
        """
        if version != ARCHIVE_VERSION:
            raise UserError(f"archives have version {ARCHIVE_VERSION}, {version!r} was asked for")
        self.triggers.activate_trigger(BEGIN_SAVE_SESSION, self)
        try:
            saving = Saving(self)
            for _ in saving.steps():
                pass
            stream.write(saving.content())
            self.metadata = saving.metadata
        finally:
            self.triggers.activate_trigger(END_SAVE_SESSION, self)

    def begin_saving(self) -> Saving:
        """Take what the session holds now, for an archive that is made bit by bit.

        The triggers of saving are around the taking. Leaves `metadata` as they are.

        Raises:
            UserError: The session holds what cannot be archived; what is found only while the
                archive is made is told then.
        """
        self.triggers.activate_trigger(BEGIN_SAVE_SESSION, self)
        try:
            return Saving(self)
        finally:
            self.triggers.activate_trigger(END_SAVE_SESSION, self)

    def restore(
        self, stream: IO[bytes], metadata_only: bool = False, combine: bool = False
    ) -> None:
        """Become what an archive holds; on any error, stay what the session is.

        Managers are replaced by those of the archive, also as attributes. Those that it lacks are
        reset.

        Args:
            stream: The archive, compressed or not.
            metadata_only: Take over the metadata beside one's own, and nothing else.
            combine: Reset nothing. Where both have a manager, `combine_state` decides; one's own
                metadata come first.

        Raises:
            RestoreError: The archive is at fault; the text names the record, or the place in the
                file. Or what is here cannot be reset or combined.
        """
        if metadata_only:
            self.metadata.update(read_metadata(stream))
            return
        self.triggers.activate_trigger(BEGIN_RESTORE_SESSION, self)
        try:
            swap(self, stage(self, stream), combine)
        finally:
            self.triggers.activate_trigger(END_RESTORE_SESSION, self)

    def _deregister_attribute(self, name: str, value: object) -> None:
        if value is not None and self._state_managers.get(name) is value:
            del self._state_managers[name]


def common_startup(session: AppSession) -> None:
    """Set up the common containers of a session, models with their triggers.

    Called once for each session: by its `__init__` unless it is minimal, else by whoever completes
    it. The server's session handler becomes a state manager when the server sets it as an
    attribute.

    Raises:
        KeyError: It was called before.
    """
    for name in (ADD_MODELS, REMOVE_MODELS):
        session.triggers.add_trigger(name)
    session.models = Models(session)
