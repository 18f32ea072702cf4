"""The link's rows; objects, accounts and what they keep."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_link()
    _create_objects()
    _create_accounts()


def _create_link() -> None:
    op.create_table(
        "world_lease",
        _key("id", NUMBER),
        _column("generation", NUMBER),
        _column("holder"),
        _column("ending"),
        _column("ended"),
    )
    op.create_table(
        "world_portal",
        _key("id"),
        _column("number", NUMBER),
        _column("nonce"),
        _column("host"),
        _column("buried", sa.Boolean()),
    )
    op.create_table(
        "world_outbox",
        _key("portal"),
        _key("generation", NUMBER),
        _key("n", NUMBER),
        _column("body", sa.LargeBinary()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "world_roster",
        _key("portal"),
        _key("incarnation", NUMBER),
        _key("conn", NUMBER),
        _column("sessid", NUMBER),
        sa.Column("account_id", NUMBER),
        sa.Column("puppet_id", NUMBER),
        sqlite_with_rowid=False,
    )
    op.create_table("world_counter", _key("name"), _column("value", NUMBER))
    op.execute(
        "INSERT INTO world_lease (id, generation, holder, ending, ended) "
        "VALUES (1, 0, '', 'stop', 'stop')"
    )


def _create_objects() -> None:
    op.create_table(
        "world_object",
        _key("id", NUMBER),
        _column("key"),
        _column("folded"),
        _column("typeclass"),
        sa.Column("location_id", NUMBER),
        sa.Column("home_id", NUMBER),
        sa.Column("destination_id", NUMBER),
        _column("locks"),
        _column("cmdsets"),
    )
    for name in ("folded", "location_id", "home_id", "destination_id"):
        op.create_index(f"ix_world_object_{name}", "world_object", [name])
    op.create_table(
        "world_attribute",
        _owner("object_id", "world_object"),
        _key("name"),
        _column("value"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "world_tag",
        _owner("object_id", "world_object"),
        _key("kind"),
        _key("category"),
        _key("name"),
        _column("folded"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_world_tag_folded", "world_tag", ["kind", "folded"])


def _create_accounts() -> None:
    op.create_table(
        "world_account",
        _key("id", NUMBER),
        _column("key"),
        _column("folded"),
        _column("is_superuser", sa.Boolean()),
        _column("permissions"),
        _column("characters"),
        sa.Column("last_puppet_id", NUMBER),
        _column("locks"),
        _column("cmdsets"),
    )
    op.create_index("ix_world_account_folded", "world_account", ["folded"])
    op.create_table(
        "world_account_attribute",
        _owner("account_id", "world_account"),
        _key("name"),
        _column("value"),
        sqlite_with_rowid=False,
    )


def _column(name: str, kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind or sa.Text(), nullable=False)


def _key(name: str, kind: sa.types.TypeEngine[Any] | None = None) -> sa.Column[Any]:
    return sa.Column(name, kind or sa.Text(), primary_key=True, autoincrement=False)


def _owner(name: str, table: str) -> sa.Column[Any]:
    owner = sa.ForeignKey(f"{table}.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED")
    return sa.Column(name, NUMBER, owner, primary_key=True, autoincrement=False)


def downgrade() -> None:
    for table in (
        "world_account_attribute",
        "world_account",
        "world_tag",
        "world_attribute",
        "world_object",
        "world_counter",
        "world_roster",
        "world_outbox",
        "world_portal",
        "world_lease",
    ):
        op.drop_table(table)
