"""Who an SSH client is: shown by a password or a key before its session begins, judged by auth.

A client logs in as the account that it names, and its session begins logged in, by a ticket. The
names of `OPEN` need not show anything: they come to the login screen, as by any other door, where
accounts are made. To everybody else auth says no in the same words, and after the same time,
whoever they name.

Source: RFC 4252; docs/protocol.md, section 6.4.
"""

from __future__ import annotations

import asyncssh
import structlog

from everdoor.errors import CallError, CallRefused
from everdoor.ids import SessionKey
from everdoor.messages.accounts import (
    AuthCall,
    CheckKey,
    TicketByKey,
    TicketByPassword,
    TicketIssued,
)
from everdoor.messages.calls import Result
from everdoor_portal.gateways.doors import GatewayContext

OPEN = ("new", "guest")
"""Names with which nobody has to log in yet."""

MAX_PASSWORDS = 6
MAX_KEYS = 30
"""Tries on one connection: typing errors, and a keyring."""

ANSWER_S = 4.0
"""How long a client waits for auth: as long as a player at the login screen."""

NO_ANSWER = "Accounts cannot be reached just now. Please try again in a moment."
TOO_MANY_TRIES = "Too many tries. Please connect again."

MAX_NAME = 200
MAX_PASSWORD = 1024
"""What a call to auth can carry; what it accepts is less."""

_QUIET = ("wrong_password", "no_key")
"""Refusals for which the client itself has words."""

_log = structlog.get_logger(__name__)


class SshLogin(asyncssh.SSHServer):
    """The first half of a connection: authentication.

    Args:
        session: Key that the client's session will have.
        address: Where the client is.

    Attributes:
        connection: Set when it begins.
        why_not: Why somebody who has a key is not logged in; empty: they are.
        has_terminal: Whether the session has begun.
    """

    def __init__(self, context: GatewayContext, session: SessionKey, address: str) -> None:
        self._auth = context.auth
        self._address = address
        self._name = ""
        self._ticket = b""
        self._fingerprint = ""
        self._passwords = self._keys = 0
        self.session = session
        self.connection: asyncssh.SSHServerConnection
        self.why_not = ""
        self.has_terminal = False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn

    def begin_auth(self, username: str) -> bool:
        self._name, self._ticket, self._fingerprint = username, b"", ""
        return username.lower() not in OPEN

    def password_auth_supported(self) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        self._passwords += 1
        if self._passwords > MAX_PASSWORDS:
            self._end(TOO_MANY_TRIES)
            return False
        if len(username) > MAX_NAME or len(password) > MAX_PASSWORD:
            return False
        call = TicketByPassword(username, password, self._address, self.session)
        answer = await self._ask(call)
        if not isinstance(answer, TicketIssued) or username != self._name:
            return False
        self._ticket = answer.ticket
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether a key may log in; whether the client has it is seen to afterwards."""
        self._keys += 1
        if self._keys > MAX_KEYS:
            self._end(TOO_MANY_TRIES)
            return False
        self._fingerprint = ""
        if len(username) > MAX_NAME:
            return False
        fingerprint = key.get_fingerprint()
        answer = await self._ask(CheckKey(username, fingerprint, self._address))
        if answer is None or username != self._name:
            return False
        self._fingerprint = fingerprint
        return True

    async def ticket(self) -> bytes:
        """With which the session begins; empty: who it is has not been shown, or auth has since
        changed its mind (`why_not`)."""
        if self._ticket or not self._fingerprint:
            return self._ticket
        call = TicketByKey(self._name, self._fingerprint, self._address, self.session)
        answer = await self._ask(call)
        return answer.ticket if isinstance(answer, TicketIssued) else b""

    def close(self) -> None:
        """End the connection in order. Idempotent."""
        self.connection.close()

    def abort(self) -> None:
        """End the connection at once; what is unsent is lost. Idempotent."""
        self.connection.abort()

    async def _ask(self, call: AuthCall) -> Result | None:
        """Ask auth; what the client cannot know by itself it is told."""
        try:
            return await self._auth.call(call, deadline_s=ANSWER_S)
        except CallRefused as exc:
            if exc.code not in _QUIET:
                self._tell(str(exc))
        except CallError as exc:
            _log.warning("auth does not answer", error=str(exc))
            self._tell(NO_ANSWER)
        return None

    def _tell(self, text: str) -> None:
        """Tell a client that is logging in; once that is over its session does."""
        self.why_not = text
        try:
            self.connection.send_auth_banner(f"{text}\r\n")
        except OSError:
            _log.debug("told in the session", session=str(self.session), reason=text)

    def _end(self, text: str) -> None:
        _log.info("client refused", peer=self._address, reason=text)
        self.connection.disconnect(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE, text)
