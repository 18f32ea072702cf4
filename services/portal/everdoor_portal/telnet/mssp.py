"""MSSP, what the server says of itself to those who list games.

The values are the portal's: it is asked for them by an event, each time that a client wants them.

Source: Mud Server Status Protocol, https://tintin.mudhalla.net/protocols/mssp/
"""

from collections.abc import Iterable, Mapping

from everdoor_portal.telnet.events import StatusWanted
from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation

VAR, VAL = b"\x01", b"\x02"

StatusValue = str | int | Iterable[str | int]
"""A value, or several."""

SPOKEN: Mapping[str, StatusValue] = dict.fromkeys(
    ("ANSI", "GMCP", "MCCP", "MSDP", "MXP", "UTF-8", "XTERM 256 COLORS", "XTERM TRUE COLORS"), 1
)
"""What clients can have here, in the names of the specification."""

_MARKS = dict.fromkeys((0, 1, 2))  # neither a name nor a value may hold NUL, VAR or VAL


class MsspHandler:
    """Has the status said once, when the client has agreed to hear it."""

    __slots__ = ()
    is_settled = True

    def begin(self) -> Answer:
        """Have the owner say the status, by `TelnetConnection.send_status`."""
        return Answer(events=(StatusWanted(),))

    def receive(self, payload: bytes) -> Answer:
        """Refuse: the client has nothing to say here.

        Raises:
            MalformedSubnegotiation: Always.
        """
        raise MalformedSubnegotiation("MSSP expects nothing from the client")


def encode_status(status: Mapping[str, StatusValue]) -> bytes:
    """Write `([VAR][name] ([VAL][value])+)*` in UTF-8; what has no value is left out."""
    return b"".join(
        VAR + _text(name) + b"".join(VAL + _text(value) for value in _values(values))
        for name, values in status.items()
        if _values(values)
    )


def _values(values: StatusValue) -> list[str | int]:
    return [values] if isinstance(values, str | int) else list(values)


def _text(value: str | int) -> bytes:
    return str(value).translate(_MARKS).encode("utf-8", "replace")
