"""Accounts that come from Evennia: stored with the hashes of their passwords as they are.

What a hash of Django's is worth is known in `djangohashes`. All of them are written in one
transaction. An account that an import before has written is recognised by its name and hash, so
that an import which ended before the world was written can be done again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlmodel import Session as DbSession
from sqlmodel import select

from everdoor.bans import Target
from everdoor.errors import UserError
from everdoor.evennia.importing import Import
from everdoor.evennia.records import EvenniaAccount
from everdoor.names import check_name, name_key
from everdoor_auth.banrecords import add_ban
from everdoor_auth.djangohashes import imported_hash
from everdoor_auth.models import Account, NewAccount
from everdoor_auth.records import add_account
from everdoor_auth.store import Store

DISABLED = "disabled in Evennia"
"""The reason of the ban that keeps out who was kept out there."""

MAX_NAMED = 5
"""How many names a refusal lists."""


class _Known(NamedTuple):
    uid: int
    password_hash: str
    guest: bool


class _Coming(NamedTuple):
    """An account to write, or one that is there already (`uid`)."""

    source: EvenniaAccount
    new: NewAccount
    uid: int | None


@contextmanager
def import_accounts(job: Import) -> Iterator[Callable[[], None]]:
    """Look at Evennia's accounts and at those that there are, for the time of the block.

    Returns:
        For the block: what writes the accounts, and notes their ids in `job.uids`.

    Raises:
        UserError: Names are taken by other accounts; the text lists them.
        StartupError: The database cannot be opened or does not fit this program.
    """
    store = Store(job.settings.auth_database_url.get_secret_value(), "FULL")
    try:
        known = _known(store)
        coming = _chosen(job, known)
        _refuse_taken(job, coming, known)
        yield lambda: _write(job, store, coming)
    finally:
        store.close()


def _known(store: Store) -> dict[str, _Known]:
    """The accounts that there are, by the keys of their names."""
    if not store.has_tables():
        return {}
    with store.reading() as db:
        rows = db.exec(select(Account.name_key, Account.id, Account.password_hash, Account.guest))
        return {
            key: _Known(uid or 0, password_hash, guest) for key, uid, password_hash, guest in rows
        }


def _chosen(job: Import, known: dict[str, _Known]) -> list[_Coming]:
    """The accounts that can come along; of the others is reported."""
    chosen: dict[str, _Coming] = {}
    for source in job.source.accounts():
        new = _accepted(job, source)
        if new is None:
            continue
        if new.name_key in chosen:
            job.report.leave("accounts whose name is another's but for its case", source.name)
            continue
        there = known.get(new.name_key)
        chosen[new.name_key] = _Coming(source, new, there.uid if there else None)
    return list(chosen.values())


def _accepted(job: Import, source: EvenniaAccount) -> NewAccount | None:
    """An account as it is stored here; None after it was reported why it is not."""
    report = job.report
    if source.is_bot or source.typeclass.rpartition(".")[2].endswith("Guest"):
        report.leave("accounts of bots and guests", source.name)
        return None
    try:
        name = check_name(source.name)
    except UserError as exc:
        report.leave("accounts whose name is none here", f"{source.name}: {exc}")
        return None
    password_hash = imported_hash(source.password)
    if password_hash is None:
        scheme = source.password.partition("$")[0][:20]
        report.leave("passwords that cannot be checked (set new ones)", f"{name}: {scheme}")
    if source.email:
        report.leave("e-mail addresses", source.name)
    return NewAccount(
        name=name,
        name_key=name_key(name),
        password_hash=password_hash or "",
        superuser=source.is_superuser,
    )


def _refuse_taken(job: Import, coming: list[_Coming], known: dict[str, _Known]) -> None:
    taken = [
        each.new.name
        for each in coming
        if each.uid is not None and not _is_same(each.new, known[each.new.name_key])
    ]
    if job.keeps_accounts or not taken:
        return
    named = ", ".join(taken[:MAX_NAMED]) + (" ..." if len(taken) > MAX_NAMED else "")
    raise UserError(
        f"{len(taken)} of the accounts exist here already ({named}); nothing was imported. Rename "
        "or delete them, or say --keep-accounts if they are the same people: they keep their "
        "passwords of here and get their characters"
    )


def _is_same(new: NewAccount, there: _Known) -> bool:
    """Whether an import before has made it."""
    return there.password_hash == new.password_hash and not there.guest


def _write(job: Import, store: Store, coming: list[_Coming]) -> None:
    job.report.bring("accounts", len(coming))
    if job.is_dry:
        job.uids.update({each.source.id: each.uid or -each.source.id for each in coming})
        return
    store.prepare()
    now = time.time()
    with store.writing() as db:
        tracked = job.track(coming, len(coming), "Accounts")
        job.uids.update({each.source.id: _stored(db, each, now) for each in tracked})


def _stored(db: DbSession, coming: _Coming, now: float) -> int:
    if coming.uid is not None:
        return coming.uid
    uid = add_account(db, coming.new, now).id
    if not coming.source.is_active:
        add_ban(db, Target("name", coming.new.name), DISABLED, "import", now, None)
    return uid
