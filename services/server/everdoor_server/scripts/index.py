"""All scripts of one world: found, made, deleted, run; one Python object per row.

A script is read from the database when somebody asks for it, or when it is due: a start reads only
when that is. What they do is theirs (`base`), when and whether they may is in `timers`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import structlog

from everdoor.errors import UserError
from everdoor_server.acts import Act, report
from everdoor_server.changes import Changes, Values
from everdoor_server.classpaths import import_class, path_of
from everdoor_server.current import Within, World, within
from everdoor_server.rows import ScriptRow, WorldRows
from everdoor_server.scripts.base import Script
from everdoor_server.scripts.timers import Timers

if TYPE_CHECKING:
    from everdoor_server.objects import Object, Objects

ScriptT = TypeVar("ScriptT", bound=Script)

BASE_TYPECLASS = "everdoor_server.scripts.Script"

_log = structlog.get_logger(__name__)


class ScriptSettings(TypedDict, total=False):
    """What may be said of one script when it is made; see `asking.create_script`."""

    obj: Object | None
    interval: float | None
    start_delay: bool | None
    repeats: int | None
    persistent: bool | None
    desc: str | None
    tags: Iterable[str]
    attributes: Mapping[str, Any] | None
    autostart: bool


OWN = ("interval", "start_delay", "repeats", "persistent", "desc")
"""Those that are attributes of a script."""


class Scripts:
    """The scripts of one world.

    Args:
        world: In which they run.
        rows: What is stored.
        changes: Where changes are noted for the turn's commit.
        objects: What they may be on.
        clock: Seconds of the world's clock (`clock`).
        set_off: Takes what is to go on beside everything else: coroutines that scripts return.
        died: The server before has died, and what it was running may be the cause.

    Attributes:
        timers: When they are due.
    """

    def __init__(
        self,
        world: World,
        rows: WorldRows,
        changes: Changes,
        objects: Objects,
        clock: Callable[[], float],
        set_off: Callable[[Act], None],
        died: bool = False,
    ) -> None:
        self.rows = rows
        self.changes = changes
        self.objects = objects
        self.now = clock
        self._world = world
        self._set_off = set_off
        self._scripts: dict[int, Script] = {}
        self._deleted: set[int] = set()
        self._attempts: dict[int, int] = {}
        self._last_id = rows.counter("script")
        self._typeclasses: dict[str, type[Script]] = {}
        self.timers = Timers(self, rows.timers(), clock, died)

    # Finding.

    def get(self, script_id: int | None) -> Script | None:
        """The script of that id, None when there is none."""
        if script_id is None or script_id in self._deleted:
            return None
        found = self._scripts.get(script_id)
        if found is None:
            row = self.rows.script(script_id)
            found = self._load(row) if row else None
        return found

    def of(self, object_id: int) -> list[Script]:
        """All that is on an object, by id; also what is hidden."""
        rows = self.rows.find_scripts(object_id=object_id)
        return self._found(rows, lambda script: script.object_id == object_id)

    def find(
        self,
        key: str | None = None,
        *,
        tag: str | None = None,
        category: str = "",
        typeclass: type[ScriptT] = Script,  # type: ignore[assignment]
    ) -> list[ScriptT]:
        """Scripts by id, on something or on nothing.

        Args:
            key: Their name, whatever the case.
            tag, category: A tag they have.
            typeclass: Only scripts of this class or one below.

        Raises:
            UserError: Neither key nor tag is given.
        """
        if key is None and tag is None:
            raise UserError("looking for scripts takes a key or a tag")
        pair = None if tag is None else (category, tag)
        rows = self.rows.find_scripts(key=key, tag=pair)
        found = self._found(rows, lambda script: _fits(script, key, pair))
        return [each for each in found if isinstance(each, typeclass) and not each.is_hidden]

    def is_deleted(self, script_id: int) -> bool:
        return script_id in self._deleted

    # Making and deleting.

    def create(
        self,
        typeclass: type[ScriptT],
        key: str | None = None,
        **settings: Unpack[ScriptSettings],
    ) -> ScriptT:
        """Make a script, and start it; see `asking.create_script`.

        Raises:
            UserError: The interval is none.
            TypeError: An attribute cannot be stored, or there is no such setting.
        """
        if unknown := settings.keys() - ScriptSettings.__annotations__:
            raise TypeError(f"a script has no setting {', '.join(sorted(unknown))}")
        self._last_id += 1
        self.changes.mark("counter", ("script",), self._counter)
        script = typeclass(self, _new_row(self._last_id, typeclass, key, settings.get("obj")))
        self._scripts[script.id] = script
        try:
            script.at_script_creation()
            _set(script, key, settings)
        except Exception:
            self.forget(script)
            raise
        script.touch()
        script.at_init()
        if settings.get("autostart", True) and not script.is_deleted:
            script.start()
        return script

    def delete(self, script: Script) -> bool:
        """Stop and delete a script.

        Returns:
            False when `at_script_delete` refuses, or it is deleted already.
        """
        if script.id in self._deleted or not script.at_script_delete():
            return False
        script.stop()
        self.forget(script)
        return True

    def forget(self, script: Script) -> None:
        """Delete a script without any hook."""
        self.timers.set(script.id, None)
        script.attributes.close()
        self._deleted.add(script.id)
        self._scripts.pop(script.id, None)
        self._attempts.pop(script.id, None)
        script.touch()

    def delete_of(self, obj: Object) -> None:
        """Delete all that is on an object, which goes; none can refuse."""
        for script in self.of(obj.id):
            script.stop()
            if not script.is_deleted:
                self.forget(script)

    def delete_unsaved(self) -> None:
        """Delete the scripts that are not persistent: the server was not only reloaded."""
        for script in self._found(self.rows.find_scripts(persistent=False), _is_unsaved):
            self.forget(script)

    # Running; for `timers`.

    def fire(self, script_id: int) -> None:
        """Run a script that is due; what goes wrong in it disturbs nobody."""
        self.call(f"script #{script_id}", partial(self._fire, script_id))

    def _fire(self, script_id: int) -> Any:
        script = self.get(script_id)
        if script is None or script.is_idle:
            return None
        self._attempts.pop(script_id, None)
        return script.fire()

    def call(self, who: str, call: Callable[[], Any]) -> None:
        """Call code of the game; a coroutine that it returns goes on beside everything else.

        Args:
            who: Names it in the log, when something goes wrong.
        """
        try:
            with within(self._world):
                result = call()
        except Exception as error:
            report(who, error)
        else:
            if isinstance(result, Coroutine):
                running = Within(result, self._world)
                self._set_off(Act(who, lambda: running))

    def count_attempt(self, script_id: int, attempts: int) -> None:
        self._attempts[script_id] = attempts
        self.changes.mark("script", (script_id,), partial(self.values_of, script_id))

    def set_aside(self, script_id: int) -> None:
        self.timers.set(script_id, None)
        self._attempts.pop(script_id, None)
        row = self._row_of(script_id)
        if row is None:
            return
        _log.error(
            "a script was set aside: three servers in a row have died while it was run",
            script=script_id,
            key=row.key,
            typeclass=row.typeclass,
            object=row.object_id,
        )
        if (script := self._scripts.get(script_id)) is not None:
            script.set_aside()
            return
        values = _columns(row._replace(due_s=None, active=False, attempts=0))
        self.changes.mark("script", (script_id,), lambda: values)

    # Private.

    def values_of(self, script_id: int) -> Values:
        """The columns of a script's row; no code of the game is run for that."""
        row = self._row_of(script_id)
        if row is None:
            return None
        return _columns(row._replace(attempts=self._attempts.get(script_id, 0)))

    def _row_of(self, script_id: int) -> ScriptRow | None:
        if script_id in self._deleted:
            return None
        script = self._scripts.get(script_id)
        return script.row() if script is not None else self.rows.script(script_id)

    def _counter(self) -> Values:
        return {"value": self._last_id}

    def _found(self, rows: Iterable[ScriptRow], fits: Callable[[Script], bool]) -> list[Script]:
        """Scripts that were found in the database, and those that it has otherwise or not yet."""
        found = {row.id for row in rows} | self.changes.marked("script", "script_tag")
        scripts = (self.get(script_id) for script_id in sorted(found))
        return [script for script in scripts if script is not None and fits(script)]

    def _load(self, row: ScriptRow) -> Script:
        script = self._class_of(row)(self, row)
        self._scripts[row.id] = script
        script.at_init()
        return script

    def _class_of(self, row: ScriptRow) -> type[Script]:
        try:
            return self._import(row.typeclass)
        except UserError as exc:
            _log.error("script has no class", script=row.id, reason=str(exc))
            return self._import(BASE_TYPECLASS)

    def _import(self, path: str) -> type[Script]:
        found = self._typeclasses.get(path)
        if found is None:
            found = self._typeclasses[path] = import_script(path)
        return found


def import_script(path: str) -> type[Script]:
    """Import a script class by its path.

    Raises:
        UserError: There is no such class, or it is no Script.
    """
    return import_class(path, Script, "script")


def _new_row(
    script_id: int, typeclass: type[Script], key: str | None, obj: Object | None
) -> ScriptRow:
    return ScriptRow(
        id=script_id,
        key=key or typeclass.key or typeclass.__name__,
        typeclass=path_of(typeclass),
        object_id=obj.id if obj else None,
        description=typeclass.desc,
        interval_s=typeclass.interval,
        start_delay=typeclass.start_delay,
        repeats=typeclass.repeats,
        persistent=typeclass.persistent,
    )


def _set(script: Script, key: str | None, settings: ScriptSettings) -> None:
    """Give a new script what was asked for, whatever its class has said."""
    own = {"key": key, **{name: settings.get(name) for name in OWN}}
    for name, value in own.items():
        if value is not None:
            setattr(script, name, value)
    script.tags.add(settings.get("tags", ()))
    for name, value in (settings.get("attributes") or {}).items():
        script.attributes.add(name, value)


def _columns(row: ScriptRow) -> dict[str, Any]:
    columns = {**row._asdict(), "folded": row.key.casefold()}
    del columns["id"], columns["tags"]
    return columns


def _fits(script: Script, key: str | None, tag: tuple[str, str] | None) -> bool:
    named = key is None or script.key.casefold() == key.casefold()
    return named and (tag is None or tag in script.tags.pairs())


def _is_unsaved(script: Script) -> bool:
    return not script.persistent
