"""Script: something that happens at times, on an object or by itself, and what it remembers.

Scripts are made, read and deleted by `index.Scripts` only; when they are due is in `timers`.
"""

from __future__ import annotations

import math
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from everdoor.errors import UserError
from everdoor_server.attributes import Attributes, Saved, Unsaved
from everdoor_server.changes import Values
from everdoor_server.labels import Labels
from everdoor_server.rows import ScriptRow
from everdoor_server.stored import Stored

if TYPE_CHECKING:
    from everdoor_server.objects import Object
    from everdoor_server.scripts.index import Scripts

MIN_INTERVAL_S = 0.05
"""A shorter interval would keep the server busy with nothing else."""

SETTINGS = ("interval", "start_delay", "repeats")


class Script(Stored):
    """Something that happens at times.

    What it is by default is said by class attributes or in `at_script_creation`; `create_script`
    may say otherwise for one.

    Attributes:
        id: Its number among scripts; never given twice.
        key, desc: Its name, and what it is for.
        interval: Seconds between two repeats; 0: it has no timer, and only keeps something. A
            change counts from the next repeat on, or from `start`.
        start_delay: Whether the first repeat comes after an interval; else at once.
        repeats: How often it repeats until it stops by itself; 0: for ever.
        persistent: False: deleted when the server is reset, or stopped and started. Reloads and
            crashes end no script.
        is_active: Whether it has been started and neither stopped nor paused.
        attributes, db: Saved values; ndb: unsaved ones; tags: names (`labels.Labels`).
    """

    path: ClassVar[str] = "everdoor_server.scripts.Script"
    stored_columns: ClassVar[frozenset[str]] = frozenset(
        {"key", "desc", "persistent", "object_id", *SETTINGS}
    )
    is_hidden: ClassVar[bool] = False
    """Whether it is no script of the game's but something kept as one."""

    key: str = ""
    desc: str = ""
    interval: float = 0.0
    start_delay: bool = False
    repeats: int = 0
    persistent: bool = True

    scripts: Scripts
    id: int
    typeclass_path: str
    object_id: int | None

    def __init__(self, scripts: Scripts, row: ScriptRow) -> None:
        self.__dict__.update(
            scripts=scripts,
            id=row.id,
            typeclass_path=row.typeclass,
            key=row.key,
            desc=row.description,
            object_id=row.object_id,
            interval=row.interval_s,
            start_delay=row.start_delay,
            repeats=row.repeats,
            persistent=row.persistent,
        )
        self._active = row.active
        self._repeated = row.repeated
        self._due_s = row.due_s
        self._left_s = row.left_s
        self._stored_tags = row.tags

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, checked_interval(value) if name == "interval" else value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.key}(script #{self.id})>"

    @cached_property
    def attributes(self) -> Attributes:
        load, changes = self.scripts.rows.script_attributes, self.scripts.changes
        return Attributes("script_attribute", self.id, load, changes, self.scripts.objects)

    @cached_property
    def db(self) -> Saved:
        return Saved(self.attributes)

    @cached_property
    def ndb(self) -> Unsaved:
        return Unsaved()

    @cached_property
    def tags(self) -> Labels:
        return Labels(self._stored_tags, "tag", self)

    # What it is.

    name = property(lambda self: self.key)

    @property
    def obj(self) -> Object | None:
        """What it is on; None: it is on nothing."""
        return self.scripts.objects.get(self.object_id)

    @property
    def is_deleted(self) -> bool:
        return self.scripts.is_deleted(self.id)

    @property
    def is_active(self) -> bool:
        return self._active

    @property
    def is_paused(self) -> bool:
        return self._left_s is not None

    @property
    def is_idle(self) -> bool:
        """Whether it is not to repeat, as things are."""
        return self._due_s is None

    def is_typeclass(self, typeclass: type[Script]) -> bool:
        return isinstance(self, typeclass)

    def touch(self) -> None:
        """Note that its row has changed."""
        self.scripts.changes.mark("script", (self.id,), partial(self.scripts.values_of, self.id))

    # Its timer.

    def start(
        self,
        interval: float | None = None,
        start_delay: bool | None = None,
        repeats: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Start it, or begin anew when it runs; one that is paused goes on.

        Args:
            interval, start_delay, repeats: Replace what it has; then also one that is paused
                begins anew.
            **kwargs: For `at_start`.

        Raises:
            UserError: The interval is none.
        """
        given = dict(zip(SETTINGS, (interval, start_delay, repeats), strict=True))
        given = {name: value for name, value in given.items() if value is not None}
        for name, value in given.items():
            setattr(self, name, value)
        left_s = self._left_s
        if left_s is None or given:
            self._repeated = 0
            left_s = self.interval if self.start_delay else 0.0
        self._active, self._left_s = True, None
        self._set_due(self.scripts.now() + left_s if self.interval else None)
        self.at_start(**kwargs)

    def stop(self, **kwargs: Any) -> None:
        """Stop it; `start` begins anew. Nothing happens when it has stopped already.

        Args:
            **kwargs: For `at_stop`.
        """
        if self._active or self.is_paused:
            self._active, self._left_s, self._repeated = False, None, 0
            self._set_due(None)
            self.at_stop(**kwargs)

    def pause(self, **kwargs: Any) -> None:
        """Have it wait where it is until `unpause`; nothing happens when it does not run.

        Args:
            **kwargs: For `at_pause`.
        """
        if self._active:
            self._active, self._left_s = False, self.time_until_next_repeat() or 0.0
            self._set_due(None)
            self.at_pause(**kwargs)

    def unpause(self, **kwargs: Any) -> None:
        """Have it go on with what was left of its interval; nothing happens unless it is paused.

        Args:
            **kwargs: For `at_start`.
        """
        if self.is_paused:
            self.start(**kwargs)

    def force_repeat(self) -> None:
        """Repeat as soon as this command, or whatever else runs, is done; the interval begins anew
        with that. Nothing happens when it does not run."""
        if self._active and self.interval:
            self._set_due(self.scripts.now())

    def time_until_next_repeat(self) -> float | None:
        """Seconds until it repeats next; None: it does not run, or has no timer."""
        return None if self._due_s is None else max(0.0, self._due_s - self.scripts.now())

    def remaining_repeats(self) -> int | None:
        """How often it will still repeat; None: for ever."""
        return max(0, self.repeats - self._repeated) if self.repeats > 0 else None

    def reset_callcount(self, value: int = 0) -> None:
        """Have it believe that it has repeated so often."""
        self._repeated = value
        self.touch()

    def delete(self) -> bool:
        """Stop and delete it. False when `at_script_delete` refuses, or it is deleted already."""
        return self.scripts.delete(self)

    # Hooks.

    def at_script_creation(self) -> None:
        """It has just been made, once in its life; it is not started yet."""

    def at_init(self) -> None:
        """It has been read from the database, or made: the place to fill `ndb`."""

    def at_start(self, **kwargs: Any) -> None:
        """It has been started, or goes on after a pause. A restart of the server is neither."""

    def at_repeat(self) -> Any:
        """It is due. May be `async`: what comes after its first wait ends with the server."""

    def at_pause(self, **kwargs: Any) -> None:
        """It has been paused."""

    def at_stop(self, **kwargs: Any) -> None:
        """It has stopped: somebody has stopped or deleted it, or it has repeated often enough."""

    def at_script_delete(self) -> bool:
        """It is about to be deleted; False: it is not."""
        return True

    def is_valid(self) -> bool:
        """Asked before each repeat; False: it stops instead."""
        return True

    # For `index.Scripts`.

    def fire(self) -> Any:
        """Repeat: when it repeats next is settled first, as part of the same commit.

        Returns:
            What `at_repeat` has returned.
        """
        now, self._repeated = self.scripts.now(), self._repeated + 1
        is_last = 0 < self.repeats <= self._repeated
        due_s = now if self._due_s is None else self._due_s
        goes_on = self.interval and not is_last
        self._set_due(next_due(due_s, self.interval, now) if goes_on else None)
        if not self.is_valid():
            self.stop()
            return None
        try:
            return self.at_repeat()
        finally:
            if is_last and self._active and self._due_s is None:
                self.stop()

    def set_aside(self) -> None:
        """Stop it without any code of the game."""
        self._active = False
        self._set_due(None)

    def row(self) -> ScriptRow:
        """It as it is to be stored, but for its tags."""
        return ScriptRow(
            id=self.id,
            key=self.key,
            typeclass=self.typeclass_path,
            object_id=self.object_id,
            description=self.desc,
            interval_s=self.interval,
            start_delay=self.start_delay,
            repeats=self.repeats,
            persistent=self.persistent,
            active=self._active,
            repeated=self._repeated,
            due_s=self._due_s,
            left_s=self._left_s,
        )

    def _set_due(self, due_s: float | None) -> None:
        self._due_s = due_s
        self.scripts.timers.set(self.id, due_s)
        self.touch()

    def note_label(self, kind: str, category: str, name: str, present: bool) -> None:
        row = partial(self._tag_row, (category, name))
        self.scripts.changes.mark("script_tag", (self.id, category, name), row)
        self.touch()

    def _tag_row(self, pair: tuple[str, str]) -> Values:
        return {} if not self.is_deleted and pair in self.tags.pairs() else None


def next_due(due_s: float, interval_s: float, now: float) -> float:
    """When a script repeats next that was due then: on the beat of its interval, and after now.

    Beats that have passed while no server ran are made up for by the repeat that is done now.
    """
    missed = max(0, math.floor((now - due_s) / interval_s))
    due_s += interval_s * (missed + 1)
    return due_s if due_s > now else due_s + interval_s


def checked_interval(value: Any) -> float:
    """An interval as it is kept.

    Raises:
        UserError: It is none.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not (value == 0 or MIN_INTERVAL_S <= value < math.inf):
        raise UserError(
            f"an interval is a number of seconds, {MIN_INTERVAL_S:g} or more, or 0 for no timer; "
            f"got {value!r:.40}"
        )
    return float(value)
