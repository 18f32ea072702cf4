"""Tickets: logins of clients that show who they are before their session begins.

A portal has a password checked, or has checked itself that a client has a public key, and gets a
ticket for the session that it is about to begin; the server redeems it when it hears of that. So no
portal can say who somebody is: it can only pass on what auth has issued, once, and for that
session. That a client has the key is the one thing in which the portal is believed.

Source: docs/protocol.md, section 6.4.
"""

from __future__ import annotations

import structlog
from sqlmodel import Session as DbSession

from everdoor.addresses import address_key
from everdoor.errors import CallRefused
from everdoor.ids import SessionKey
from everdoor.messages.accounts import (
    CheckKey,
    RedeemTicket,
    TicketByKey,
    TicketByPassword,
    TicketIssued,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Failed
from everdoor.names import name_key
from everdoor_auth import keyrecords, records
from everdoor_auth.banning import Banning
from everdoor_auth.kept import Asked
from everdoor_auth.logins import Logins
from everdoor_auth.tools import Settled, Tools, shown

NO_KEY = Failed("no_key", "That key cannot log in to that account.")
"""The same for a name that nobody has and for a key that is not the account's."""

log = structlog.get_logger(__name__)


class Tickets:
    """Issues tickets to portals, and redeems them for servers."""

    def __init__(self, tools: Tools, banning: Banning, logins: Logins) -> None:
        self._tools = tools
        self._banning = banning
        self._logins = logins

    async def by_password(self, call: TicketByPassword, asked: Asked | None) -> Settled:
        """Issue a ticket for a name and a password; checked, counted and refused as a login."""
        login = await self._logins.prove(call.name, call.password, call.address, asked)
        return login if isinstance(login, Settled) else await self._issue(login, call.session)

    async def by_key(self, call: TicketByKey, asked: Asked | None) -> Settled:
        """Issue a ticket for a key that the client has.

        Returns:
            TicketIssued, or Failed `no_key`.

        Raises:
            CallRefused: `banned`.
            StoreBusy: The database cannot be used.
        """
        login = await self._find(call)
        if login is None:
            return Settled(NO_KEY, is_stored=False)
        key, address = name_key(call.name), address_key(call.address)
        await self._banning.refuse_account(login.account.id, key)
        await self._logins.note(login, key, address)
        return await self._issue(login, call.session)

    async def check_key(self, call: CheckKey) -> Answer:
        """Say whether a key may log in to the account of a name; raises as `by_key`."""
        return NO_KEY if await self._find(call) is None else Done()

    async def redeem(self, call: RedeemTicket, asked: Asked | None) -> Settled:
        """Take a ticket, once.

        Returns:
            AccountFound, as of when the ticket was issued.

        Raises:
            CallRefused: `bad_ticket`: it is not good, or not for this session; `forbidden`: no
                session is named.
            StoreBusy: The database cannot be used.
        """
        if asked is None:
            raise CallRefused("forbidden", "Not allowed: a ticket is redeemed for a session.")
        session, wall = asked.key.session, self._tools.clocks.wall()

        def effect(db: DbSession) -> Answer:
            taken = keyrecords.take_ticket(db, call.ticket, session, wall)
            if taken is None:
                log.warning("a ticket was refused", session=str(session))
                raise CallRefused("bad_ticket", "Your login could not be taken over; log in again.")
            return shown(*taken)

        answer = await self._tools.store.write(
            lambda db: records.keep_once(db, asked, wall, lambda: effect(db))
        )
        return Settled(answer, is_stored=True)

    async def _find(self, call: CheckKey | TicketByKey) -> records.Login | None:
        await self._banning.refuse_address(call.address)
        key, address = name_key(call.name), address_key(call.address)
        wall = self._tools.clocks.wall()
        return await self._tools.store.read(
            lambda db: keyrecords.find_login(db, key, call.fingerprint, address, wall)
        )

    async def _issue(self, login: records.Login, session: SessionKey) -> Settled:
        ticket, wall = self._tools.new_ticket(), self._tools.clocks.wall()
        await self._tools.store.write(
            lambda db: keyrecords.add_ticket(db, ticket, login, session, wall)
        )
        return Settled(TicketIssued(ticket), is_stored=False)
