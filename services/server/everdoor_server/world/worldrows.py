"""The world's half of the database: objects, accounts, scripts, channels and what they keep.

Implements `everdoor_server.rows.WorldRows`; only rows that have changed are written. What objects
are is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from sys import intern
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, func, literal_column, select, union
from sqlalchemy.sql import ColumnElement
from sqlmodel import SQLModel

from everdoor.errors import StoreBusy
from everdoor_server.commit import Change
from everdoor_server.rows import (
    AccountRow,
    ChannelRow,
    Label,
    MessageRow,
    ObjectRow,
    ScriptRow,
    TimerRow,
    account_row,
    channel_row,
    object_row,
    script_row,
)
from everdoor_server.world.driver import Driver
from everdoor_server.world.models import (
    Account,
    AccountAttribute,
    Attribute,
    Channel,
    ChannelMessage,
    Counter,
    Object,
    Script,
    ScriptAttribute,
    ScriptTag,
    Tag,
)
from everdoor_server.world.statements import Query, compiled, query, table_of, writing

MODELS: dict[str, type[SQLModel]] = {
    "object": Object,
    "attribute": Attribute,
    "tag": Tag,
    "account": Account,
    "account_attribute": AccountAttribute,
    "script": Script,
    "script_attribute": ScriptAttribute,
    "script_tag": ScriptTag,
    "channel": Channel,
    "channel_message": ChannelMessage,
    "counter": Counter,
}
"""Tables by the names that `everdoor_server.changes` gives them."""

MAX_ID = 2**63 - 1
"""No id is higher; what players type may be, and a database refuses to look for it."""

LISTS = ("cmdsets", "permissions", "characters", "aliases")
"""Columns that hold a list."""


class WorldRows:
    """Reads and writes the world.

    Args:
        driver: The connection; writing is done within its transaction.

    Attributes:
        failure: What the last read has failed with that may work later.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.failure: StoreBusy | None = None
        dialect = driver.dialect
        self._writing = {name: writing(model, dialect) for name, model in MODELS.items()}
        self._objects = {
            name: (query(Object, dialect, where), query(Tag, dialect, _tags_of(where)))
            for name, where in _object_filters().items()
        }
        attribute, account = table_of(Attribute).c, table_of(Account).c
        of_account = table_of(AccountAttribute).c.account_id
        self._attributes = query(Attribute, dialect, attribute.object_id == bindparam("id"))
        self._account = query(Account, dialect, account.id == bindparam("id"))
        self._named = query(Account, dialect, account.folded == bindparam("folded"))
        self._of_account = query(AccountAttribute, dialect, of_account == bindparam("id"))
        self._scripts = {
            name: (query(Script, dialect, where), query(ScriptTag, dialect, _script_tags_of(where)))
            for name, where in _script_filters().items()
        }
        of_script = table_of(ScriptAttribute).c.script_id
        self._of_script = query(ScriptAttribute, dialect, of_script == bindparam("id"))
        self._timers = compiled(_timers(), dialect)
        self._first_account = compiled(select(func.min(account.id)), dialect)
        message = table_of(ChannelMessage).c
        self._channels = query(Channel, dialect)
        self._messages = query(ChannelMessage, dialect, message.channel_id == bindparam("id"))
        counted = table_of(Counter).c.name == bindparam("name")
        self._counter = query(Counter, dialect, counted)

    def apply(self, changes: Iterable[Change]) -> None:
        """Write changed rows, within a transaction."""
        for (table, is_gone), same in groupby(changes, lambda each: (each[0], each[2] is None)):
            statements = self._writing[table]
            if is_gone:
                self._driver.run_many(statements.delete, [change.key for change in same])
            else:
                self._driver.run_many(statements.upsert, map(_columns, same))

    def object(self, object_id: int) -> ObjectRow | None:
        if object_id > MAX_ID:
            return None
        return next(iter(self._read_objects("id", object_id)), None)

    def contents(self, location_id: int) -> list[ObjectRow]:
        return self._read_objects("location", location_id)

    def find_objects(
        self,
        *,
        name: str | None = None,
        label: Label | None = None,
        home: int | None = None,
        destination: int | None = None,
    ) -> list[ObjectRow]:
        asked: dict[str, Any] = {
            "name": name and name.casefold(),
            "label": label,
            "home": home,
            "destination": destination,
        }
        found = [self._read_objects(by, value) for by, value in asked.items() if value is not None]
        kept = [{row.id for row in rows} for rows in found]
        return [row for row in found[0] if all(row.id in ids for ids in kept)]

    def attributes(self, object_id: int) -> dict[str, str]:
        rows = self._rows(self._attributes.sql, {"id": object_id})
        return {name: value for _, name, value in rows}

    def account(self, account_id: int) -> AccountRow | None:
        return self._read_account(self._account, {"id": account_id})

    def find_account(self, name: str) -> AccountRow | None:
        return self._read_account(self._named, {"folded": name.casefold()})

    def account_attributes(self, account_id: int) -> dict[str, str]:
        rows = self._rows(self._of_account.sql, {"id": account_id})
        return {name: value for _, name, value in rows}

    def script(self, script_id: int) -> ScriptRow | None:
        if script_id > MAX_ID:
            return None
        return next(iter(self._read_scripts("id", {"value": script_id})), None)

    def find_scripts(
        self,
        *,
        key: str | None = None,
        object_id: int | None = None,
        tag: tuple[str, str] | None = None,
        persistent: bool | None = None,
    ) -> list[ScriptRow]:
        asked: dict[str, dict[str, Any] | None] = {
            "key": None if key is None else {"value": key.casefold()},
            "object": None if object_id is None else {"value": object_id},
            "tag": None if tag is None else {"category": tag[0], "name": tag[1]},
            "persistent": None if persistent is None else {"value": persistent},
        }
        found = [self._read_scripts(by, given) for by, given in asked.items() if given is not None]
        kept = [{row.id for row in rows} for rows in found]
        return [row for row in found[0] if all(row.id in ids for ids in kept)]

    def script_attributes(self, script_id: int) -> dict[str, str]:
        rows = self._rows(self._of_script.sql, {"id": script_id})
        return {name: value for _, name, value in rows}

    def timers(self) -> list[TimerRow]:
        return [TimerRow(*row) for row in self._rows(self._timers, {})]

    def has_accounts(self) -> bool:
        """Whether anybody has ever logged in to this world."""
        return self._rows(self._first_account, {})[0][0] is not None

    def channels(self) -> list[ChannelRow]:
        rows = self._rows(self._channels.sql, {})
        return [channel_row(_decoded(self._channels, row)) for row in rows]

    def channel_messages(self, channel_id: int) -> list[MessageRow]:
        rows = self._rows(self._messages.sql, {"id": channel_id})
        return [MessageRow(*row[1:]) for row in rows]

    def counter(self, name: str) -> int:
        found = self._rows(self._counter.sql, {"name": name})
        return int(found[0][1]) if found else 0

    def _rows(self, sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._driver.rows(sql, given)
        except StoreBusy as exc:
            self.failure = exc
            raise

    def _read_objects(self, by: str, value: Any) -> list[ObjectRow]:
        objects, tags = self._objects[by]
        given = _label_columns(value) if isinstance(value, Label) else {"value": value}
        labels: dict[int, list[Label]] = {}
        for object_id, kind, category, name, _ in self._rows(tags.sql, given):
            labels.setdefault(object_id, []).append(Label(intern(kind), intern(category), name))
        rows = (_decoded(objects, row) for row in self._rows(objects.sql, given))
        return [object_row(row, labels.get(row["id"], ())) for row in rows]

    def _read_scripts(self, by: str, given: dict[str, Any]) -> list[ScriptRow]:
        scripts, tags = self._scripts[by]
        tags_of: dict[int, list[tuple[str, str]]] = {}
        for script_id, category, name in self._rows(tags.sql, given):
            tags_of.setdefault(script_id, []).append((category, name))
        rows = (_decoded(scripts, row) for row in self._rows(scripts.sql, given))
        return [script_row(row, tags_of.get(row["id"], ())) for row in rows]

    def _read_account(self, asked: Query, given: dict[str, Any]) -> AccountRow | None:
        rows = self._rows(asked.sql, given)
        return account_row(_decoded(asked, rows[0])) if rows else None


def _object_filters() -> dict[str, ColumnElement[bool]]:
    """What objects are found by, each a condition on their table that an index serves."""
    objects, tags = table_of(Object).c, table_of(Tag).alias().c
    value: ColumnElement[Any] = bindparam("value")
    named = table_of(Object).alias().c
    called = select(named.id).where(named.folded == value)
    by_alias = (tags.kind == literal_column("'alias'"), tags.folded == value)
    by_label = (
        tags.kind == bindparam("kind"),
        tags.folded == bindparam("folded"),
        tags.category == bindparam("category"),
        tags.name == bindparam("name"),
    )
    return {
        "id": objects.id == value,
        "location": objects.location_id == value,
        "home": objects.home_id == value,
        "destination": objects.destination_id == value,
        "name": objects.id.in_(union(called, select(tags.object_id).where(*by_alias))),
        "label": objects.id.in_(select(tags.object_id).where(*by_label)),
    }


def _tags_of(where: ColumnElement[bool]) -> ColumnElement[bool]:
    """The labels of the objects for which a condition holds."""
    objects, tags = table_of(Object), table_of(Tag)
    return tags.c.object_id.in_(objects.select().with_only_columns(objects.c.id).where(where))


def _script_filters() -> dict[str, ColumnElement[bool]]:
    """What scripts are found by, each a condition on their table."""
    scripts, tags = table_of(Script).c, table_of(ScriptTag).alias().c
    value: ColumnElement[Any] = bindparam("value")
    tagged = (tags.category == bindparam("category"), tags.name == bindparam("name"))
    return {
        "id": scripts.id == value,
        "key": scripts.folded == value,
        "object": scripts.object_id == value,
        "tag": scripts.id.in_(select(tags.script_id).where(*tagged)),
        "persistent": scripts.persistent == value,
    }


def _script_tags_of(where: ColumnElement[bool]) -> ColumnElement[bool]:
    """The tags of the scripts for which a condition holds."""
    scripts, tags = table_of(Script), table_of(ScriptTag)
    return tags.c.script_id.in_(scripts.select().with_only_columns(scripts.c.id).where(where))


def _timers() -> Select[Any]:
    scripts = table_of(Script).c
    columns = (scripts.id, scripts.due_s, scripts.attempts)
    return select(*columns).where(scripts.due_s.is_not(None)).order_by(scripts.id)


def _label_columns(label: Label) -> dict[str, Any]:
    return {**label._asdict(), "folded": label.name.casefold()}


def _columns(change: Change) -> dict[str, Any]:
    values = change.values or {}
    lists = {name: msgspec.json.encode(values[name]).decode() for name in LISTS if name in values}
    return {**change.key, **values, **lists}


def _decoded(asked: Query, row: tuple[Any, ...]) -> dict[str, Any]:
    columns = dict(zip(asked.columns, row, strict=True))
    lists = {name: msgspec.json.decode(columns[name]) for name in LISTS if name in columns}
    return {**columns, **lists}
