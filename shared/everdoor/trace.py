"""Which line of a player is being worked on, so that every log line can name it.

A trace is `<sessid>-<number of the input>`, such as `7-42`: the same in the portal that has read
the line, the server that runs it, and auth when that is asked. Players are told it when a command
fails. It is kept for the present task (contextvars); who works on a line says so by `follow`.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Protocol


class Traced(Protocol):
    """Something that is worked on for a line."""

    @property
    def trace(self) -> str:
        """The line's trace; empty when it has none yet."""


_current: ContextVar[Traced | str] = ContextVar("trace", default="")


def trace_of(sessid: int, seq: int) -> str:
    """The trace of an input of a session."""
    return f"{sessid}-{seq}"


def follow(what: Traced | str) -> None:
    """Work on this from now on, in this task; empty: on nothing in particular."""
    _current.set(what)


def current_trace() -> str:
    """The trace of what is worked on; empty: none."""
    what = _current.get()
    return what if isinstance(what, str) else what.trace
