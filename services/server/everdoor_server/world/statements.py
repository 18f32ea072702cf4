"""SQL that is written once with SQLAlchemy Core and then run on the driver itself.

Building and compiling a statement costs more than running it, and a turn may commit thousands of
times a second. Every parameter is named, so that the same statement fits every driver.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Dialect, Table, bindparam, delete, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement
from sqlmodel import SQLModel


class Query(NamedTuple):
    """A compiled SELECT and the names of the columns that it returns, in order."""

    sql: str
    columns: tuple[str, ...]


class Writing(NamedTuple):
    """How rows of one table are written and deleted by their key."""

    upsert: str
    delete: str


def compiled(statement: ClauseElement, dialect: Dialect) -> str:
    """Compile a statement with named parameters."""
    return str(statement.compile(dialect=dialect))


def writing(model: type[SQLModel], dialect: Dialect) -> Writing:
    """Compile what writes a row, new or not, and what deletes it; parameters are its columns."""
    table = table_of(model)
    keys = [column.name for column in table.primary_key]
    others = [column.name for column in table.columns if column.name not in keys]
    insert = _inserting(dialect)(table)
    upsert = (
        insert.on_conflict_do_update(
            index_elements=keys, set_={name: insert.excluded[name] for name in others}
        )
        if others
        else insert.on_conflict_do_nothing()
    )
    gone = delete(table).where(*(table.c[key] == bindparam(key) for key in keys))
    return Writing(compiled(upsert, dialect), compiled(gone, dialect))


def _inserting(dialect: Dialect) -> Any:
    """What begins an INSERT that knows conflicts."""
    if dialect.name == "postgresql":
        # Late: a server whose world is a file need not carry it.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    return sqlite.insert


def query(model: type[SQLModel], dialect: Dialect, *where: ClauseElement) -> Query:
    """Compile a SELECT of all columns of a table, ordered by its key."""
    table = table_of(model)
    statement = select(table).where(*where).order_by(*table.primary_key)  # type: ignore[arg-type]
    return Query(compiled(statement, dialect), tuple(column.name for column in table.columns))


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model."""
    table = model.__table__  # type: ignore[attr-defined]
    assert isinstance(table, Table), "every model here is a table"
    return table
