"""MCCP2, output compressed for one client.

One stream of zlib a client, flushed at each write, so that no output waits for the next. Nothing
that a client has compressed is ever inflated: MCCP3, which would have us do so, is not spoken.

Source: Mud Client Compression Protocol 2, https://tintin.mudhalla.net/protocols/mccp/; RFC 1950.
"""

import zlib

LEVEL = 6

# The default costs 256 KiB a client. A window of 4 KiB with small tables costs 24 KiB, and holds
# the last screens of text, which is what repeats.
_WINDOW_BITS = 12
_MEMORY_LEVEL = 4


class Compressor:
    """The compressed stream of one connection, from its begin to its end."""

    __slots__ = ("_stream",)

    def __init__(self) -> None:
        self._stream = zlib.compressobj(LEVEL, zlib.DEFLATED, _WINDOW_BITS, _MEMORY_LEVEL)

    def compress(self, data: bytes) -> bytes:
        """Compress one write; the client can read all of it at once."""
        return self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH)

    def finish(self, data: bytes) -> bytes:
        """Compress the last write and end the stream; plain bytes may follow."""
        return self._stream.compress(data) + self._stream.flush(zlib.Z_FINISH)
