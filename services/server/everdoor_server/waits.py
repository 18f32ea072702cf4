"""What a command can wait for, and how it says so.

A command with an `async` func is a coroutine that the turn drives: it yields a request, the turn
hands it to the shell, and the command goes on in a later turn with the answer. Nothing here runs
or times anything; `everdoor_server.driving` drives, the shell (`everdoor_server.app`) performs.

What auth refuses is raised as CallRefused with a text that is meant for whoever typed; its `code`
says why, `retry_after_s` for how long to wait where that helps. Every call to auth may be refused
`unavailable` or `busy`: it cannot answer now.
"""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator, Sequence
from typing import Any, NamedTuple, TypeAlias

from everdoor.messages.accounts import (
    AccountFound,
    AccountShown,
    AddBan,
    AuthCall,
    Authenticate,
    Ban,
    BanAdded,
    Bans,
    ChangePassword,
    CreateAccount,
    CreateGuest,
    DeleteAccount,
    FindAccount,
    ListBans,
    LogoutAccount,
    RedeemTicket,
    RemoveBan,
    RenameAccount,
    SetPassword,
)
from everdoor.messages.callmessage import CallKey


class Call(NamedTuple):
    """Wait for an answer of the auth service."""

    call: AuthCall


class Pause(NamedTuple):
    """Wait for some seconds; a pause does not outlive the server."""

    seconds: float


class Ask(NamedTuple):
    """Wait for the next line of the session; `hidden`: not to be seen while it is typed."""

    text: str
    hidden: bool


Request: TypeAlias = Call | Pause | Ask
"""All that a command can wait for."""

Running: TypeAlias = Coroutine[Request, Any, Any]
"""A command that has begun."""


def next_request(running: Running, answer: Any, error: Exception | None) -> Request:
    """Let a command go on, to what it waits for next.

    Args:
        answer: To what it waits for now.
        error: Is raised there instead.

    Raises:
        StopIteration: It has come to its end.
        TypeError: It waits for what is no request, such as `asyncio.sleep`, which nobody here would
            ever answer. It is told so first, and may wait for something else.
        Exception: Whatever it raises.
    """
    request = _go_on(running, answer, error)
    if not isinstance(request, Request):
        told = f"commands wait by `sleep`, `ask` and calls of everdoor_server, not for {request!r}"
        refusal = TypeError(told)
        request = _go_on(running, None, refusal)
        if not isinstance(request, Request):
            running.close()
            raise refusal
    return request


def _go_on(running: Running, answer: Any, error: Exception | None) -> Request:
    try:
        return running.send(answer) if error is None else running.throw(error)
    except BaseException as exc:
        if isinstance(exc, Exception | SystemExit | KeyboardInterrupt):
            raise
        # Such as asyncio's CancelledError: it is to end the line, not the turn.
        raise RuntimeError(f"a command has ended with {exc!r}") from exc


class Waiting(NamedTuple):
    """A command waits: answer with `Turn.resume(id, ...)`. `key` names the wait for auth, `trace`
    the line for logs."""

    id: int
    key: CallKey
    request: Call | Pause
    trace: str = ""


async def sleep(seconds: float) -> None:
    """Let others act for some seconds; this session's next command waits meanwhile."""
    await _wait(Pause(seconds))


async def ask(text: str, hidden: bool = False) -> str:
    """Ask whoever typed the line for another one.

    Args:
        text: The prompt, shown without a line end behind it.
        hidden: For passwords: the client is asked not to show what is typed.

    Returns:
        The line as typed. It may be empty.
    """
    answer = await _wait(Ask(text, hidden))
    assert isinstance(answer, str), "a line is a text"
    return answer


# Logging in.


async def authenticate(name: str, password: str, address: str) -> AccountFound:
    """Ask auth whether the password is the account's.

    Raises:
        CallRefused: It is not (`wrong_password`), the address must wait (`throttled`), or it or
            the account is banned (`banned`).
    """
    return await _found(Authenticate(name, password, address))


async def redeem_ticket(ticket: bytes) -> AccountFound:
    """Ask auth for whom it has issued a ticket, for this very session; it is good once.

    Raises:
        CallRefused: It is not good (any more) (`bad_ticket`).
    """
    return await _found(RedeemTicket(ticket))


async def create_account(name: str, password: str, address: str) -> AccountFound:
    """Ask auth to make an account.

    Raises:
        CallRefused: The name or password will not do (`bad_name`, `name_taken`,
            `bad_password`), no accounts are made (`registration_closed`), or as for
            `authenticate`.
    """
    return await _found(CreateAccount(name, password, address))


async def create_guest(names: Sequence[str], address: str) -> AccountFound:
    """Ask auth for a guest: an account without a password, deleted by `delete_account` at its end.

    Args:
        names: It gets the first of these that no account has.

    Raises:
        CallRefused: All of them are taken (`name_taken`), a name will not do (`bad_name`), or the
            address is banned (`banned`).
    """
    return await _found(CreateGuest(list(names), address))


# Accounts.


async def find_account(name: str) -> AccountShown:
    """Look up an account by its name, also one that has never been in this world.

    Raises:
        CallRefused: There is none (`no_account`).
    """
    answer = await _wait(Call(FindAccount(name)))
    assert isinstance(answer, AccountShown), "auth answers what it was asked"
    return answer


async def change_password(account_id: int, old: str, new: str, address: str) -> None:
    """Change a password for who knows the old one; a wrong one counts as a failed login.

    Raises:
        CallRefused: The old one is wrong (`wrong_password`), the new one will not do
            (`bad_password`), the address must wait (`throttled`), or the account is gone
            (`no_account`).
    """
    await _wait(Call(ChangePassword(account_id, old, new, address)))


async def set_password(account_id: int, password: str) -> None:
    """Give an account another password, whatever the old one was.

    Raises:
        CallRefused: It will not do (`bad_password`), or the account is gone (`no_account`).
    """
    await _wait(Call(SetPassword(account_id, password)))


async def rename_account(account_id: int, name: str) -> AccountFound:
    """Give an account another name.

    Raises:
        CallRefused: The name will not do (`bad_name`, `name_taken`), or the account is gone
            (`no_account`).
    """
    return await _found(RenameAccount(account_id, name))


async def logout_account(account_id: int) -> None:
    """End all sessions that an account has now, this one included.

    Raises:
        CallRefused: The account is gone (`no_account`).
    """
    await _wait(Call(LogoutAccount(account_id)))


async def delete_account(account_id: int) -> None:
    """Delete an account and end its sessions; nothing happens when it is gone already."""
    await _wait(Call(DeleteAccount(account_id)))


# Bans.


async def add_ban(target: str, reason: str = "", lasts_s: float = 0.0, by: str = "") -> Ban:
    """Keep somebody out; sessions that the ban is about end at once.

    Args:
        target: A name, an IPv4 or IPv6 address, or a range: 192.0.2.0/24, 192.0.2.*, 2001:db8::/32.
        reason: Told to who is kept out; at most 200 characters.
        lasts_s: 0: until it is lifted.
        by: Who does it, for other staff.

    Raises:
        CallRefused: The target is neither (`bad_target`).
    """
    answer = await _wait(Call(AddBan(target, reason, lasts_s, by)))
    assert isinstance(answer, BanAdded), "auth answers what it was asked"
    return answer.ban


async def remove_ban(ban_id: int) -> None:
    """Lift a ban.

    Raises:
        CallRefused: There is none of that id (`no_ban`).
    """
    await _wait(Call(RemoveBan(ban_id)))


async def list_bans() -> list[Ban]:
    """The bans in force, in the order of their ids."""
    found: list[Ban] = []
    while True:
        page = await _wait(Call(ListBans(found[-1].id if found else 0)))
        assert isinstance(page, Bans), "auth answers what it was asked"
        found += page.bans
        if not page.more:
            return found


async def _found(call: AuthCall) -> AccountFound:
    answer = await _wait(Call(call))
    assert isinstance(answer, AccountFound), "auth answers what it was asked"
    return answer


@types.coroutine
def _wait(request: Request) -> Generator[Request, Any, Any]:
    return (yield request)
