"""NAWS, the size of the client's window.

Source: RFC 1073. The size changes nothing here; wrapping text to it is the renderer's work.
"""

from everdoor_portal.telnet.handlers import Answer, MalformedSubnegotiation

DEFAULT_WIDTH = 78
DEFAULT_HEIGHT = 45

# A client may name any 16-bit size. These keep wrapping sane: narrower than a small braille
# display cannot hold a word, and no screen is wider than a thousand columns.
MIN_WIDTH = 10
MIN_HEIGHT = 1
MAX_SIZE = 1000


class NawsHandler:
    """Turns the client's reports into the flags `SCREENWIDTH` and `SCREENHEIGHT`, in characters.

    `NAWS` says whether the width is the client's own word.
    """

    __slots__ = ()
    is_settled = True

    def begin(self) -> Answer:
        """Ask nothing: the client reports by itself, now and at every change."""
        return Answer()

    def receive(self, payload: bytes) -> Answer:
        """Read `[width, 2 bytes][height, 2 bytes]`, big-endian; 0 means unknown.

        Raises:
            MalformedSubnegotiation: The payload is not 4 bytes long.
        """
        if len(payload) != 4:
            raise MalformedSubnegotiation(f"NAWS expects 4 bytes, {len(payload)} came")
        width = _bounded(payload[:2], MIN_WIDTH, DEFAULT_WIDTH)
        height = _bounded(payload[2:], MIN_HEIGHT, DEFAULT_HEIGHT)
        told = payload[:2] != b"\0\0"
        return Answer({"SCREENWIDTH": width, "SCREENHEIGHT": height, "NAWS": told})


def _bounded(size: bytes, minimum: int, default: int) -> int:
    value = int.from_bytes(size, "big")
    return min(max(value, minimum), MAX_SIZE) if value else default
