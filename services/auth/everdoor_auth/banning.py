"""Bans: keeping them, and keeping out whom they are about.

All bans are held in memory too, so that a login costs no query for them. What a ban is and whom it
matches is `everdoor.bans`'.

Source: docs/protocol.md, section 6.4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import structlog
from sqlmodel import Session as DbSession

from everdoor.bans import BanList, Target, is_in_force, parse_target, told
from everdoor.errors import CallRefused, StoreBusy, UserError
from everdoor.messages.accounts import AddBan, Ban, BanAdded, Bans, ListBans, RemoveBan
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer
from everdoor.names import name_key
from everdoor_auth import banrecords, records
from everdoor_auth.kept import Asked
from everdoor_auth.tools import Settled, Tools

PAGE = 1000
"""Bans in one answer: 300 KiB at usual sizes, and below 1 MiB with the longest reasons."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class _Held(NamedTuple):
    """The bans, as a list and by the keys of the names among them."""

    bans: BanList
    names: dict[str, Ban]


class Banning:
    """Adds and lifts bans, and refuses who is banned."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._held: _Held | None = None

    # Keeping out.

    async def refuse_address(self, address: str) -> None:
        """Check a client's address; none at all is never banned.

        Raises:
            CallRefused: `banned`.
            StoreBusy: The database cannot be used.
        """
        held, now = await self._bans(), self._tools.clocks.wall()
        _refuse(held.bans.of_address(address, now), now)

    async def refuse_account(self, uid: int, key: str) -> None:
        """Check an account by its id and the key of its name; raises as `refuse_address`."""
        held, now = await self._bans(), self._tools.clocks.wall()
        _refuse(held.bans.of_account(uid, now), now)
        _refuse(held.names.get(key), now)

    async def refuse_name(self, key: str) -> None:
        """Check a name that somebody wants, by its key; raises as `refuse_address`."""
        held, now = await self._bans(), self._tools.clocks.wall()
        _refuse(held.names.get(key), now)

    async def is_banned_name(self, key: str) -> bool:
        """Whether nobody may have a name."""
        ban = (await self._bans()).names.get(key)
        return ban is not None and is_in_force(ban, self._tools.clocks.wall())

    async def of_account(self, uid: int, key: str) -> list[Ban]:
        """List the bans in force on an account's name."""
        bans, now = (await self._bans()).bans, self._tools.clocks.wall()
        named = [ban for ban in bans if ban.kind == "name" and is_in_force(ban, now)]
        return [ban for ban in named if ban.uid == uid or name_key(ban.target) == key]

    # Bans themselves.

    async def add(self, call: AddBan, asked: Asked | None) -> Settled:
        """Ban a target, in place of a ban of the same one; those who listen are told.

        Raises:
            CallRefused: `bad_target`.
            StoreBusy: The database cannot be used.
        """
        try:
            target = parse_target(call.target)
        except UserError as exc:
            raise CallRefused("bad_target", str(exc)) from None
        now = self._tools.clocks.wall()
        expires_at = now + call.lasts_s if call.lasts_s else None

        def effect(db: DbSession) -> Answer:
            return BanAdded(banrecords.add_ban(db, target, call.reason, call.by, now, expires_at))

        answer = await self._change(effect, asked)
        if isinstance(answer, BanAdded):
            self._tell(answer.ban, target)
        return Settled(answer, is_stored=True)

    async def remove(self, call: RemoveBan, asked: Asked | None) -> Settled:
        """Lift a ban.

        Raises:
            CallRefused: `no_ban`.
            StoreBusy: The database cannot be used.
        """

        def effect(db: DbSession) -> Answer:
            if not banrecords.remove_ban(db, call.id):
                raise CallRefused("no_ban", f"There is no ban {call.id}.")
            return Done()

        answer = await self._change(effect, asked)
        log.info("ban lifted", ban=call.id)
        self._tools.news.publish("ban.removed", id=call.id)
        return Settled(answer, is_stored=True)

    async def list_bans(self, call: ListBans) -> Bans:
        """Give out a page of the bans in force."""
        held, now = await self._bans(), self._tools.clocks.wall()
        found = [ban for ban in held.bans if ban.id > call.after and is_in_force(ban, now)]
        mark = self._tools.news.mark
        return Bans(found[:PAGE], len(found) > PAGE, mark.publisher, mark.seq)

    async def drop_expired(self) -> None:
        """Delete the bans that are over."""
        held, now = await self._bans(), self._tools.clocks.wall()
        if not all(is_in_force(ban, now) for ban in held.bans):
            await self._write(lambda db: banrecords.drop_expired(db, now))

    def _tell(self, ban: Ban, target: Target) -> None:
        lasts_s = None if ban.expires_at is None else ban.expires_at - ban.made_at
        log.info("ban added", ban=ban.id, target=target.text, lasts_s=lasts_s, by=ban.by)
        self._tools.news.publish("ban.added", id=ban.id)
        if ban.uid is not None:
            self._tools.news.publish(f"account.{ban.uid}.banned", account=ban.target)

    # In memory.

    async def _bans(self) -> _Held:
        if self._held is None:
            now = self._tools.clocks.wall()
            self._hold(await self._tools.store.read(lambda db: banrecords.read_bans(db, now)))
        assert self._held is not None, "it was just read"
        return self._held

    def _hold(self, bans: list[Ban]) -> None:
        names = {name_key(ban.target): ban for ban in bans if ban.kind == "name"}
        self._held = _Held(BanList(bans), names)

    async def _change(self, effect: Callable[[DbSession], Answer], asked: Asked | None) -> Answer:
        """Bring about an effect once and know the bans as they are afterwards."""
        now = self._tools.clocks.wall()
        return await self._write(lambda db: records.keep_once(db, asked, now, lambda: effect(db)))

    async def _write(self, work: Callable[[DbSession], T]) -> T:
        now = self._tools.clocks.wall()
        try:
            done, bans = await self._tools.store.write(
                lambda db: (work(db), banrecords.read_bans(db, now))
            )
        except StoreBusy:
            # Whether it was committed may be unknown: they are read again.
            self._held = None
            raise
        self._hold(bans)
        return done


def _refuse(ban: Ban | None, now: float) -> None:
    if ban is not None and is_in_force(ban, now):
        raise CallRefused("banned", told(ban, now))
