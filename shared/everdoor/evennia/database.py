"""Evennia's database, an SQLite file, read as it is at one moment.

What is read is described in `records`, values in `pickles`. The file is opened for reading only.

Source: the models of Evennia 1.0 to 6 (`objects`, `accounts`, `typeclasses`, `scripts`, `comms`,
`help`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, Self

from everdoor.errors import UserError
from everdoor.evennia.records import (
    EvenniaAccount,
    EvenniaAttribute,
    EvenniaObject,
    EvenniaTag,
)

Owner = Literal["object", "account"]
"""Whose attributes and tags are asked for."""

_TABLES: Final = {"object": "objects_objectdb", "account": "accounts_accountdb"}
_COLUMNS: Final = {"object": "objectdb_id", "account": "accountdb_id"}

_ACCOUNTS = """
SELECT id, username, password, is_superuser, is_active, db_is_bot, coalesce(email, ''),
       coalesce(db_typeclass_path, ''), db_lock_storage, coalesce(db_cmdset_storage, '')
FROM accounts_accountdb ORDER BY id
"""
_OBJECTS = """
SELECT id, db_key, coalesce(db_typeclass_path, ''), db_location_id, db_home_id, db_destination_id,
       db_lock_storage, coalesce(db_cmdset_storage, '')
FROM objects_objectdb ORDER BY id
"""
_ATTRIBUTES = """
SELECT m.{column}, a.db_key, coalesce(a.db_category, ''), coalesce(a.db_attrtype, ''),
       a.db_lock_storage, a.db_value, a.db_strvalue
FROM {table}_db_attributes m JOIN typeclasses_attribute a ON a.id = m.attribute_id
ORDER BY m.{column}, a.id
"""
_TAGS = """
SELECT m.{column}, coalesce(t.db_key, ''), coalesce(t.db_category, ''),
       coalesce(t.db_tagtype, ''), coalesce(t.db_data, '') != ''
FROM {table}_db_tags m JOIN typeclasses_tag t ON t.id = m.tag_id
ORDER BY m.{column}, t.id
"""
_OTHERS: Final = {
    "scripts": "SELECT db_key, coalesce(db_typeclass_path, '') FROM scripts_scriptdb ORDER BY id",
    "channels": "SELECT db_key, coalesce(db_typeclass_path, '') FROM comms_channeldb ORDER BY id",
    "help entries": "SELECT db_key, '' FROM help_helpentry ORDER BY id",
    "stored messages": "SELECT '#' || id, '' FROM comms_msg ORDER BY id",
    "bans": "SELECT db_key, '' FROM server_serverconfig WHERE db_key = 'server_bans'",
}
"""What else a world may have: each row's name, and its class where it has one."""


class EvenniaDatabase:
    """A database of Evennia's; to be used in a `with`.

    Args:
        path: The file, usually `server/evennia.db3` of a game's folder.

    Raises:
        UserError: There is no such file, or it is no database of Evennia's.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError(
                f"{path} is no file; expected Evennia's database, such as mygame/server/evennia.db3"
            )
        self.path = path
        quoted = path.absolute().as_uri()
        try:
            self._connection = sqlite3.connect(f"{quoted}?mode=ro", uri=True, isolation_level=None)
            # Everything is read as it was at one moment, whoever writes meanwhile.
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT 1 FROM objects_objectdb, accounts_accountdb LIMIT 1")
        except sqlite3.Error as exc:
            raise UserError(f"{path} is no database of Evennia's: {exc}") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def accounts(self) -> list[EvenniaAccount]:
        """All accounts, by id."""
        return [
            EvenniaAccount(*row[:3], *map(bool, row[3:6]), *row[6:])
            for row in self._rows(_ACCOUNTS)
        ]

    def objects(self) -> list[EvenniaObject]:
        """All objects, by id."""
        return [EvenniaObject(*row) for row in self._rows(_OBJECTS)]

    def attributes(self, owner: Owner) -> Iterator[EvenniaAttribute]:
        """Attributes of all accounts or objects, by owner; read while they are asked for."""
        asked = _ATTRIBUTES.format(table=_TABLES[owner], column=_COLUMNS[owner])
        return (EvenniaAttribute(*row) for row in self._rows(asked))

    def count_attributes(self, owner: Owner) -> int:
        """How many `attributes` gives."""
        return int(next(self._rows(f"SELECT count(*) FROM {_TABLES[owner]}_db_attributes"))[0])

    def tags(self, owner: Owner) -> Iterator[EvenniaTag]:
        """Tags, aliases and permissions of all accounts or objects, by owner."""
        asked = _TAGS.format(table=_TABLES[owner], column=_COLUMNS[owner])
        rows = self._rows(asked)
        return (EvenniaTag(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows)

    def others(self) -> dict[str, list[tuple[str, str]]]:
        """What else there is, by what it is: its name and its class."""
        return {what: list(self._rows(asked)) for what, asked in _OTHERS.items()}

    def _rows(self, asked: str) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(asked)
        except sqlite3.Error as exc:
            raise UserError(f"{self.path} cannot be read: {exc}") from exc
