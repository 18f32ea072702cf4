"""The command line's end of calls to auth: the running service of this home, asked one by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from everdoor.errors import CallTimeout, UserError

if TYPE_CHECKING:
    from everdoor.messages.accounts import AccountInfo, AccountShown, AuthCall, Ban, PublicKey
    from everdoor.messages.calls import Result

ANSWER_S = 10.0
"""How long auth may take for one call: a password hash, and those waiting before it."""

T = TypeVar("T", bound="AuthCall")


class AskAuth:
    """The auth service of this home; to be used in a `with`."""

    def __enter__(self) -> AskAuth:
        from asyncio import Runner

        from everdoor.bus import Bus, RpcClient
        from everdoor.cli.control import is_listening
        from everdoor.cli.surroundings import endpoints_of, read_settings

        settings = read_settings()
        endpoint = endpoints_of(settings).auth_rpc
        if not is_listening(Path(endpoint.removeprefix("ipc://"))):
            raise UserError(
                f"auth does not run in {settings.home}: start it with `everdoor up` "
                "or `everdoor auth run`, then try again"
            )
        self._runner = Runner()
        self._bus = Bus(self._runner.get_loop())
        self._client = RpcClient(self._bus, endpoint, "cli")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._bus.close()
        self._runner.close()

    def ask(self, call: AuthCall, about: str) -> Result:
        """Ask and wait for the answer.

        Args:
            about: Whom the call is about, for the text of a timeout.

        Raises:
            UserError: Auth did not answer in time.
            CallRefused: Auth refused it; the text says why.
        """
        try:
            return self._runner.run(self._client.call(call, deadline_s=ANSWER_S))
        except CallTimeout as exc:
            told = f"{about}: no answer from auth within {ANSWER_S:g} s"
            look = "see `everdoor status`"
            if not _only_reads(call):
                look = "it may have been done, look before trying again"
            raise UserError(f"{told}; {look}") from exc

    def find(self, name: str) -> AccountShown:
        """The account of a name.

        Raises:
            UserError, CallRefused: As `ask`; `no_account`: there is none.
        """
        from everdoor.messages.accounts import AccountShown, FindAccount

        answer = self.ask(checked(FindAccount(name)), name)
        assert isinstance(answer, AccountShown), f"auth answered {type(answer).__name__}"
        return answer

    def accounts(self) -> list[AccountInfo]:
        """All accounts, in the order of their ids."""
        from everdoor.messages.accounts import Accounts, ListAccounts

        found: list[AccountInfo] = []
        while True:
            page = self.ask(ListAccounts(found[-1].uid if found else 0), "accounts")
            assert isinstance(page, Accounts), f"auth answered {type(page).__name__}"
            found += page.accounts
            if not page.more:
                return found

    def keys(self, uid: int) -> list[PublicKey]:
        """The public keys of an account, oldest first."""
        from everdoor.messages.accounts import Keys, ListKeys

        answer = self.ask(ListKeys(uid), "keys")
        assert isinstance(answer, Keys), f"auth answered {type(answer).__name__}"
        return answer.keys

    def bans(self) -> list[Ban]:
        """All bans in force, in the order of their ids."""
        from everdoor.messages.accounts import Bans, ListBans

        found: list[Ban] = []
        while True:
            page = self.ask(ListBans(found[-1].id if found else 0), "bans")
            assert isinstance(page, Bans), f"auth answered {type(page).__name__}"
            found += page.bans
            if not page.more:
                return found


def _only_reads(call: AuthCall) -> bool:
    from everdoor.messages.accounts import FindAccount, ListAccounts, ListBans, ListKeys

    return isinstance(call, FindAccount | ListAccounts | ListBans | ListKeys)


def checked(call: T) -> T:
    """See whether a call fits its bounds.

    Raises:
        UserError: A text is longer than a call can carry.
    """
    from msgspec import ValidationError, convert, to_builtins

    try:
        return convert(to_builtins(call), type(call))
    except ValidationError:
        raise UserError("a name, password or reason is far too long") from None
