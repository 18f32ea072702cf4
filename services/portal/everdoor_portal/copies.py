"""A portal's copy of one ServerSession: what the server made last, kept while it is away.

The copy is the REBOOT snapshot of the session (`everdoor.state`), brought up to date by every
row, so that a server that has lost its memory can be given it back. Clocks and the count of
commands are the portal's own (`everdoor_portal.session`); no row says them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SessionCopy:
    """State of the server's half as of the last row, and how far it has come with the input.

    Attributes:
        cursor: The last input that is complete; 0 until the server has answered the connection.
        state: Fields by name, None until then.
    """

    __slots__ = ("cursor", "state")

    def __init__(self) -> None:
        self.cursor = 0
        self.state: dict[str, Any] | None = None

    def apply(self, change: Mapping[str, Any]) -> None:
        """Take over the fields that a row says have changed."""
        self.state = {**(self.state or {}), **change}

    def get(self, name: str, default: Any = None) -> Any:
        return default if self.state is None else self.state.get(name, default)
