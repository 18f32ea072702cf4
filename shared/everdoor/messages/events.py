"""Events: what is published for whoever listens. Hints only; nothing depends on one arriving.

Source: docs/protocol.md, section 5.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct


class Event(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`[version, publisher, seq, time, data]`, sent behind a frame with its topic.

    `publisher` names one life of a publishing process (its role and generation); `seq` counts its
    events from 1, whatever their topic; `time` is its wall clock, in epoch seconds.
    """

    version: int
    publisher: Annotated[str, Meta(max_length=200)]
    seq: int
    time: float
    data: dict[str, Any]
