"""Guests: accounts without a password, which are deleted when their players leave.

Who deletes them is the game server; what a server that died has forgotten is swept. How many there
are at once is bounded by how many names there are for them.

Source: docs/protocol.md, section 6.4.
"""

from __future__ import annotations

import structlog
from sqlmodel import Session as DbSession

from everdoor.errors import CallRefused, UserError
from everdoor.messages.accounts import CreateGuest, SweepGuests
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer
from everdoor.names import check_name, name_key
from everdoor_auth import accountrecords, records
from everdoor_auth.banning import Banning
from everdoor_auth.kept import Asked
from everdoor_auth.models import NewAccount
from everdoor_auth.tools import Settled, Tools, shown

YOUNG_S = 60.0
"""A guest is this old before it can be swept: its login may be under way."""

NO_PASSWORD = ""

FULL = "All guests are here already; please come back later, or make an account."

log = structlog.get_logger(__name__)


class Guests:
    """Makes guests and sweeps those that were left behind."""

    def __init__(self, tools: Tools, banning: Banning) -> None:
        self._tools = tools
        self._banning = banning

    async def create(self, call: CreateGuest, asked: Asked | None) -> Settled:
        """Make a guest, in one transaction with the kept answer.

        Returns:
            AccountFound.

        Raises:
            CallRefused: `banned`, `bad_name`, or `name_taken`: somebody has each of the names.
            StoreBusy: The database cannot be used.
        """
        await self._banning.refuse_address(call.address)
        names = [(_checked(name), name_key(name)) for name in call.names]
        free = [each for each in names if not await self._banning.is_banned_name(each[1])]
        now = self._tools.clocks.wall()

        def effect(db: DbSession) -> Answer:
            for name, key in free:
                if not records.name_is_taken(db, key):
                    return _add(db, name, key, now)
            raise CallRefused("name_taken", FULL)

        answer = await self._tools.store.write(
            lambda db: records.keep_once(db, asked, now, lambda: effect(db))
        )
        return Settled(answer, is_stored=True)

    async def sweep(self, call: SweepGuests) -> Answer:
        """Delete all guests but some and the youngest."""
        keep, now = frozenset(call.keep), self._tools.clocks.wall()

        def effect(db: DbSession) -> int:
            found = accountrecords.find_old_guests(db, keep, now - YOUNG_S)
            for uid in found:
                accountrecords.delete_account(db, uid)
            return len(found)

        if count := await self._tools.store.write(effect):
            log.info("guests swept", count=count)
        return Done()


def _add(db: DbSession, name: str, key: str, now: float) -> Answer:
    new = NewAccount(name=name, guest=True, name_key=key, password_hash=NO_PASSWORD)
    return shown(records.add_account(db, new, now), records.last_change(db))


def _checked(name: str) -> str:
    try:
        return check_name(name)
    except UserError as exc:
        raise CallRefused("bad_name", f"{name!r} is no name for a guest: {exc}") from None
