"""The tables of the world database.

Only shapes: what the link between portals and server needs is read and written in `linkrows`, the
world in `worldrows`, changes of the tables are in `migrations`. Every name begins with `world_`, so
that the world can share one PostgreSQL database with the accounts. Lists are JSON in text.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, LargeBinary, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

NUMBER = BigInteger().with_variant(Integer, "sqlite")

BY_KEY = {"sqlite_with_rowid": False}
"""Kept in the order of the key, without an index beside the table: half the bytes of a commit."""


class WorldTable(SQLModel, registry=registry()):
    """Base of the tables: a registry of their own keeps them apart from auth's."""


def _number(*, key: bool = False) -> Column[int]:
    """A whole number of 64 bits that the program gives out, never the database."""
    return Column(NUMBER, primary_key=key, nullable=False, autoincrement=False)


def _id_or_none() -> Column[int]:
    return Column(NUMBER, nullable=True)


def _text(*, key: bool = False) -> Column[str]:
    return Column(Text, primary_key=key, nullable=False)


def _part_of(table: str) -> Column[int]:
    """The key column of a row that goes with its owner."""
    # Checked at the end of a transaction: a turn's rows are written in the order of its changes.
    owner = ForeignKey(f"{table}.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    return Column(NUMBER, owner, primary_key=True, autoincrement=False)


# The link between portals and server.


class Lease(WorldTable, table=True):
    """Who serves this world: one row, whose generation fences every write.

    `ending` is how this generation ends (until it says so: a crash), `ended` how the one before
    did; both are values of `everdoor_server.restarts.Ending`. `holder`, `home` and `beat` are
    described with `everdoor_server.commit.HeldBy`.
    """

    __tablename__ = "world_lease"

    id: int = Field(sa_column=_number(key=True))
    generation: int = Field(sa_column=_number())
    holder: str = Field(sa_column=_text())
    ending: str = Field(sa_column=_text())
    ended: str = Field(sa_column=_text())
    home: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    beat: int = Field(sa_column=Column(NUMBER, nullable=False, server_default="0"))


class Portal(WorldTable, table=True):
    """A portal that the server has accepted; `nonce` in hexadecimal."""

    __tablename__ = "world_portal"

    id: str = Field(sa_column=_text(key=True))
    number: int = Field(sa_column=_number())
    nonce: str = Field(sa_column=_text())
    host: str = Field(sa_column=_text())
    buried: bool


class Outbox(WorldTable, table=True):
    """A row of the stream that its portal has not acknowledged."""

    __tablename__ = "world_outbox"
    __table_args__: ClassVar = BY_KEY

    portal: str = Field(sa_column=_text(key=True))
    generation: int = Field(sa_column=_number(key=True))
    n: int = Field(sa_column=_number(key=True))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Roster(WorldTable, table=True):
    """A session that is present.

    `state` is all of it when it is link-dead and no portal has it; `resume` is the hash of the
    token with which a client may come back to it.
    """

    __tablename__ = "world_roster"
    __table_args__: ClassVar = BY_KEY

    portal: str = Field(sa_column=_text(key=True))
    incarnation: int = Field(sa_column=_number(key=True))
    conn: int = Field(sa_column=_number(key=True))
    sessid: int = Field(sa_column=_number())
    account_id: int | None = Field(sa_column=_id_or_none())
    puppet_id: int | None = Field(sa_column=_id_or_none())
    link_dead: bool
    state: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    resume: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))


class Missed(WorldTable, table=True):
    """An output that a session's client has perhaps not seen; kept while it is link-dead."""

    __tablename__ = "world_missed"
    __table_args__: ClassVar = BY_KEY

    sessid: int = Field(sa_column=_number(key=True))
    number: int = Field(sa_column=_number(key=True))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Counter(WorldTable, table=True):
    """A number by its name: the highest given out of a kind (`sessid`, `object`), what a game has
    counted, the one that tells the world from others (`world id`)."""

    __tablename__ = "world_counter"

    name: str = Field(sa_column=_text(key=True))
    value: int = Field(sa_column=_number())


# The world.


class Object(WorldTable, table=True):
    """An object; `folded` is its key without case, to be found by."""

    __tablename__ = "world_object"
    __table_args__: ClassVar = (
        Index("ix_world_object_folded", "folded"),
        Index("ix_world_object_location_id", "location_id"),
        Index("ix_world_object_home_id", "home_id"),
        Index("ix_world_object_destination_id", "destination_id"),
    )

    id: int = Field(sa_column=_number(key=True))
    key: str = Field(sa_column=_text())
    folded: str = Field(sa_column=_text())
    typeclass: str = Field(sa_column=_text())
    location_id: int | None = Field(sa_column=_id_or_none())
    home_id: int | None = Field(sa_column=_id_or_none())
    destination_id: int | None = Field(sa_column=_id_or_none())
    locks: str = Field(sa_column=_text())
    cmdsets: str = Field(sa_column=_text())


class Attribute(WorldTable, table=True):
    """A saved value of an object, in JSON."""

    __tablename__ = "world_attribute"
    __table_args__: ClassVar = BY_KEY

    object_id: int = Field(sa_column=_part_of("world_object"))
    name: str = Field(sa_column=_text(key=True))
    value: str = Field(sa_column=_text())


class Tag(WorldTable, table=True):
    """A tag, alias or permission of an object; no category is the empty one."""

    __tablename__ = "world_tag"
    __table_args__: ClassVar = (Index("ix_world_tag_folded", "kind", "folded"), BY_KEY)

    object_id: int = Field(sa_column=_part_of("world_object"))
    kind: str = Field(sa_column=_text(key=True))
    category: str = Field(sa_column=_text(key=True))
    name: str = Field(sa_column=_text(key=True))
    folded: str = Field(sa_column=_text())


class Account(WorldTable, table=True):
    """The world's half of an account; its id is auth's."""

    __tablename__ = "world_account"
    __table_args__: ClassVar = (Index("ix_world_account_folded", "folded"),)

    id: int = Field(sa_column=_number(key=True))
    key: str = Field(sa_column=_text())
    folded: str = Field(sa_column=_text())
    is_superuser: bool
    permissions: str = Field(sa_column=_text())
    characters: str = Field(sa_column=_text())
    last_puppet_id: int | None = Field(sa_column=_id_or_none())
    locks: str = Field(sa_column=_text())
    cmdsets: str = Field(sa_column=_text())


class AccountAttribute(WorldTable, table=True):
    """A saved value of an account, in JSON."""

    __tablename__ = "world_account_attribute"
    __table_args__: ClassVar = BY_KEY

    account_id: int = Field(sa_column=_part_of("world_account"))
    name: str = Field(sa_column=_text(key=True))
    value: str = Field(sa_column=_text())


class Script(WorldTable, table=True):
    """A script and its timer (`everdoor_server.rows.ScriptRow`)."""

    __tablename__ = "world_script"
    __table_args__: ClassVar = (
        Index("ix_world_script_folded", "folded"),
        Index("ix_world_script_object_id", "object_id"),
    )

    id: int = Field(sa_column=_number(key=True))
    key: str = Field(sa_column=_text())
    folded: str = Field(sa_column=_text())
    typeclass: str = Field(sa_column=_text())
    object_id: int | None = Field(sa_column=_id_or_none())
    description: str = Field(sa_column=_text())
    interval_s: float = Field(sa_column=Column(Double, nullable=False))
    start_delay: bool
    repeats: int = Field(sa_column=_number())
    persistent: bool
    active: bool
    repeated: int = Field(sa_column=_number())
    due_s: float | None = Field(sa_column=Column(Double, nullable=True))
    left_s: float | None = Field(sa_column=Column(Double, nullable=True))
    attempts: int = Field(sa_column=_number())


class ScriptAttribute(WorldTable, table=True):
    """A saved value of a script, in JSON."""

    __tablename__ = "world_script_attribute"
    __table_args__: ClassVar = BY_KEY

    script_id: int = Field(sa_column=_part_of("world_script"))
    name: str = Field(sa_column=_text(key=True))
    value: str = Field(sa_column=_text())


class ScriptTag(WorldTable, table=True):
    """A tag of a script; no category is the empty one."""

    __tablename__ = "world_script_tag"
    __table_args__: ClassVar = (Index("ix_world_script_tag_name", "category", "name"), BY_KEY)

    script_id: int = Field(sa_column=_part_of("world_script"))
    category: str = Field(sa_column=_text(key=True))
    name: str = Field(sa_column=_text(key=True))


class Channel(WorldTable, table=True):
    """A channel (`everdoor_server.rows.ChannelRow`)."""

    __tablename__ = "world_channel"

    id: int = Field(sa_column=_number(key=True))
    key: str = Field(sa_column=_text())
    aliases: str = Field(sa_column=_text())
    description: str = Field(sa_column=_text())
    locks: str = Field(sa_column=_text())
    for_all: bool


class ChannelMessage(WorldTable, table=True):
    """What was said on a channel; the latest are kept."""

    __tablename__ = "world_channel_message"
    __table_args__: ClassVar = BY_KEY

    channel_id: int = Field(sa_column=_part_of("world_channel"))
    number: int = Field(sa_column=_number(key=True))
    said_at: float = Field(sa_column=Column(Double, nullable=False))
    text: str = Field(sa_column=_text())
