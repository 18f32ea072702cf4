"""LINEMODE, for clients that would edit lines themselves: ours is a game of lines, so they shall.

The client edits, and echoes but for passwords (ECHO). Whichever keys it uses for that are agreed
to; they are never used here.

Source: RFC 1184. Nothing is asked for by us: a client that edits lines without it does well.
"""

from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation

MODE, FORWARDMASK, SLC = 1, 2, 3

EDIT, MODE_ACK = 0x01, 0x04
SLC_ACK = 0x80

_TRIPLET = 3
_NO_FUNCTION = 0  # of a triplet that asks for all of our keys; we have none
_WONT = 252


class LinemodeHandler:
    """Has the client edit lines and agrees to its keys."""

    __slots__ = ()
    is_settled = True

    def begin(self) -> Answer:
        """Have the client edit lines."""
        return Answer(send=bytes((MODE, EDIT)))

    def receive(self, payload: bytes) -> Answer:
        """Read `[MODE][mask]`, `[SLC]([function][modifiers][value])*` or `[WONT][FORWARDMASK]`.

        Raises:
            MalformedSubnegotiation: Another layout.
        """
        match payload[:1]:
            case b"\x01" if len(payload) == 2:
                return self._take_mode(payload[1])
            case b"\x03" if len(payload) % _TRIPLET == 1:
                return self._take_keys(payload[1:])
            case _ if payload == bytes((_WONT, FORWARDMASK)):
                return Answer()
            case _:
                raise MalformedSubnegotiation("LINEMODE expects MODE, SLC or WONT FORWARDMASK")

    def _take_mode(self, mask: int) -> Answer:
        """An acknowledgement is not answered; another wish is answered by ours."""
        if mask & MODE_ACK:
            return Answer()
        return Answer(send=bytes((MODE, EDIT)))

    def _take_keys(self, triplets: bytes) -> Answer:
        agreed = bytearray()
        for start in range(0, len(triplets), _TRIPLET):
            function, modifiers, value = triplets[start : start + _TRIPLET]
            if function != _NO_FUNCTION and not modifiers & SLC_ACK:
                agreed += bytes((function, modifiers | SLC_ACK, value))
        return Answer(send=bytes((SLC,)) + agreed if agreed else None)
