"""What a command can wait for, and how it says so.

A command with an `async` func is a coroutine that the turn drives: it yields a request, the turn
hands it to the shell, and the command goes on in a later turn with the answer. Nothing here runs
or times anything; `everdoor_server.driving` drives, the shell (`everdoor_server.app`) performs.
"""

from __future__ import annotations

import types
from collections.abc import Coroutine, Generator
from typing import Any, NamedTuple, TypeAlias

from everdoor.messages.calls import AccountFound, AuthCall, Authenticate, CreateAccount


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


async def authenticate(name: str, password: str, address: str) -> AccountFound:
    """Ask auth whether the password is the account's.

    Raises:
        CallRefused: It is not (`wrong_password`), the address must wait (`throttled`), or auth
            cannot say now (`busy`, `unavailable`). The text is meant for the player.
    """
    answer = await _wait(Call(Authenticate(name, password, address)))
    assert isinstance(answer, AccountFound), "auth answers what it was asked"
    return answer


async def create_account(name: str, password: str, address: str) -> AccountFound:
    """Ask auth to make an account.

    Raises:
        CallRefused: The name or password will not do (`bad_name`, `name_taken`,
            `bad_password`), or as for `authenticate`. The text is meant for the player.
    """
    answer = await _wait(Call(CreateAccount(name, password, address)))
    assert isinstance(answer, AccountFound), "auth answers what it was asked"
    return answer


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


@types.coroutine
def _wait(request: Request) -> Generator[Request, Any, Any]:
    return (yield request)
