"""What is read from and written to the accounts database, one function each.

Every function takes an open transaction (`store`) and leaves its end to whoever opened it. `now` is
the wall clock in epoch seconds: what is stored must mean something after a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, update
from sqlmodel import Session as DbSession
from sqlmodel import col, select

from everdoor.ids import SessionKey
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import Answer
from everdoor_auth.kept import KEEP_S, Asked, Kept, refuse_other_arguments
from everdoor_auth.models import (
    Account,
    AccountChange,
    KeptAnswer,
    KnownAddress,
    NewAccount,
    PublicAccount,
)
from everdoor_auth.models import ThrottleMark as StoredMark
from everdoor_auth.throttle import Mark

MAX_KNOWN_ADDRESSES = 20
"""Per account; a player has a home, a phone and a few more."""

KNOWN_FOR_S = 90 * 86400.0
"""How long an address stays known good without a login from it."""

SEEN_AGAIN_AFTER_S = 86400.0
"""A login writes only if the last one from there was noted longer ago than a day."""

CHANGES_KEPT_S = 86400.0
"""How long changes of accounts are kept for servers to learn of: far beyond the minutes for which
sessions are kept while there is no server."""

DELETIONS_KEPT_S = 90 * 86400.0
"""How long deletions are: a world that was away for so long still forgets who was deleted."""

_answers: msgspec.msgpack.Decoder[Answer] = msgspec.msgpack.Decoder(Answer)


class Login(NamedTuple):
    """What a login needs to know of an account; `address_is_known` and whether that is fresh;
    `as_of` is the number of the last change of any account."""

    account: PublicAccount
    name_key: str
    password_hash: str
    address_is_known: bool
    address_is_fresh: bool
    as_of: int


# Accounts.


def find_login(db: DbSession, name_key: str, address: str, now: float) -> Login | None:
    """Look up an account by the key of its name, and whether this address is known good for it."""
    return _find_login(db, col(Account.name_key) == name_key, address, now)


def find_login_of(db: DbSession, uid: int, address: str, now: float) -> Login | None:
    """As `find_login`, by the account's id."""
    return _find_login(db, col(Account.id) == uid, address, now)


def _find_login(
    db: DbSession, which: ColumnElement[bool], address: str, now: float
) -> Login | None:
    here = (col(KnownAddress.account_id) == col(Account.id)) & (
        col(KnownAddress.address) == address
    )
    found = db.exec(
        select(Account, KnownAddress.seen_at).join(KnownAddress, here, isouter=True).where(which)
    ).first()
    if found is None:
        return None
    account, seen_at = found
    # An outer join: the column is empty where the address is not known.
    age_s = None if seen_at is None else now - seen_at
    is_known = age_s is not None and age_s < KNOWN_FOR_S
    is_fresh = age_s is not None and 0 <= age_s < SEEN_AGAIN_AFTER_S
    return Login(
        public(account), account.name_key, account.password_hash, is_known, is_fresh,
        last_change(db),
    )  # fmt: skip


def last_change(db: DbSession) -> int:
    """The number of the last change of any account; 0: none is kept."""
    return db.exec(select(func.max(col(AccountChange.id)))).one() or 0


def name_is_taken(db: DbSession, name_key: str) -> bool:
    """Tell whether an account has this name, however it spells it."""
    return db.exec(select(Account.id).where(Account.name_key == name_key)).first() is not None


def add_account(db: DbSession, new: NewAccount, now: float) -> PublicAccount:
    """Store a new account and give it its id; its name must be free."""
    account = Account(**new.model_dump(), created_at=now)
    db.add(account)
    db.flush()
    return public(account)


def replace_hash(db: DbSession, uid: int, old: str, new: str) -> None:
    """Renew an account's hash, unless the password was changed since the old one was read."""
    db.exec(
        update(Account)
        .where(col(Account.id) == uid, col(Account.password_hash) == old)
        .values(password_hash=new)
    )


def note_address(db: DbSession, uid: int, address: str, now: float) -> None:
    """Note that an account has logged in from an address; the oldest beyond a few are dropped."""
    here = (col(KnownAddress.account_id) == uid, col(KnownAddress.address) == address)
    if db.exec(update(KnownAddress).where(*here).values(seen_at=now)).rowcount:
        return
    db.exec(insert(KnownAddress).values(account_id=uid, address=address, seen_at=now))
    newest_first = (
        select(KnownAddress.address)
        .where(KnownAddress.account_id == uid)
        .order_by(col(KnownAddress.seen_at).desc())
    )
    for old in db.exec(newest_first.offset(MAX_KNOWN_ADDRESSES)).all():
        db.exec(
            delete(KnownAddress).where(
                col(KnownAddress.account_id) == uid, col(KnownAddress.address) == old
            )
        )


# Throttle marks.


def add_marks(db: DbSession, buckets: Iterable[str], now: float) -> None:
    """Store one more mark in each bucket."""
    if rows := [{"bucket": bucket, "at": now} for bucket in buckets]:
        db.exec(insert(StoredMark), params=rows)


def clear_marks(db: DbSession, buckets: Iterable[str]) -> None:
    """Delete all marks of these buckets."""
    for bucket in buckets:
        db.exec(delete(StoredMark).where(col(StoredMark.bucket) == bucket))


def read_marks(db: DbSession, now: float) -> list[Mark]:
    """Read all marks with their ages.

    Marks of the future, left by a clock that has gone back, are moved to now, so that they age
    from here on.
    """
    db.exec(update(StoredMark).where(col(StoredMark.at) > now).values(at=now))
    found = db.exec(select(StoredMark.bucket, StoredMark.at)).all()
    return [Mark(bucket, now - at) for bucket, at in found]


def drop_old(db: DbSession, longest_timeout_s: float, now: float) -> None:
    """Delete marks, kept answers, changes and known addresses that have lost their meaning."""
    db.exec(delete(StoredMark).where(col(StoredMark.at) < now - longest_timeout_s))
    db.exec(delete(KeptAnswer).where(col(KeptAnswer.kept_at) < now - KEEP_S))
    _drop_changes(db, now)
    db.exec(delete(KnownAddress).where(col(KnownAddress.seen_at) < now - KNOWN_FOR_S))


def _drop_changes(db: DbSession, now: float) -> None:
    is_deletion = col(AccountChange.kind) == "deleted"
    old = col(AccountChange.at) < now - CHANGES_KEPT_S
    very_old = col(AccountChange.at) < now - DELETIONS_KEPT_S
    db.exec(delete(AccountChange).where(very_old | (old & ~is_deletion)))


# Kept answers.


def find_kept(db: DbSession, key: CallKey) -> tuple[str, Answer] | None:
    """Look up what a call was answered: its fingerprint and the answer."""
    found = db.exec(
        select(KeptAnswer.fingerprint, KeptAnswer.answer).where(
            *_of_session(key.session), KeptAnswer.seq == key.seq, KeptAnswer.number == key.number
        )
    ).first()
    return None if found is None else (found[0], _answers.decode(found[1]))


def keep_once(
    db: DbSession, asked: Asked | None, now: float, effect: Callable[[], Answer]
) -> Answer:
    """Bring about an effect and keep its answer with it, unless that was done before.

    Without a key there is nothing to keep: the effect happens.

    Raises:
        CallRefused: `key_reused`: the call was asked with other arguments.
    """
    if asked is None:
        return effect()
    if (kept := find_kept(db, asked.key)) is not None:
        refuse_other_arguments(kept[0], asked.fingerprint)
        return kept[1]
    answer = effect()
    _keep_answer(db, asked, answer, now)
    return answer


def _keep_answer(db: DbSession, asked: Asked, answer: Answer, now: float) -> None:
    portal, incarnation, conn = asked.key.session
    db.exec(
        insert(KeptAnswer).values(
            portal=portal,
            incarnation=incarnation,
            conn=conn,
            seq=asked.key.seq,
            number=asked.key.number,
            fingerprint=asked.fingerprint,
            answer=msgspec.msgpack.encode(answer),
            kept_at=now,
        )
    )


def read_kept(db: DbSession, now: float) -> list[tuple[CallKey, Kept]]:
    """Read all kept answers; `at` is minus their age in seconds, at most 0."""
    found = []
    for row in db.exec(select(KeptAnswer)).all():
        key = CallKey(SessionKey(row.portal, row.incarnation, row.conn), row.seq, row.number)
        age_s = max(0.0, now - row.kept_at)
        found.append((key, Kept(row.fingerprint, _answers.decode(row.answer), -age_s, True)))
    return found


def drop_kept(db: DbSession, cursors: Iterable[tuple[SessionKey, int]]) -> None:
    """Delete the answers to lines that are complete."""
    for session, cursor in cursors:
        db.exec(delete(KeptAnswer).where(*_of_session(session), col(KeptAnswer.seq) <= cursor))


def public(account: Account) -> PublicAccount:
    """What other processes may know of an account."""
    # Built without another validation: this is done at every login.
    return PublicAccount.model_construct(
        id=account.id, name=account.name, superuser=account.superuser, guest=account.guest
    )


def _of_session(session: SessionKey) -> tuple[ColumnElement[bool], ...]:
    return (
        col(KeptAnswer.portal) == session.portal,
        col(KeptAnswer.incarnation) == session.incarnation,
        col(KeptAnswer.conn) == session.conn,
    )
