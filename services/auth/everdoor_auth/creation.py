"""New accounts: whether they may be made, and making them once.

Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import structlog
from sqlmodel import Session as DbSession

from everdoor.addresses import address_key
from everdoor.errors import CallRefused, UserError
from everdoor.messages.accounts import AccountFound, CreateAccount
from everdoor.messages.calls import Answer
from everdoor.names import check_name, name_key
from everdoor_auth import records
from everdoor_auth.banning import Banning
from everdoor_auth.kept import Asked
from everdoor_auth.models import NewAccount
from everdoor_auth.password_rules import check_password, prepare_password
from everdoor_auth.tools import Settled, Tools, shown, throttled

CLOSED = "New accounts cannot be made at present."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An account that obeys the rules."""

    name: str
    key: str
    password: str = field(repr=False)
    superuser: bool
    address: str


class Creation:
    """Makes accounts, one at a time for each address.

    Args:
        common_passwords: Refused, in lower case.
        is_open: False: only the command line makes accounts.
    """

    def __init__(
        self, tools: Tools, banning: Banning, common_passwords: Collection[str], is_open: bool
    ) -> None:
        self._tools = tools
        self._banning = banning
        self._common_passwords = common_passwords
        self._is_open = is_open

    async def create(self, call: CreateAccount, asked: Asked | None) -> Settled:
        """Make an account, in one transaction with the kept answer.

        The address it is made from counts it, and is known good for it. Without an address
        nothing is counted.

        Returns:
            AccountFound.

        Raises:
            CallRefused: `registration_closed`, `bad_name`, `bad_password`, `name_taken`,
                `throttled`, `banned` or `busy`; nothing was made.
            StoreBusy: The database cannot be used.
        """
        if call.address and not self._is_open:
            raise CallRefused("registration_closed", CLOSED)
        await self._banning.refuse_address(call.address)
        wanted = self._checked(call)
        await self._banning.refuse_name(wanted.key)
        throttle, clocks = self._tools.throttle, self._tools.clocks
        if not wanted.address:
            return await self._create(wanted, (), asked)
        async with self._tools.lanes.turn(throttle.creation_lane(wanted.address)):
            wait_s = throttle.creation_wait_s(wanted.address, clocks.monotonic())
            if wait_s > 0:
                raise throttled("Too many accounts were made from your address.", wait_s)
            return await self._create(wanted, throttle.buckets_of_creation(wanted.address), asked)

    def _checked(self, call: CreateAccount) -> _Wanted:
        try:
            name = check_name(call.name)
        except UserError as exc:
            raise CallRefused("bad_name", str(exc)) from None
        password = prepare_password(call.password)
        try:
            check_password(password, name, self._common_passwords)
        except UserError as exc:
            raise CallRefused("bad_password", str(exc)) from None
        return _Wanted(name, name_key(name), password, call.superuser, address_key(call.address))

    async def _create(
        self, wanted: _Wanted, buckets: tuple[str, ...], asked: Asked | None
    ) -> Settled:
        wall = self._tools.clocks.wall()
        # Before the hash, to spare it; the transaction that creates looks again.
        await self._tools.store.read(lambda db: _refuse_taken(db, wanted, asked))
        new = NewAccount(
            name=wanted.name,
            superuser=wanted.superuser,
            name_key=wanted.key,
            password_hash=await self._tools.hashing.hash(wanted.password),
        )
        answer = await self._tools.store.write(
            lambda db: records.keep_once(
                db, asked, wall, lambda: _add(db, wanted, new, buckets, wall)
            )
        )
        self._tools.throttle.mark(buckets, self._tools.clocks.monotonic())
        if isinstance(answer, AccountFound):
            log.info("account created", uid=answer.uid, superuser=answer.superuser)
            self._tools.news.publish(f"account.{answer.uid}.created", account=answer.name)
        return Settled(answer, is_stored=True)


def _refuse_taken(db: DbSession, wanted: _Wanted, asked: Asked | None) -> None:
    if asked is not None and records.find_kept(db, asked.key) is not None:
        return
    if records.name_is_taken(db, wanted.key):
        raise CallRefused("name_taken", f"The name {wanted.name} is taken; choose another.")


def _add(
    db: DbSession, wanted: _Wanted, new: NewAccount, buckets: tuple[str, ...], wall: float
) -> Answer:
    _refuse_taken(db, wanted, None)
    account = records.add_account(db, new, wall)
    records.add_marks(db, buckets, wall)
    if wanted.address:
        records.note_address(db, account.id, wanted.address, wall)
    return shown(account, records.last_change(db))
