"""What is read and written when accounts are looked after, one function each; as in `records`."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import convert
from sqlalchemy import delete, func, update
from sqlmodel import Session as DbSession
from sqlmodel import col, select

from everdoor.messages.accounts import AccountChange as ShownChange
from everdoor.messages.accounts import AccountInfo, ChangeKind
from everdoor_auth.models import Account, AccountChange, KnownAddress, PublicAccount
from everdoor_auth.records import public

PAGE = 1000
"""Accounts or changes in one answer; far below 1 MiB."""


def find_account(db: DbSession, uid: int) -> PublicAccount | None:
    """Look up an account by its id."""
    found = db.get(Account, uid)
    return None if found is None else public(found)


def find_uid(db: DbSession, name_key: str) -> int | None:
    """Look up the account that has a name."""
    return db.exec(select(Account.id).where(Account.name_key == name_key)).first()


def change_hash(db: DbSession, uid: int, password_hash: str, old: str | None = None) -> bool:
    """Give an account another hash, unless it is gone or has another hash than `old`."""
    where = [col(Account.id) == uid]
    if old is not None:
        where.append(col(Account.password_hash) == old)
    changed = db.exec(update(Account).where(*where).values(password_hash=password_hash))
    return bool(changed.rowcount)


def rename(db: DbSession, uid: int, name: str, name_key: str) -> None:
    """Give an account another name, which must be free or its own."""
    renamed = update(Account).where(col(Account.id) == uid)
    db.exec(renamed.values(name=name, name_key=name_key))


def delete_account(db: DbSession, uid: int) -> None:
    """Delete an account and the addresses known for it."""
    db.exec(delete(Account).where(col(Account.id) == uid))


def find_old_guests(db: DbSession, keep: Collection[int], made_before: float) -> list[int]:
    """List the guests that were made before a time, but for some."""
    old = (col(Account.guest).is_(True), col(Account.created_at) < made_before)
    found = db.exec(select(Account.id).where(*old)).all()
    return [uid for uid in found if uid is not None and uid not in keep]


# Changes.


def note_change(db: DbSession, uid: int, kind: ChangeKind, name: str, now: float) -> int:
    """Write down what has happened to an account; return the number of the change."""
    row = AccountChange(account_id=uid, kind=kind, name=name, at=now)
    db.add(row)
    db.flush()
    assert row.id is not None, "the database has numbered it"
    return row.id


def read_changes(db: DbSession, after: int, page: int = PAGE) -> list[ShownChange]:
    """Read the changes above a number, oldest first, one more than fit a page."""
    rows = db.exec(
        select(AccountChange)
        .where(col(AccountChange.id) > after)
        .order_by(col(AccountChange.id))
        .limit(page + 1)
    ).all()
    return [convert([row.id, row.account_id, row.kind, row.name], ShownChange) for row in rows]


# What operators see.


def read_accounts(db: DbSession, after: int, page: int = PAGE) -> list[AccountInfo]:
    """Read what operators see of the accounts above an id, one more than fit a page."""
    seen = func.max(col(KnownAddress.seen_at))
    rows = db.exec(
        select(Account, seen)
        .join(KnownAddress, col(KnownAddress.account_id) == col(Account.id), isouter=True)
        .where(col(Account.id) > after)
        .group_by(col(Account.id))
        .order_by(col(Account.id))
        .limit(page + 1)
    ).all()
    return [_info(account, seen_at) for account, seen_at in rows]


def read_account(db: DbSession, uid: int) -> tuple[AccountInfo, list[str]]:
    """Read what operators see of one account, which must be there, and its known addresses,
    latest first."""
    account = db.get_one(Account, uid)
    known = db.exec(
        select(KnownAddress)
        .where(KnownAddress.account_id == uid)
        .order_by(col(KnownAddress.seen_at).desc())
    ).all()
    return _info(account, known[0].seen_at if known else None), [each.address for each in known]


def _info(account: Account, last_login: float | None) -> AccountInfo:
    assert account.id is not None, "what is read has an id"
    return AccountInfo(
        account.id, account.name, account.superuser, account.guest, account.created_at, last_login
    )
