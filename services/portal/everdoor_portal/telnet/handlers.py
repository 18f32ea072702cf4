"""What an option that is in use answers to: the shape shared by all option handlers.

Handlers see payloads only, without IAC SB, the option and IAC SE: the connection frames them.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from everdoor_portal.telnet.events import Event, FlagValue


class MalformedSubnegotiation(ValueError):
    """The peer's subnegotiation breaks the option's layout or comes unasked; it is counted."""


class Answer(NamedTuple):
    """What follows from an option's start or from one of its subnegotiations.

    Attributes:
        flags: Protocol flags that are now known, changed or not.
        send: Payload of a subnegotiation to send, which may be empty; None when there is none.
        events: What the owner is to be told.
    """

    flags: Mapping[str, FlagValue] = {}
    send: bytes | None = None
    events: tuple[Event, ...] = ()


class OptionHandler(Protocol):
    """One option of one connection, alive while the option is in effect."""

    @property
    def is_settled(self) -> bool:
        """True when the option's opening exchange is over."""

    def begin(self) -> Answer:
        """Say what to send when the option has come into effect."""

    def receive(self, payload: bytes) -> Answer:
        """Take the payload of one subnegotiation, of any length the parser lets through.

        Raises:
            MalformedSubnegotiation: The payload is refused; nothing has changed.
        """
