"""Who may ask what: roles, and generations of the game server.

Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

from everdoor.errors import CallRefused
from everdoor.messages.accounts import (
    AddBan,
    AddKey,
    Authenticate,
    ChangePassword,
    CheckKey,
    Confirm,
    CreateAccount,
    CreateGuest,
    DeleteAccount,
    FindAccount,
    ListAccounts,
    ListBans,
    ListChanges,
    ListKeys,
    LogoutAccount,
    RedeemTicket,
    RemoveBan,
    RemoveKey,
    RenameAccount,
    SetPassword,
    SweepGuests,
    TicketByKey,
    TicketByPassword,
)
from everdoor.messages.calls import Request

_MAY_ASK: dict[type, frozenset[str]] = {
    Authenticate: frozenset({"server", "portal", "cli"}),
    CreateAccount: frozenset({"server", "portal", "cli"}),
    TicketByPassword: frozenset({"portal"}),
    TicketByKey: frozenset({"portal"}),
    CheckKey: frozenset({"portal"}),
    RedeemTicket: frozenset({"server"}),
    Confirm: frozenset({"server"}),
    CreateGuest: frozenset({"server"}),
    SweepGuests: frozenset({"server"}),
    ChangePassword: frozenset({"server"}),
    SetPassword: frozenset({"server", "cli"}),
    RenameAccount: frozenset({"server", "cli"}),
    LogoutAccount: frozenset({"server", "cli"}),
    DeleteAccount: frozenset({"server", "cli"}),
    FindAccount: frozenset({"server", "cli"}),
    ListAccounts: frozenset({"cli"}),
    ListChanges: frozenset({"server"}),
    AddKey: frozenset({"server", "cli"}),
    RemoveKey: frozenset({"server", "cli"}),
    ListKeys: frozenset({"server", "cli"}),
    AddBan: frozenset({"server", "cli"}),
    RemoveBan: frozenset({"server", "cli"}),
    ListBans: frozenset({"server", "portal", "cli"}),
}

_COUNTED = (
    Authenticate,
    CreateAccount,
    CreateGuest,
    ChangePassword,
    TicketByPassword,
    TicketByKey,
    CheckKey,
)
"""What is done for a client, and counted by its address."""


class Gate:
    """Lets calls in or refuses them.

    The newest generation is known to this life of the service only. After a restart a stale
    server may therefore be heard once more, which does no harm: what it asks has the key of a
    line that its successor runs again, and happens once. In return a world that was restored from
    a backup, with an older generation, is served again after a restart.
    """

    def __init__(self) -> None:
        self._newest_generation = 0

    def admit(self, request: Request) -> None:
        """Check a request before anything is done for it.

        Raises:
            CallRefused: `forbidden`: this role may not ask that; `stale`: a newer server has
                asked already.
        """
        self._check_role(request)
        if request.role == "server":
            self._check_generation(request.generation)

    def _check_role(self, request: Request) -> None:
        call = request.call
        if request.role not in _MAY_ASK.get(type(call), ()):
            raise _forbidden(f"the role {request.role!r} may not ask for {type(call).__name__}")
        if request.role == "cli" or not isinstance(call, _COUNTED):
            return
        if not call.address:
            raise _forbidden("only the command line may leave out the client's address")
        if isinstance(call, CreateAccount) and call.superuser:
            raise _forbidden("superusers are made on the command line only")

    def _check_generation(self, generation: int) -> None:
        if generation < 1:
            raise _forbidden("a server must tell its generation, from 1")
        if generation < self._newest_generation:
            raise CallRefused(
                "stale",
                f"A newer server (generation {self._newest_generation}) has taken over from "
                f"generation {generation}.",
            )
        self._newest_generation = generation


def _forbidden(why: str) -> CallRefused:
    return CallRefused("forbidden", f"Not allowed: {why}.")
