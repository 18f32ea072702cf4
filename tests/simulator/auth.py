"""The auth service in memory: each call's effect once, however often it is asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

from everdoor.errors import CallRefused
from everdoor.ids import SessionKey
from everdoor.messages.accounts import AccountFound, AuthCall, Authenticate, CreateAccount
from everdoor.messages.callmessage import CallKey
from simulator.history import Violation

ACCOUNTS = ("ann", "bob", "cid")


class Auth:
    """Keeps answers by CallKey until the server confirms the line, refuses older generations."""

    def __init__(self) -> None:
        self._generation = 0
        self._kept: dict[CallKey, tuple[AuthCall, AccountFound]] = {}
        self._made: Counter[str] = Counter()

    def perform(self, generation: int, key: CallKey, call: AuthCall) -> AccountFound:
        """Do what is asked, or say again what came of it.

        Raises:
            CallRefused: It comes from a server that was replaced, or the key was used before.
        """
        if generation < self._generation:
            raise CallRefused("stale", "a newer server has asked already")
        self._generation = generation
        kept = self._kept.get(key)
        if kept is None:
            answer = self._answer(call)
            self._kept[key] = (call, answer)
            return answer
        if kept[0] != call:
            raise Violation(f"call {key} asks {call}, it asked {kept[0]} before")
        return kept[1]

    def confirm(self, generation: int, answered: list[tuple[SessionKey, int]]) -> None:
        """Forget the answers to lines that are complete."""
        if generation < self._generation:
            return
        complete = dict(answered)
        for key in list(self._kept):
            if key.seq <= complete.get(key.session, 0):
                del self._kept[key]

    def begin_anew(self) -> None:
        """Count effects from here: lines that the world has lost are run again."""
        self._made.clear()

    def _answer(self, call: Any) -> AccountFound:
        match call:
            case Authenticate(name=name):
                return AccountFound(ACCOUNTS.index(name) + 1, name, False)
            case CreateAccount(name=name):
                self._made[name] += 1
                if self._made[name] > 1:
                    raise Violation(f"auth has done {name} twice")
                return AccountFound(1000, name, False)
        raise Violation(f"auth was asked {call}")
