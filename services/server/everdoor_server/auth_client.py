"""The server's calls to auth: what a command waits for, asked over rpc.

An answer that does not come in time becomes a clean refusal for the player; the command itself
never sees a timeout. Answers that auth keeps for lines that are complete are confirmed, so that
it may forget them.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from everdoor.bus.rpc import RpcClient
from everdoor.errors import CallError, CallRefused, CallTimeout
from everdoor.ids import SessionKey
from everdoor.messages.accounts import AuthCall, Confirm
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import Result

AUTH_DEADLINE_S = 4.0
"""How long a player waits for auth: an answer, or that there is none, comes within 5 s."""

UNAVAILABLE = "Accounts cannot be reached just now. Please try again in a moment."

_log = structlog.get_logger(__name__)


class AuthClient:
    """Asks auth on behalf of commands."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc
        self._unconfirmed: dict[SessionKey, int] = {}

    async def call(self, call: AuthCall, key: CallKey) -> Result:
        """Ask once, however often it takes.

        Raises:
            CallRefused: Auth refuses (its text is for the player), or cannot be reached
                (`unavailable`).
        """
        try:
            return await self._rpc.call(call, deadline_s=AUTH_DEADLINE_S, key=key)
        except CallTimeout as exc:
            _log.warning("auth does not answer", call=type(call).__name__, error=str(exc))
            raise CallRefused("unavailable", UNAVAILABLE) from exc

    async def confirm(self, answered: Sequence[tuple[SessionKey, int]]) -> None:
        """Tell auth which lines are complete; what it cannot be told now is told next time."""
        self._unconfirmed.update(answered)
        cursors = list(self._unconfirmed.items())
        if not cursors:
            return
        try:
            await self._rpc.call(Confirm(cursors), deadline_s=AUTH_DEADLINE_S)
        except CallError as exc:
            _log.debug("auth could not be told what is complete", error=str(exc))
            return
        for key, seq in cursors:
            if self._unconfirmed.get(key) == seq:
                del self._unconfirmed[key]
