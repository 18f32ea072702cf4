"""What the messages of calls are made of; the calls themselves are in `calls` and `accounts`.

Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from everdoor.ids import SessionKey

Name = Annotated[str, Meta(max_length=200)]
Secret = Annotated[str, Meta(max_length=1024)]


class CallMessage(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A message is `[name, ...fields]`, its fields in the order of the class."""


class CallKey(CallMessage, frozen=True):
    """Names one call of one command, so that its effect happens once however often it is asked.

    `session` and `seq` name the line that was typed, `number` counts the calls that its command
    makes, from 1.
    """

    session: SessionKey
    seq: int
    number: int


class Done(CallMessage, frozen=True, tag="done"):
    """It has happened; there is nothing more to say."""
