"""Logins: whether a name and a password belong together.

Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

from sqlmodel import Session as DbSession

from everdoor.addresses import address_key
from everdoor.messages.accounts import Authenticate
from everdoor.messages.calls import Answer, Failed
from everdoor.names import name_key
from everdoor_auth import records
from everdoor_auth.banning import Banning
from everdoor_auth.kept import Asked
from everdoor_auth.password_rules import prepare_password
from everdoor_auth.throttle import Attempt
from everdoor_auth.tools import Settled, Tools, shown, throttled

WRONG = Failed("wrong_password", "The name or the password is wrong.")
"""The same for a name that nobody has and for a wrong password."""


class Checked(NamedTuple):
    """A password was right: for whom, what to store for it (None: as before), and what the
    attempt counts as (None: it is not counted)."""

    login: records.Login
    new_hash: str | None
    attempt: Attempt | None


class Logins:
    """Checks passwords, one at a time for each address."""

    def __init__(self, tools: Tools, banning: Banning) -> None:
        self._tools = tools
        self._banning = banning
        self._salt = os.urandom(32)

    async def authenticate(self, call: Authenticate, asked: Asked | None) -> Settled:
        """Find the account of a name and a password.

        A wrong password counts against the address, in one transaction with the kept answer; a
        right one makes the address known good. Without an address nothing is counted. That a name
        is banned is told only to who knows its password.

        Returns:
            AccountFound, or Failed `wrong_password`.

        Raises:
            CallRefused: `throttled`, with the seconds to wait, `banned` or `busy`.
            StoreBusy: The database cannot be used.
        """
        login = await self.prove(call.name, call.password, call.address, asked)
        if isinstance(login, Settled):
            return login
        # Without an effect to repeat it need not be stored: after a restart it is checked again.
        return Settled(shown(login.account, login.as_of), is_stored=False)

    async def prove(
        self, name: str, password: str, address: str, asked: Asked | None
    ) -> records.Login | Settled:
        """Find whose name and password these are, or the settled answer; as `authenticate`."""
        await self._banning.refuse_address(address)
        key, counted = name_key(name), address_key(address)
        wall = self._tools.clocks.wall()
        login = await self._tools.store.read(lambda db: records.find_login(db, key, counted, wall))
        attempt = self._attempt(login, key, counted)
        checked = await self.check(login, attempt, password, WRONG, asked)
        if isinstance(checked, Settled):
            return checked
        await self._banning.refuse_account(checked.login.account.id, key)
        await self._note_success(checked)
        return checked.login

    async def note(self, login: records.Login, key: str, address: str) -> None:
        """Note a login without a password, by the name's key from an address as counted."""
        await self._note_success(Checked(login, None, self._attempt(login, key, address)))

    async def check_again(
        self, login: records.Login, address: str, password: str, wrong: Failed, asked: Asked | None
    ) -> Checked | Settled:
        """Have somebody who is logged in show their password; as `check`.

        Args:
            address: As counted.
        """
        attempt = self._attempt(login, login.name_key, address)
        return await self.check(login, attempt, password, wrong, asked)

    async def check(
        self,
        login: records.Login | None,
        attempt: Attempt | None,
        password: str,
        wrong: Failed,
        asked: Asked | None,
    ) -> Checked | Settled:
        """Compare a password with an account's, unless it comes too early.

        Returns:
            Whose it is, or the settled answer `wrong`, which is counted.

        Raises:
            CallRefused: `throttled`, with the seconds to wait, or `busy`.
            StoreBusy: The database cannot be used.
        """
        lane = self._tools.throttle.login_lane(attempt) if attempt else None
        # Guests have no password; nobody's is compared, for as long.
        stored = login.password_hash or None if login else None
        async with self._tools.lanes.turn(lane):
            self._refuse_too_early(attempt)
            verdict = await self._tools.hashing.check(stored, prepare_password(password))
            if login is None or not verdict.is_right:
                return await self._fail(attempt, wrong, asked)
        return Checked(login, verdict.new_hash, attempt)

    def buckets_to_empty(self, checked: Checked) -> tuple[str, ...]:
        """Name the throttle's buckets that a right password empties."""
        attempt = checked.attempt
        return self._tools.throttle.buckets_of_success(attempt) if attempt else ()

    def _attempt(self, login: records.Login | None, key: str, address: str) -> Attempt | None:
        """What counts of a login by the name's key from an address as counted.

        A name that nobody has may be a password in the wrong place: it is told from others, in
        this life of the service, and not kept.
        """
        if not address:
            return None
        if login is None:
            unknown = hashlib.blake2b(key.encode(), key=self._salt, digest_size=16).hexdigest()
            return Attempt(address, f"?{unknown}", None)
        return Attempt(address, key, login.account.id if login.address_is_known else None)

    def _refuse_too_early(self, attempt: Attempt | None) -> None:
        if attempt is None:
            return
        wait_s = self._tools.throttle.login_wait_s(attempt, self._tools.clocks.monotonic())
        if wait_s > 0:
            raise throttled("Too many failed logins.", wait_s)

    async def _fail(self, attempt: Attempt | None, wrong: Failed, asked: Asked | None) -> Settled:
        buckets = self._tools.throttle.buckets_of_failure(attempt) if attempt else ()
        if not buckets:
            return Settled(wrong, is_stored=False)
        wall = self._tools.clocks.wall()

        def count(db: DbSession) -> Answer:
            records.add_marks(db, buckets, wall)
            return wrong

        answer = await self._tools.store.write(
            lambda db: records.keep_once(db, asked, wall, lambda: count(db))
        )
        self._tools.throttle.mark(buckets, self._tools.clocks.monotonic())
        return Settled(answer, is_stored=True)

    async def _note_success(self, checked: Checked) -> None:
        """Store what a success changes, which is mostly nothing."""
        login, new_hash, attempt = checked
        uid, wall = login.account.id, self._tools.clocks.wall()
        empty = self.buckets_to_empty(checked)
        address = attempt.address if attempt and not login.address_is_fresh else None
        if new_hash is None and address is None and not empty:
            return

        def write(db: DbSession) -> None:
            if new_hash is not None:
                records.replace_hash(db, uid, login.password_hash, new_hash)
            if address is not None:
                records.note_address(db, uid, address, wall)
            records.clear_marks(db, empty)

        await self._tools.store.write(write)
        self._tools.throttle.clear(empty)
