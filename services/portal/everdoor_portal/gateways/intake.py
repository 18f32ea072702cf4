"""What a client has said, taken a little at a time.

A client is held back by not reading from it; but what was read already may be many lines, the more
so when it was compressed. Here it stays bytes until the session may take it. Bounds on lines that
are taken are `everdoor_portal.sessionhandler`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from everdoor_portal.gateways.bounds import READ_BYTES
from everdoor_portal.session import PortalSession

PIECE_BYTES = 1024
"""Taken before it is looked whether more is to be taken."""

_log = structlog.get_logger(__name__)


class Intake:
    """The bytes of one client that are not taken yet: one read of them at most.

    Args:
        take: Makes lines, and whatever else they are, of bytes.
        piece_bytes: How many at a time.
        reads_to_the_end: Bytes count also after the client has left: a closing handshake.
    """

    __slots__ = ("_loop", "_piece_bytes", "_reads_to_the_end", "_session", "_take", "_unread")

    def __init__(
        self,
        session: PortalSession,
        loop: asyncio.AbstractEventLoop,
        take: Callable[[bytes], None],
        piece_bytes: int = PIECE_BYTES,
        reads_to_the_end: bool = False,
    ) -> None:
        self._session = session
        self._loop = loop
        self._take = take
        self._piece_bytes = piece_bytes
        self._reads_to_the_end = reads_to_the_end
        self._unread = b""

    def receive(self, data: bytes) -> None:
        """Take what has come, until the session is held back."""
        unread = self._unread + data if self._unread else data
        # One of the pieces may end the client, and then nothing behind it is to be taken.
        self._unread = b""
        while unread and self._may_take():
            unread = self._take_piece(unread)
        self._unread = unread if self._session.has_client or self._reads_to_the_end else b""
        self._session.flush()

    def take_rest(self) -> None:
        """The client has ended: what it said before is taken all the same, held back or not.

        Whoever said more lines than bytes that are read at once has not typed them.
        """
        session, unread = self._session, self._unread
        self._unread = b""
        while unread and session.has_client and len(session.held) < READ_BYTES:
            unread = self._take_piece(unread)
        if unread and session.has_client:
            _log.warning("not taken of a client that has left", session=str(session.key))

    def resume(self, read_on: Callable[[], None]) -> None:
        """Take what was held back, then have the transport read on."""
        if self._unread:
            # Not from here: whoever calls is in the midst of what lets it read on.
            self._loop.call_soon(self._go_on, read_on)
        else:
            read_on()

    def _go_on(self, read_on: Callable[[], None]) -> None:
        session = self._session
        if not session.is_paused and session.has_client:
            self.receive(b"")
            if not session.is_paused:
                self.resume(read_on)

    def _may_take(self) -> bool:
        session = self._session
        return not session.is_paused if session.has_client else self._reads_to_the_end

    def _take_piece(self, unread: bytes) -> bytes:
        self._take(unread[: self._piece_bytes])
        return unread[self._piece_bytes :]
