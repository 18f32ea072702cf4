"""The tables of the accounts database, and what is accepted and shown of an account.

Only shapes; reading and writing is in `records`, changes of the tables in `migrations`. Every name
begins with `auth_`, so that the accounts can share one PostgreSQL database with the world. Times
are epoch seconds.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class AuthTable(SQLModel, registry=registry()):
    """Base of the tables: a registry of their own keeps them apart from the world's."""


class AccountBase(SQLModel):
    """What everybody may know of an account, but for its id."""

    name: str = Field(max_length=30)
    superuser: bool = False
    guest: bool = False


class NewAccount(AccountBase):
    """An account as accepted: its name checked and normalised, its password hashed (empty: it
    has none, and nobody can log in to it)."""

    name_key: str
    password_hash: str = Field(repr=False)


class PublicAccount(AccountBase):
    """An account as shown to other processes."""

    id: int


class Account(AuthTable, table=True):
    """An account as stored. Ids are never given twice, not even after a deletion."""

    __tablename__ = "auth_account"
    __table_args__: ClassVar = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_column=Column(Text, nullable=False))
    name_key: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    superuser: bool = False
    guest: bool = Field(default=False, index=True)
    password_hash: str = Field(sa_column=Column(Text, nullable=False), repr=False)
    created_at: float


class KnownAddress(AuthTable, table=True):
    """An address, as counted, from which an account has logged in."""

    __tablename__ = "auth_known_address"

    account_id: int = Field(primary_key=True, foreign_key="auth_account.id", ondelete="CASCADE")
    address: str = Field(sa_column=Column(Text, primary_key=True))
    seen_at: float


class PublicKey(AuthTable, table=True):
    """A public key that may log in to an account; only its fingerprint is needed for that."""

    __tablename__ = "auth_public_key"

    account_id: int = Field(primary_key=True, foreign_key="auth_account.id", ondelete="CASCADE")
    fingerprint: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    comment: str = Field(sa_column=Column(Text, nullable=False))
    added_at: float


class Ticket(AuthTable, table=True):
    """A ticket that was issued and not redeemed, by its SHA-256; for whom, and for which session.

    `as_of` numbers the last change of any account when it was issued.
    """

    __tablename__ = "auth_ticket"

    hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: int = Field(foreign_key="auth_account.id", ondelete="CASCADE")
    portal: str = Field(sa_column=Column(Text, nullable=False))
    incarnation: int = Field(sa_column=Column(BigInteger, nullable=False))
    conn: int = Field(sa_column=Column(BigInteger, nullable=False))
    as_of: int
    issued_at: float


class AccountChange(AuthTable, table=True):
    """Something that has happened to an account, for servers to learn; ids are never given
    twice. The account may be gone."""

    __tablename__ = "auth_account_change"
    __table_args__: ClassVar = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    account_id: int
    kind: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    at: float


class Ban(AuthTable, table=True):
    """A ban. `target` as `everdoor.bans` writes it, `target_key` the same for all that are one:
    a name's key, else `target`; `account_id` who had the name when it was banned."""

    __tablename__ = "auth_ban"
    __table_args__: ClassVar = {"sqlite_autoincrement": True}

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(sa_column=Column(Text, nullable=False))
    target: str = Field(sa_column=Column(Text, nullable=False))
    target_key: str = Field(sa_column=Column(Text, nullable=False))
    account_id: int | None = None
    reason: str = Field(sa_column=Column(Text, nullable=False))
    made_by: str = Field(sa_column=Column(Text, nullable=False))
    made_at: float
    expires_at: float | None = None


class ThrottleMark(AuthTable, table=True):
    """A failed login or a creation that still counts; `throttle` says what a bucket is."""

    __tablename__ = "auth_throttle_mark"
    __table_args__: ClassVar = (
        Index("ix_auth_throttle_mark_bucket", "bucket"),
        Index("ix_auth_throttle_mark_at", "at"),
    )

    id: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    )
    bucket: str = Field(sa_column=Column(Text, nullable=False))
    at: float


class KeptAnswer(AuthTable, table=True):
    """The answer to a call that had an effect, kept in the transaction of the effect.

    `answer` is the encoded Answer, which holds no secret; `fingerprint` digests the arguments
    without theirs.
    """

    __tablename__ = "auth_kept_answer"

    portal: str = Field(sa_column=Column(Text, primary_key=True))
    incarnation: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    conn: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    fingerprint: str = Field(sa_column=Column(Text, nullable=False))
    answer: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    kept_at: float
