"""Databases of Evennia's, written row by row: what a test needs, and no Evennia.

The tables and columns are those of Evennia 1.0 to 6 that are read.
"""

from __future__ import annotations

import base64
import pickle
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE accounts_accountdb (id integer PRIMARY KEY, password text, is_superuser bool,
  username text, email text, is_active bool, db_typeclass_path text, db_lock_storage text,
  db_cmdset_storage text, db_is_bot bool);
CREATE TABLE objects_objectdb (id integer PRIMARY KEY, db_key text, db_typeclass_path text,
  db_lock_storage text, db_cmdset_storage text, db_destination_id int, db_home_id int,
  db_location_id int);
CREATE TABLE typeclasses_attribute (id integer PRIMARY KEY, db_key text, db_value text,
  db_strvalue text, db_category text, db_lock_storage text, db_attrtype text);
CREATE TABLE typeclasses_tag (id integer PRIMARY KEY, db_key text, db_category text, db_data text,
  db_tagtype text);
CREATE TABLE objects_objectdb_db_attributes (objectdb_id int, attribute_id int);
CREATE TABLE accounts_accountdb_db_attributes (accountdb_id int, attribute_id int);
CREATE TABLE objects_objectdb_db_tags (objectdb_id int, tag_id int);
CREATE TABLE accounts_accountdb_db_tags (accountdb_id int, tag_id int);
CREATE TABLE scripts_scriptdb (id integer PRIMARY KEY, db_key text, db_typeclass_path text);
CREATE TABLE comms_channeldb (id integer PRIMARY KEY, db_key text, db_typeclass_path text);
CREATE TABLE comms_msg (id integer PRIMARY KEY);
CREATE TABLE help_helpentry (id integer PRIMARY KEY, db_key text);
CREATE TABLE server_serverconfig (db_key text);
"""

PASSWORD = "old lanterns"
HASH = "pbkdf2_sha256$1$salt$bi0MDsHqpYA/sIXoQbYz6kxhJD/odyR8KEnZXrTzQd8="
"""Django's hash of PASSWORD, as cheap as can be."""


def reference(object_id: int) -> tuple[Any, ...]:
    """How Evennia writes an object in a value."""
    return ("__packed_dbobj__", ("objects", "objectdb"), "2026:11:20-09:44:43:352147", object_id)


class Evennia:
    """A database that is filled; it begins with Limbo, #2, and nothing else.

    Args:
        path: Where it is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with closing(sqlite3.connect(path)) as db:
            db.executescript(SCHEMA)
        self.object(2, "Limbo", "typeclasses.rooms.Room")

    def account(self, account_id: int, name: str, **columns: Any) -> None:
        """Add an account, with the PASSWORD where nothing else is said."""
        self._insert(
            "accounts_accountdb",
            {
                "id": account_id,
                "username": name,
                "password": HASH,
                "is_superuser": False,
                "is_active": True,
                "db_is_bot": False,
                "db_lock_storage": "",
                "db_typeclass_path": "typeclasses.accounts.Account",
                **columns,
            },
        )

    def object(
        self,
        object_id: int,
        key: str,
        typeclass: str = "typeclasses.objects.Object",
        location: int | None = None,
        **columns: Any,
    ) -> None:
        """Add an object."""
        given = {"id": object_id, "db_key": key, "db_typeclass_path": typeclass}
        place = {"db_location_id": location, "db_lock_storage": ""}
        self._insert("objects_objectdb", {**given, **place, **columns})

    def attribute(
        self, owner: int, name: str, value: Any, table: str = "object", **columns: Any
    ) -> None:
        """Add an attribute of an object, or of an account."""
        pickled = base64.b64encode(pickle.dumps(value, 4)).decode()
        given = {"db_key": name, "db_value": pickled, "db_lock_storage": "", **columns}
        self._attach(table, owner, "attribute", self._insert("typeclasses_attribute", given))

    def tag(self, owner: int, name: str, table: str = "object", **columns: Any) -> None:
        """Add a tag of an object, or of an account."""
        given = {"db_key": name, **columns}
        self._attach(table, owner, "tag", self._insert("typeclasses_tag", given))

    def other(self, table: str, **columns: Any) -> None:
        """Add a row of any table."""
        self._insert(table, columns)

    def _attach(self, table: str, owner: int, what: str, row: int) -> None:
        links = f"{table}s_{table}db_db_{what}s"
        self._insert(links, {f"{table}db_id": owner, f"{what}_id": row})

    def _insert(self, table: str, columns: Mapping[str, Any]) -> int:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        with closing(sqlite3.connect(self.path)) as db, db:
            done = db.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})", [*columns.values()]
            )
            assert done.lastrowid is not None, "a row was inserted"
            return done.lastrowid
