"""All objects of one world: found, made, deleted; one Python object per row.

An object is read from the database when somebody asks for it, and then stays. What is in a place
is read before anything moves in or out of it, so that a list of contents, once read, is exact.
Moving, speaking and looking are the objects' own (`base`, `kinds`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from everdoor.errors import UserError
from everdoor_server.changes import Changes, Values
from everdoor_server.classpaths import import_class, path_of
from everdoor_server.objects.base import Object
from everdoor_server.rows import Label, ObjectRow, WorldRows
from everdoor_server.stored import check_text

if TYPE_CHECKING:
    from everdoor_server.scripts import Scripts

ObjectT = TypeVar("ObjectT", bound=Object)

SHIPPED = "everdoor_server.objects"

START_LABEL = Label("tag", "place", "start")
"""The tag of the room where new characters begin, and where who lost its place goes."""

log = structlog.get_logger(__name__)


class Objects:
    """The objects of one world.

    Args:
        rows: What is stored.
        changes: Where changes are noted for the turn's commit.
        make_cmdset: Makes the command set handler of an object or account (`obj.cmdset`); None in
            worlds without commands.

    Attributes:
        scripts: The scripts of the world; None in worlds without.
        act: Has an object do what a line says that nobody has typed; None in worlds without
            commands.
    """

    scripts: Scripts | None = None
    act: Callable[[Object, str], None] | None = None

    def __init__(
        self,
        rows: WorldRows,
        changes: Changes,
        make_cmdset: Callable[[Any], Any] | None = None,
    ) -> None:
        self.rows = rows
        self.changes = changes
        self.make_cmdset = make_cmdset
        self._objects: dict[int, Object] = {}
        self._deleted: set[int] = set()
        self._last_id = rows.counter("object")
        self._typeclasses: dict[str, type[Object]] = {}
        self._gone: set[str] = set()

    # Finding.

    def get(self, object_id: int | None) -> Object | None:
        """The object of that id, None when there is none."""
        if object_id is None:
            return None
        found = self._objects.get(object_id)
        if found is None and object_id not in self._deleted:
            row = self.rows.object(object_id)
            found = self._load(row) if row else None
        return found

    def count_loaded(self) -> int:
        """How many objects are in memory."""
        return len(self._objects)

    def loaded(self, object_id: int) -> Object | None:
        """The object of that id if it has been read already."""
        return self._objects.get(object_id)

    def contents(self, location_id: int) -> dict[int, Object]:
        """Read what is directly in a place; the place keeps the answer up to date."""
        found = (self._known(row) for row in self.rows.contents(location_id))
        return {obj.id: obj for obj in found if obj is not None and obj.location_id == location_id}

    def find(
        self,
        name: str | None = None,
        *,
        tag: str | None = None,
        category: str = "",
        typeclass: type[Object] = Object,
    ) -> list[Object]:
        """Objects anywhere in the world, by id.

        Args:
            name: Key or alias, whatever the case; or `#id`.
            tag, category: A tag they have.
            typeclass: Only objects of this class or one below.

        Raises:
            UserError: Neither name nor tag is given.
        """
        if name is None and tag is None:
            raise UserError("looking for objects takes a name or a tag")
        if name is not None and name.startswith("#") and name[1:].isdecimal():
            found = [obj for obj in [self.get(int(name[1:]))] if obj is not None]
        else:
            label = Label("tag", category, tag) if tag is not None else None
            found = self._find(name, label)
        return [obj for obj in found if isinstance(obj, typeclass)]

    def leading_to(self, obj: Object) -> list[Object]:
        """The exits whose destination something is."""
        return [each for each in self._linked(obj) if each.destination_id == obj.id]

    def start_location(self) -> Object | None:
        """Where new characters begin."""
        found = self._find(None, START_LABEL)
        return found[0] if found else None

    def set_start_location(self, room: Object) -> None:
        """Have new characters, and who loses its place, begin there."""
        for former in self._find(None, START_LABEL):
            former.tags.remove(START_LABEL.name, START_LABEL.category)
        room.tags.add(START_LABEL.name, START_LABEL.category)

    def object_id(self, value: Any) -> int | None:
        """The id of an object of this world, None for any other value."""
        object_id = getattr(value, "id", None)
        if isinstance(object_id, int) and self._objects.get(object_id) is value:
            return object_id
        return None

    # Making and deleting.

    def create(
        self,
        typeclass: type[ObjectT],
        key: str,
        *,
        location: Object | None = None,
        home: Object | None = None,
        destination: Object | None = None,
        aliases: Iterable[str] = (),
        tags: Iterable[str] = (),
        permissions: Iterable[str] = (),
        locks: str = "",
        attributes: Mapping[str, Any] | None = None,
    ) -> ObjectT:
        """Make an object and place it, without hooks of moving.

        Raises:
            UserError: The lock string is none.
            TypeError, ValueError: A key, a label or an attribute cannot be stored.
        """
        check_text(key, "key")
        obj = typeclass(self, ObjectRow(self._next_id(), key, path_of(typeclass)))
        self._objects[obj.id] = obj
        obj.home_id = home.id if home else None
        obj.destination_id = destination.id if destination else None
        obj.at_object_creation()
        obj.aliases.add(aliases)
        obj.tags.add(tags)
        obj.permissions.add(permissions)
        if locks:
            obj.locks.add(locks)
        for name, value in (attributes or {}).items():
            obj.attributes.add(name, value)
        obj.location = location
        obj.touch()
        return obj

    def delete(self, obj: Object) -> bool:
        """Delete an object: what is in it goes home, exits from it and to it go with it.

        Returns:
            False when `at_object_delete` refuses, or it is deleted already.
        """
        if obj.id in self._deleted or not obj.at_object_delete():
            return False
        for leading_here in self._linked(obj):
            if leading_here.destination_id == obj.id:
                self.delete(leading_here)
            else:
                leading_here.home_id = None
        for inside in obj.contents:
            if inside.destination_id is None or not self.delete(inside):
                inside.go_home(without=obj)
        if self.scripts is not None:
            self.scripts.delete_of(obj)
        obj.release()
        obj.location = None
        obj.attributes.close()
        self._deleted.add(obj.id)
        self._objects.pop(obj.id, None)
        obj.touch()
        return True

    def is_deleted(self, object_id: int) -> bool:
        return object_id in self._deleted

    # Private.

    def _next_id(self) -> int:
        self._last_id += 1
        self.changes.mark("counter", ("object",), self._counter)
        return self._last_id

    def _counter(self) -> Values:
        return {"value": self._last_id}

    def _known(self, row: ObjectRow) -> Object | None:
        if row.id in self._deleted:
            return None
        return self._objects.get(row.id) or self._load(row)

    def _load(self, row: ObjectRow) -> Object:
        obj = self._class_of(row)(self, row)
        self._objects[row.id] = obj
        obj.at_init()
        return obj

    def _find(self, name: str | None, label: Label | None) -> list[Object]:
        stored = map(self._known, self.rows.find_objects(name=name, label=label))
        found = {obj.id: obj for obj in stored if obj is not None} | self._unsaved()
        return [obj for _, obj in sorted(found.items()) if obj.answers_to(name, label)]

    def _linked(self, obj: Object) -> list[Object]:
        rows = [
            *self.rows.find_objects(home=obj.id),
            *self.rows.find_objects(destination=obj.id),
        ]
        stored = map(self._known, rows)
        found = {each.id: each for each in stored if each is not None} | self._unsaved()
        return [each for each in found.values() if obj.id in (each.home_id, each.destination_id)]

    def _unsaved(self) -> dict[int, Object]:
        """Objects whose rows differ from the database."""
        ids = self.changes.marked("object", "tag")
        return {i: self._objects[i] for i in ids if i in self._objects}

    def _class_of(self, row: ObjectRow) -> type[Object]:
        try:
            return self._import(row.typeclass)
        except UserError as exc:
            stand_in = _stand_in(row)
            if row.typeclass not in self._gone:
                self._gone.add(row.typeclass)
                log.error(
                    "a class is gone; what is of it is of a shipped one until it is back",
                    typeclass=row.typeclass,
                    stand_in=stand_in,
                    first=f"{row.key} (#{row.id})",
                    reason=str(exc),
                )
            return self._import(stand_in)

    def _import(self, path: str) -> type[Object]:
        found = self._typeclasses.get(path)
        if found is None:
            found = self._typeclasses[path] = import_typeclass(path)
        return found


def import_typeclass(path: str) -> type[Object]:
    """Import an object class by its path.

    Raises:
        UserError: There is no such class, or it is no Object.
    """
    return import_class(path, Object, "typeclass")


def _stand_in(row: ObjectRow) -> str:
    """The shipped class that comes nearest to what a row was: nobody is left without a body, a
    way out or a floor."""
    if row.destination is not None:
        return f"{SHIPPED}.Exit"
    if any(label.kind == "permission" for label in row.labels):
        return f"{SHIPPED}.Character"
    is_nowhere = row.location is None and row.home is None
    return f"{SHIPPED}.Room" if is_nowhere else f"{SHIPPED}.Thing"
