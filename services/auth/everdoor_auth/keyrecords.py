"""What is read and written of public keys and tickets, one function each; as in `records`."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import delete, insert
from sqlmodel import Session as DbSession
from sqlmodel import col, select

from everdoor.ids import SessionKey
from everdoor.messages.accounts import PublicKey as ShownKey
from everdoor_auth import records
from everdoor_auth.models import Account, PublicAccount, PublicKey, Ticket

TICKET_S = 600.0
"""How long a ticket is good: twice as long as clients are held while there is no server."""


# Public keys.


def find_login(
    db: DbSession, name_key: str, fingerprint: str, address: str, now: float
) -> records.Login | None:
    """Look up the account of a name, if this key may log in to it."""
    login = records.find_login(db, name_key, address, now)
    key = login and db.get(PublicKey, (login.account.id, fingerprint))
    return login if key else None


def read_keys(db: DbSession, uid: int) -> list[ShownKey]:
    """Read the keys of an account, oldest first."""
    order = (col(PublicKey.added_at), col(PublicKey.fingerprint))
    rows = db.exec(select(PublicKey).where(PublicKey.account_id == uid).order_by(*order)).all()
    return [ShownKey(row.kind, row.fingerprint, row.comment, row.added_at) for row in rows]


def add_key(db: DbSession, uid: int, key: ShownKey) -> None:
    """Store a key, unless the account has it."""
    if db.get(PublicKey, (uid, key.fingerprint)) is None:
        db.add(
            PublicKey(
                account_id=uid,
                fingerprint=key.fingerprint,
                kind=key.kind,
                comment=key.comment,
                added_at=key.added_at,
            )
        )


def remove_key(db: DbSession, uid: int, fingerprint: str) -> bool:
    """Delete a key; tells whether the account had it."""
    mine = (col(PublicKey.account_id) == uid, col(PublicKey.fingerprint) == fingerprint)
    return bool(db.exec(delete(PublicKey).where(*mine)).rowcount)


# Tickets.


def add_ticket(
    db: DbSession, ticket: bytes, login: records.Login, session: SessionKey, now: float
) -> None:
    """Store a ticket for who has just shown that an account is theirs."""
    drop_old_tickets(db, now)
    db.exec(
        insert(Ticket).values(
            hash=sha256(ticket).digest(),
            account_id=login.account.id,
            portal=session.portal,
            incarnation=session.incarnation,
            conn=session.conn,
            as_of=login.as_of,
            issued_at=now,
        )
    )


def take_ticket(
    db: DbSession, ticket: bytes, session: SessionKey, now: float
) -> tuple[PublicAccount, int] | None:
    """Take a ticket that is good for this session: whose it is, and as of which change."""
    found = db.get(Ticket, sha256(ticket).digest())
    if found is None or now - found.issued_at > TICKET_S:
        return None
    if (found.portal, found.incarnation, found.conn) != tuple(session):
        return None
    account = db.get_one(Account, found.account_id)
    db.exec(delete(Ticket).where(col(Ticket.hash) == found.hash))
    return records.public(account), found.as_of


def drop_old_tickets(db: DbSession, now: float) -> None:
    """Delete the tickets that are good no more."""
    db.exec(delete(Ticket).where(col(Ticket.issued_at) < now - TICKET_S))
