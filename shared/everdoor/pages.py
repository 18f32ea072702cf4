"""Lists of sessions in pages, for answers of bounded size that are nevertheless of one moment.

What is in a list is whoever answers' affair. Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from everdoor.errors import CallRefused
from everdoor.events import Mark
from everdoor.messages.calls import SessionInfo, SessionList, Sessions

PAGE = 300
"""Sessions of one page: with the longest names that a list can hold, just under 1 MiB."""

MAX_LISTS = 4
"""Lists kept for whoever has not read them to their end."""

MAX_NAME = 200
"""Longest name in a list, in characters; what is longer is cut."""


class Pages:
    """The lists that were begun last, by their marks."""

    def __init__(self) -> None:
        self._lists: OrderedDict[Mark, Sequence[SessionInfo]] = OrderedDict()

    def begin(self, sessions: Sequence[SessionInfo], mark: Mark) -> Sessions:
        """Answer with the first page of a list, in the order of its sessids."""
        self._lists[mark] = sorted(sessions, key=lambda info: info.sessid)
        self._lists.move_to_end(mark)
        if len(self._lists) > MAX_LISTS:
            self._lists.popitem(last=False)
        return self._page(mark, 0)

    def go_on(self, call: SessionList) -> Sessions:
        """Answer with a further page.

        Raises:
            CallRefused: `gone`: the list is not kept any more.
        """
        return self._page(Mark(call.publisher, call.seq), call.skip)

    def _page(self, mark: Mark, start: int) -> Sessions:
        sessions = self._lists.get(mark)
        if sessions is None:
            raise CallRefused("gone", "This list is too old; begin it again.")
        page = sessions[start : start + PAGE]
        return Sessions(list(page), mark.publisher, mark.seq, start + PAGE < len(sessions))


def cut(name: str) -> str:
    """Bring a name to the length that a list can hold."""
    return name[:MAX_NAME]
