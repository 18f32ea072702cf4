"""Accounts after they are made: passwords, names, sessions, their end, and who looks at them.

What ends sessions, or what allowed them to be resumed, is written down as a change in the same
transaction, so that every server learns of it; events only make that prompt.

Source: docs/protocol.md, section 6.4.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog
from sqlmodel import Session as DbSession

from everdoor.addresses import address_key
from everdoor.errors import CallRefused, UserError
from everdoor.messages.accounts import (
    AccountChanges,
    AccountInfo,
    Accounts,
    AccountShown,
    ChangeKind,
    ChangePassword,
    DeleteAccount,
    FindAccount,
    ListAccounts,
    ListChanges,
    LogoutAccount,
    RenameAccount,
    SetPassword,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Failed
from everdoor.names import check_name, name_key
from everdoor_auth import accountrecords, records
from everdoor_auth.banning import Banning
from everdoor_auth.kept import Asked
from everdoor_auth.logins import Checked, Logins
from everdoor_auth.models import PublicAccount
from everdoor_auth.password_rules import check_password, prepare_password
from everdoor_auth.tools import Settled, Tools, shown

WRONG_OLD = Failed("wrong_password", "The specified old password isn't correct.")

log = structlog.get_logger(__name__)


class Upkeep:
    """Changes accounts and tells of them.

    Args:
        common_passwords: Refused, in lower case.
    """

    def __init__(
        self, tools: Tools, banning: Banning, logins: Logins, common_passwords: Collection[str]
    ) -> None:
        self._tools = tools
        self._banning = banning
        self._logins = logins
        self._common_passwords = common_passwords

    # Passwords.

    async def change_password(self, call: ChangePassword, asked: Asked | None) -> Settled:
        """Change a password for who knows the old one; a wrong one counts as a failed login.

        Returns:
            Done, or Failed `wrong_password`.

        Raises:
            CallRefused: `no_account`, `bad_password`, `throttled` or `busy`.
            StoreBusy: The database cannot be used.
        """
        address, wall = address_key(call.address), self._tools.clocks.wall()
        login = await self._tools.store.read(
            lambda db: records.find_login_of(db, call.uid, address, wall)
        )
        if login is None:
            raise _no_account(call.uid)
        new = self._checked(call.new, login.account)
        checked = await self._logins.check_again(login, address, call.old, WRONG_OLD, asked)
        if isinstance(checked, Settled):
            return checked
        return await self._replace(checked, await self._tools.hashing.hash(new), asked)

    async def _replace(self, checked: Checked, new_hash: str, asked: Asked | None) -> Settled:
        account, old = checked.login.account, checked.login.password_hash
        empty = self._logins.buckets_to_empty(checked)

        def effect(db: DbSession) -> Answer:
            if not accountrecords.change_hash(db, account.id, new_hash, old):
                return WRONG_OLD
            records.clear_marks(db, empty)
            return Done()

        settled = await self._change(account, "password_changed", effect, asked)
        self._tools.throttle.clear(empty)
        return settled

    async def set_password(self, call: SetPassword, asked: Asked | None) -> Settled:
        """Give an account another password.

        Raises:
            CallRefused: `no_account`, `bad_password` or `busy`.
            StoreBusy: The database cannot be used.
        """
        account = await self._find(call.uid)
        new_hash = await self._tools.hashing.hash(self._checked(call.password, account))

        def effect(db: DbSession) -> Answer:
            if not accountrecords.change_hash(db, account.id, new_hash):
                raise _no_account(account.id)
            return Done()

        return await self._change(account, "password_changed", effect, asked)

    def _checked(self, password: str, account: PublicAccount) -> str:
        if account.guest:
            raise CallRefused("bad_password", "A guest has no password.")
        prepared = prepare_password(password)
        try:
            check_password(prepared, account.name, self._common_passwords)
        except UserError as exc:
            raise CallRefused("bad_password", str(exc)) from None
        return prepared

    # Names, sessions, the end.

    async def rename(self, call: RenameAccount, asked: Asked | None) -> Settled:
        """Give an account another name; its old one may be spelled anew.

        Raises:
            CallRefused: `no_account`, `bad_name`, `name_taken` or `banned`.
            StoreBusy: The database cannot be used.
        """
        try:
            name = check_name(call.name)
        except UserError as exc:
            raise CallRefused("bad_name", str(exc)) from None
        key = name_key(name)
        await self._banning.refuse_name(key)
        account = await self._find(call.uid)
        renamed = account.model_copy(update={"name": name})

        def effect(db: DbSession) -> Answer:
            if accountrecords.find_uid(db, key) not in (None, account.id):
                raise CallRefused("name_taken", f"The name {name} is taken; choose another.")
            accountrecords.rename(db, account.id, name, key)
            return shown(renamed, records.last_change(db))

        return await self._change(renamed, "renamed", effect, asked)

    async def log_out(self, call: LogoutAccount, asked: Asked | None) -> Settled:
        """End all sessions that an account has now.

        Raises:
            CallRefused: `no_account`.
            StoreBusy: The database cannot be used.
        """
        return await self._change(await self._find(call.uid), "logged_out", _nothing, asked)

    async def delete(self, call: DeleteAccount, asked: Asked | None) -> Settled:
        """Delete an account and end its sessions; nothing happens when there is none."""
        account = await self._tools.store.read(lambda db: accountrecords.find_account(db, call.uid))
        if account is None:
            return Settled(Done(), is_stored=False)

        def effect(db: DbSession) -> Answer:
            accountrecords.delete_account(db, call.uid)
            return Done()

        return await self._change(account, "deleted", effect, asked)

    async def _find(self, uid: int) -> PublicAccount:
        account = await self._tools.store.read(lambda db: accountrecords.find_account(db, uid))
        if account is None:
            raise _no_account(uid)
        return account

    async def _change(
        self,
        account: PublicAccount,
        kind: ChangeKind,
        effect: Callable[[DbSession], Answer],
        asked: Asked | None,
    ) -> Settled:
        """Bring about an effect once, write down that it happened, and tell who listens.

        What the effect answers as Failed has not happened.
        """
        wall = self._tools.clocks.wall()

        def change(db: DbSession) -> Answer:
            answer = effect(db)
            if not isinstance(answer, Failed):
                accountrecords.note_change(db, account.id, kind, account.name, wall)
            return answer

        answer = await self._tools.store.write(
            lambda db: records.keep_once(db, asked, wall, lambda: change(db))
        )
        if not isinstance(answer, Failed):
            log.info("account changed", uid=account.id, change=kind)
            self._tools.news.publish(f"account.{account.id}.{kind}", account=account.name)
        return Settled(answer, is_stored=True)

    # Looking.

    async def find(self, call: FindAccount) -> AccountShown:
        """Look up an account by its name.

        Raises:
            CallRefused: `no_account`.
            StoreBusy: The database cannot be used.
        """
        key = name_key(call.name)
        found = await self._tools.store.read(lambda db: _read(db, key))
        if found is None:
            raise CallRefused("no_account", f"There is no account {call.name!r}.")
        info, addresses = found
        return AccountShown(info, addresses, await self._banning.of_account(info.uid, key))

    async def list_accounts(self, call: ListAccounts) -> Accounts:
        """Give out a page of accounts."""
        page = accountrecords.PAGE
        found = await self._tools.store.read(
            lambda db: accountrecords.read_accounts(db, call.after, page)
        )
        return Accounts(found[:page], len(found) > page)

    async def list_changes(self, call: ListChanges) -> AccountChanges:
        """Give out a page of changes."""
        page, mark = accountrecords.PAGE, self._tools.news.mark
        found = await self._tools.store.read(
            lambda db: accountrecords.read_changes(db, call.after, page)
        )
        return AccountChanges(found[:page], len(found) > page, mark.publisher, mark.seq)


def _read(db: DbSession, key: str) -> tuple[AccountInfo, list[str]] | None:
    uid = accountrecords.find_uid(db, key)
    return None if uid is None else accountrecords.read_account(db, uid)


def _nothing(db: DbSession) -> Answer:
    return Done()


def _no_account(uid: int) -> CallRefused:
    return CallRefused("no_account", f"There is no account {uid} any more.")
