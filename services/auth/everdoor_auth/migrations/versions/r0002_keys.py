"""Public keys of accounts, and tickets with which sessions begin logged in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "auth_public_key",
        sa.Column(
            "account_id",
            sa.Integer,
            sa.ForeignKey("auth_account.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("added_at", sa.Float, nullable=False),
    )
    op.create_table(
        "auth_ticket",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column(
            "account_id",
            sa.Integer,
            sa.ForeignKey("auth_account.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("portal", sa.Text, nullable=False),
        sa.Column("incarnation", sa.BigInteger, nullable=False),
        sa.Column("conn", sa.BigInteger, nullable=False),
        sa.Column("as_of", sa.Integer, nullable=False),
        sa.Column("issued_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("auth_ticket")
    op.drop_table("auth_public_key")
