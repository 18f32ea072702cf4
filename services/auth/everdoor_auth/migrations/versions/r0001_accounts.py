"""Accounts and what has happened to them, known addresses, bans, throttle marks, kept answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auth_account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        sa.Column("superuser", sa.Boolean, nullable=False),
        sa.Column("guest", sa.Boolean, nullable=False, index=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "auth_known_address",
        sa.Column(
            "account_id",
            sa.Integer,
            sa.ForeignKey("auth_account.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.Float, nullable=False),
    )
    op.create_table(
        "auth_account_change",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "auth_ban",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("target_key", sa.Text, nullable=False),
        sa.Column("account_id", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "auth_throttle_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("bucket", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("ix_auth_throttle_mark_bucket", "auth_throttle_mark", ["bucket"])
    op.create_index("ix_auth_throttle_mark_at", "auth_throttle_mark", ["at"])
    op.create_table(
        "auth_kept_answer",
        sa.Column("portal", sa.Text, primary_key=True),
        sa.Column("incarnation", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("conn", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    for table in (
        "auth_kept_answer",
        "auth_throttle_mark",
        "auth_ban",
        "auth_account_change",
        "auth_known_address",
        "auth_account",
    ):
        op.drop_table(table)
