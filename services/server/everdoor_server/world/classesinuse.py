"""Which classes the objects and scripts of a stored world have, for `everdoor game check`.

It reads beside whoever has the world open, and makes or upgrades nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

TABLES = {"world_object": "object", "world_script": "script"}


class ClassInUse(NamedTuple):
    """A class by its path, what is of it (`object` or `script`), how many, and one of them."""

    path: str
    kind: str
    number: int
    example: str


def classes_in_use(url: str) -> list[ClassInUse]:
    """Read the classes of a world; none where there is no world, or none that can be read.

    Args:
        url: As the setting world_database_url.
    """
    try:
        readable = _read_only(make_url(url))
        if readable is None:
            return []
        engine = create_engine(readable, poolclass=NullPool)
        with engine.connect() as connection:
            return list(_read(connection))
    except (SQLAlchemyError, ImportError):
        return []


def _read_only(url: URL) -> URL | None:
    if not url.drivername.startswith("sqlite"):
        return url.set(drivername="postgresql+psycopg")
    if not url.database or not Path(url.database).is_file():
        return None
    return url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})


def _read(connection: Connection) -> Iterator[ClassInUse]:
    there = inspect(connection).get_table_names()
    for table, kind in TABLES.items():
        if table in there:
            rows = connection.execute(
                text(
                    f"SELECT o.typeclass, n.count, o.id, o.key FROM {table} o JOIN (SELECT "
                    f"typeclass, count(*) AS count, min(id) AS id FROM {table} GROUP BY typeclass"
                    ") n ON n.id = o.id ORDER BY o.typeclass"
                )
            )
            for path, count, first, key in rows:
                yield ClassInUse(path, kind, count, f"{key} (#{first})")
