"""What is read and written of bans, one function each; as in `records`."""

from __future__ import annotations

from msgspec import convert
from sqlalchemy import delete
from sqlmodel import Session as DbSession
from sqlmodel import col, select

from everdoor.bans import Target
from everdoor.messages.accounts import Ban as ShownBan
from everdoor.names import name_key
from everdoor_auth.accountrecords import find_uid
from everdoor_auth.models import Ban


def read_bans(db: DbSession, now: float) -> list[ShownBan]:
    """Read the bans in force, in the order of their ids."""
    in_force = col(Ban.expires_at).is_(None) | (col(Ban.expires_at) > now)
    return [shown(row) for row in db.exec(select(Ban).where(in_force).order_by(col(Ban.id))).all()]


def add_ban(
    db: DbSession, target: Target, reason: str, made_by: str, now: float, expires_at: float | None
) -> ShownBan:
    """Store a ban in place of what there is of the same target."""
    key = target_key(target)
    db.exec(delete(Ban).where(col(Ban.kind) == target.kind, col(Ban.target_key) == key))
    row = Ban(
        kind=target.kind,
        target=target.text,
        target_key=key,
        account_id=find_uid(db, key) if target.kind == "name" else None,
        reason=reason,
        made_by=made_by,
        made_at=now,
        expires_at=expires_at,
    )
    db.add(row)
    db.flush()
    return shown(row)


def remove_ban(db: DbSession, ban_id: int) -> bool:
    """Delete a ban; False when there is none of that id."""
    return bool(db.exec(delete(Ban).where(col(Ban.id) == ban_id)).rowcount)


def drop_expired(db: DbSession, now: float) -> None:
    """Delete the bans that are over."""
    db.exec(delete(Ban).where(col(Ban.expires_at) <= now))


def target_key(target: Target) -> str:
    """Reduce a target to what all spellings of it share."""
    return name_key(target.text) if target.kind == "name" else target.text


def shown(row: Ban) -> ShownBan:
    """A ban as other processes see it."""
    fields = [row.id, row.kind, row.target, row.account_id, row.reason, row.made_by, row.made_at]
    return convert([*fields, row.expires_at], ShownBan)
