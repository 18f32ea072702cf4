"""Public keys of accounts: added, removed, listed. Logging in with one is `tickets`'.

Source: docs/protocol.md, section 6.4.
"""

from __future__ import annotations

import structlog
from sqlmodel import Session as DbSession

from everdoor.errors import CallRefused
from everdoor.messages.accounts import AddKey, Keys, ListKeys, PublicKey, RemoveKey
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer
from everdoor_auth import accountrecords, keyrecords, records
from everdoor_auth.kept import Asked
from everdoor_auth.tools import Settled, Tools

MAX_KEYS = 100
"""Of one account: more than anybody has machines, and far below 1 MiB in one answer."""

log = structlog.get_logger(__name__)


class KeyRing:
    """Looks after the keys of accounts."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def add(self, call: AddKey, asked: Asked | None) -> Settled:
        """Let a key log in to an account.

        Raises:
            CallRefused: `no_account`, or `bad_key`: it is a guest's, or has as many as may be.
            StoreBusy: The database cannot be used.
        """
        wall = self._tools.clocks.wall()
        key = PublicKey(call.kind, call.fingerprint, call.comment, wall)

        def effect(db: DbSession) -> Answer:
            _refuse(db, call)
            keyrecords.add_key(db, call.uid, key)
            return Done()

        answer = await self._tools.store.write(
            lambda db: records.keep_once(db, asked, wall, lambda: effect(db))
        )
        log.info("key added", uid=call.uid, key=call.fingerprint)
        return Settled(answer, is_stored=True)

    async def remove(self, call: RemoveKey, asked: Asked | None) -> Settled:
        """Let a key log in no more.

        Raises:
            CallRefused: `no_key`: the account does not have it.
            StoreBusy: The database cannot be used.
        """
        wall = self._tools.clocks.wall()

        def effect(db: DbSession) -> Answer:
            if not keyrecords.remove_key(db, call.uid, call.fingerprint):
                raise CallRefused("no_key", f"The account has no key {call.fingerprint}.")
            return Done()

        answer = await self._tools.store.write(
            lambda db: records.keep_once(db, asked, wall, lambda: effect(db))
        )
        log.info("key removed", uid=call.uid, key=call.fingerprint)
        return Settled(answer, is_stored=True)

    async def list_keys(self, call: ListKeys) -> Keys:
        """Give out the keys of an account; none where there is no account."""
        return Keys(await self._tools.store.read(lambda db: keyrecords.read_keys(db, call.uid)))


def _refuse(db: DbSession, call: AddKey) -> None:
    account = accountrecords.find_account(db, call.uid)
    if account is None:
        raise CallRefused("no_account", f"There is no account {call.uid} any more.")
    if account.guest:
        raise CallRefused("bad_key", "A guest has no keys.")
    keys = keyrecords.read_keys(db, call.uid)
    if len(keys) >= MAX_KEYS and all(key.fingerprint != call.fingerprint for key in keys):
        raise CallRefused("bad_key", f"An account has {MAX_KEYS} keys at most; remove one first.")
