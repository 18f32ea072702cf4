"""What objects, accounts, scripts and channels ask of the database, and the same kept in memory.

`WorldRows` names what the store of a world (`everdoor_server.world`) offers for reading; writing
goes through `everdoor_server.commit`. `MemoryRows` keeps the rows in dictionaries: a world without
a database, for tests and tools.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern
from typing import Any, NamedTuple, Protocol

from everdoor_server.commit import Change


class Label(NamedTuple):
    """A tag, alias or permission (`kind`) of an object; an empty category is none."""

    kind: str
    category: str
    name: str


class ObjectRow(NamedTuple):
    """An object as stored, with its labels; `location`, `home`, `destination` are ids."""

    id: int
    key: str
    typeclass: str
    location: int | None = None
    home: int | None = None
    destination: int | None = None
    locks: str = ""
    cmdsets: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()


class AccountRow(NamedTuple):
    """The world's half of an account; `characters` and `last_puppet` are ids of objects."""

    id: int
    key: str
    is_superuser: bool = False
    permissions: tuple[str, ...] = ()
    characters: tuple[int, ...] = ()
    last_puppet: int | None = None
    locks: str = ""
    cmdsets: tuple[str, ...] = ()


class ScriptRow(NamedTuple):
    """A script as stored.

    `object_id`: what it is on; None: nothing. `interval_s` 0: it has no timer. `repeats` 0: for
    ever. `repeated`: how often it has, since it was started. `due_s`: when it repeats next, in
    seconds of the world's clock (`scripts.clock`). `left_s`: how long it has still to wait once it
    goes on; None: it is not paused. `attempts`: how often it was announced that it is run because a
    server may have died of it. `tags`: (category, name).
    """

    id: int
    key: str
    typeclass: str
    object_id: int | None = None
    description: str = ""
    interval_s: float = 0.0
    start_delay: bool = False
    repeats: int = 0
    persistent: bool = True
    active: bool = False
    repeated: int = 0
    due_s: float | None = None
    left_s: float | None = None
    attempts: int = 0
    tags: tuple[tuple[str, str], ...] = ()


class TimerRow(NamedTuple):
    """The timer of a script that is to repeat; see ScriptRow."""

    id: int
    due_s: float
    attempts: int


class ChannelRow(NamedTuple):
    """A channel as stored; see `channels.Channel`."""

    id: int
    key: str
    aliases: tuple[str, ...] = ()
    desc: str = ""
    locks: str = ""
    for_all: bool = False


class MessageRow(NamedTuple):
    """What was said on a channel, at epoch seconds; later ones have higher numbers."""

    number: int
    said_at: float
    text: str


class WorldRows(Protocol):
    """Reads committed rows; cheap, and never in the way of a writer."""

    def object(self, object_id: int) -> ObjectRow | None: ...

    def contents(self, location_id: int) -> list[ObjectRow]:
        """Rows of all that is directly there, by id."""

    def find_objects(
        self,
        *,
        name: str | None = None,
        label: Label | None = None,
        home: int | None = None,
        destination: int | None = None,
    ) -> list[ObjectRow]:
        """Rows for which all that is given holds, by id.

        Args:
            name: Key or alias, whatever the case.
            label: A tag, alias or permission.
            home, destination: Id of an object.
        """

    def attributes(self, object_id: int) -> dict[str, str]:
        """Encoded values by name (`everdoor_server.savedvalues`)."""

    def account(self, account_id: int) -> AccountRow | None: ...

    def find_account(self, name: str) -> AccountRow | None:
        """The account of that name, whatever the case."""

    def account_attributes(self, account_id: int) -> dict[str, str]: ...

    def script(self, script_id: int) -> ScriptRow | None: ...

    def find_scripts(
        self,
        *,
        key: str | None = None,
        object_id: int | None = None,
        tag: tuple[str, str] | None = None,
        persistent: bool | None = None,
    ) -> list[ScriptRow]:
        """Rows for which all that is given holds, by id.

        Args:
            key: Whatever the case.
            object_id: What they are on.
            tag: (category, name).
            persistent: As the column.
        """

    def script_attributes(self, script_id: int) -> dict[str, str]: ...

    def timers(self) -> list[TimerRow]:
        """The timers of all scripts that are to repeat."""

    def channels(self) -> list[ChannelRow]:
        """All channels, by id."""

    def channel_messages(self, channel_id: int) -> list[MessageRow]:
        """What is kept of a channel, by number."""

    def counter(self, name: str) -> int:
        """Highest number given out; 0 when none was."""


PARTS = {
    "object": ("attribute", "tag"),
    "script": ("script_attribute", "script_tag"),
    "channel": ("channel_message",),
}
"""Tables whose rows belong to a row of another, and go with it."""


class MemoryRows:
    """Rows in memory; `apply` is its commit."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {}

    def apply(self, changes: Iterable[Change]) -> None:
        """Take over the changes of a turn."""
        for change in changes:
            key = tuple(change.key.values())
            if change.values is None:
                self._table(change.table).pop(key, None)
            else:
                self._table(change.table)[key] = {**change.key, **change.values}
            if change.table in PARTS and change.values is None:
                self._drop_parts(change.table, change.key["id"])

    def object(self, object_id: int) -> ObjectRow | None:
        row = self._table("object").get((object_id,))
        return self._object_row(row) if row else None

    def contents(self, location_id: int) -> list[ObjectRow]:
        return [row for row in self._object_rows() if row.location == location_id]

    def find_objects(
        self,
        *,
        name: str | None = None,
        label: Label | None = None,
        home: int | None = None,
        destination: int | None = None,
    ) -> list[ObjectRow]:
        return [
            row
            for row in self._object_rows()
            if (name is None or _is_named(row, name.casefold()))
            and (label is None or label in row.labels)
            and home in (None, row.home)
            and destination in (None, row.destination)
        ]

    def attributes(self, object_id: int) -> dict[str, str]:
        return self._values("attribute", object_id)

    def account(self, account_id: int) -> AccountRow | None:
        row = self._table("account").get((account_id,))
        return account_row(row) if row else None

    def find_account(self, name: str) -> AccountRow | None:
        for row in self._table("account").values():
            if row["folded"] == name.casefold():
                return account_row(row)
        return None

    def account_attributes(self, account_id: int) -> dict[str, str]:
        return self._values("account_attribute", account_id)

    def script(self, script_id: int) -> ScriptRow | None:
        row = self._table("script").get((script_id,))
        return self._script_row(row) if row else None

    def find_scripts(
        self,
        *,
        key: str | None = None,
        object_id: int | None = None,
        tag: tuple[str, str] | None = None,
        persistent: bool | None = None,
    ) -> list[ScriptRow]:
        return [
            row
            for row in self._script_rows()
            if (key is None or row.key.casefold() == key.casefold())
            and object_id in (None, row.object_id)
            and (tag is None or tag in row.tags)
            and persistent in (None, row.persistent)
        ]

    def script_attributes(self, script_id: int) -> dict[str, str]:
        return self._values("script_attribute", script_id)

    def timers(self) -> list[TimerRow]:
        return [
            TimerRow(row.id, row.due_s, row.attempts)
            for row in self._script_rows()
            if row.due_s is not None
        ]

    def channels(self) -> list[ChannelRow]:
        return [channel_row(row) for _, row in sorted(self._table("channel").items())]

    def channel_messages(self, channel_id: int) -> list[MessageRow]:
        rows = sorted(self._table("channel_message").items())
        of_channel = [row for key, row in rows if key[0] == channel_id]
        return [MessageRow(row["number"], row["said_at"], row["text"]) for row in of_channel]

    def counter(self, name: str) -> int:
        row = self._table("counter").get((name,))
        return row["value"] if row else 0

    def _table(self, name: str) -> dict[tuple[Any, ...], dict[str, Any]]:
        return self._tables.setdefault(name, {})

    def _values(self, table: str, owner_id: int) -> dict[str, str]:
        rows = self._table(table).items()
        return {key[1]: row["value"] for key, row in rows if key[0] == owner_id}

    def _object_rows(self) -> list[ObjectRow]:
        return [self._object_row(row) for _, row in sorted(self._table("object").items())]

    def _object_row(self, row: dict[str, Any]) -> ObjectRow:
        labels = sorted(key for key in self._table("tag") if key[0] == row["id"])
        return object_row(row, [Label(*key[1:]) for key in labels])

    def _script_rows(self) -> list[ScriptRow]:
        return [self._script_row(row) for _, row in sorted(self._table("script").items())]

    def _script_row(self, row: dict[str, Any]) -> ScriptRow:
        tags = sorted(key[1:] for key in self._table("script_tag") if key[0] == row["id"])
        return script_row(row, tags)

    def _drop_parts(self, table: str, owner_id: int) -> None:
        for part in PARTS[table]:
            rows = self._table(part)
            for key in [key for key in rows if key[0] == owner_id]:
                del rows[key]


def object_row(columns: Any, labels: Iterable[Label]) -> ObjectRow:
    """Build an ObjectRow from the columns of the table `object`, by name."""
    return ObjectRow(
        id=columns["id"],
        key=columns["key"],
        # Read again and again for things that are like many others: one text for all of them.
        typeclass=intern(columns["typeclass"]),
        location=columns["location_id"],
        home=columns["home_id"],
        destination=columns["destination_id"],
        locks=columns["locks"],
        cmdsets=tuple(columns["cmdsets"]),
        labels=tuple(labels),
    )


def account_row(columns: Any) -> AccountRow:
    """Build an AccountRow from the columns of the table `account`, by name."""
    return AccountRow(
        id=columns["id"],
        key=columns["key"],
        is_superuser=columns["is_superuser"],
        permissions=tuple(columns["permissions"]),
        characters=tuple(columns["characters"]),
        last_puppet=columns["last_puppet_id"],
        locks=columns["locks"],
        cmdsets=tuple(columns["cmdsets"]),
    )


def script_row(columns: Any, tags: Iterable[tuple[str, str]]) -> ScriptRow:
    """Build a ScriptRow from the columns of the table `script`, by name."""
    of_row = {name: columns[name] for name in ScriptRow._fields if name != "tags"}
    flags = {name: bool(columns[name]) for name in ("start_delay", "persistent", "active")}
    return ScriptRow(**{**of_row, **flags}, tags=tuple(tags))


def channel_row(columns: Any) -> ChannelRow:
    """Build a ChannelRow from the columns of the table `channel`, by name."""
    return ChannelRow(
        id=columns["id"],
        key=columns["key"],
        aliases=tuple(columns["aliases"]),
        desc=columns["description"],
        locks=columns["locks"],
        for_all=bool(columns["for_all"]),
    )


def _is_named(row: ObjectRow, folded: str) -> bool:
    aliases = (label.name for label in row.labels if label.kind == "alias")
    return row.key.casefold() == folded or folded in (alias.casefold() for alias in aliases)
