"""Answers that are kept so that a call asked again has its effect once.

A call is named by its key (session, line, number). The same key with other arguments is refused;
secrets are left out of that comparison and kept nowhere. Answers in here are in memory; which are
also in the database is said by `is_stored`, and the database itself is the store's. Copies of one
request, with a key or without, are `everdoor.calls`' affair.

Source: docs/protocol.md, section 6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from everdoor.errors import CallRefused
from everdoor.ids import SessionKey
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import Answer, Call

KEEP_S = 24 * 3600.0
"""How long an answer is kept that nobody confirms: far beyond the five minutes for which lines
are held while a server is away, so nothing that can still be asked again is forgotten."""

SECRETS = ("password", "old", "new", "ticket")


class Asked(NamedTuple):
    """What names a call, and the digest of what it asks."""

    key: CallKey
    fingerprint: str


class Kept(NamedTuple):
    """One answer, what was asked, and when (seconds, monotonic)."""

    fingerprint: str
    answer: Answer
    at: float
    is_stored: bool


def fingerprint(call: Call) -> str:
    """Digest what is asked, without its secrets, to tell other arguments under the same key."""
    fields = {
        name: value for name, value in msgspec.structs.asdict(call).items() if name not in SECRETS
    }
    asked = msgspec.msgpack.encode([type(call).__name__, fields])
    return hashlib.sha256(asked).hexdigest()


def refuse_other_arguments(kept: str, asked: str) -> None:
    """Compare two fingerprints of one key.

    Raises:
        CallRefused: `key_reused`: they differ.
    """
    if kept != asked:
        raise CallRefused(
            "key_reused", "This call was asked before with other arguments; nothing was done."
        )


class KeptAnswers:
    """The answers that may be asked for again."""

    def __init__(self) -> None:
        self._answers: dict[SessionKey, dict[CallKey, Kept]] = {}

    def find(self, asked: Asked) -> Answer | None:
        """Look up the answer to a call; None: none is kept, the call is answered anew.

        Raises:
            CallRefused: `key_reused`: the call was asked with other arguments.
        """
        kept = self._answers.get(asked.key.session, {}).get(asked.key)
        if kept is None:
            return None
        refuse_other_arguments(kept.fingerprint, asked.fingerprint)
        return kept.answer

    def keep(self, key: CallKey, kept: Kept) -> None:
        """Keep an answer until its session's cursor has reached its line, or it is too old."""
        self._answers.setdefault(key.session, {})[key] = kept

    def confirm(self, cursors: Iterable[tuple[SessionKey, int]]) -> list[tuple[SessionKey, int]]:
        """Drop the answers to lines that are complete.

        Returns:
            Those of the cursors that concern answers in the database as well.
        """
        stored = []
        for session, cursor in cursors:
            answers = self._answers.get(session, {})
            done = [key for key in answers if key.seq <= cursor]
            if any(answers[key].is_stored for key in done):
                stored.append((session, cursor))
            self._drop(session, done)
        return stored

    def prune(self, now: float) -> None:
        """Drop what is too old to be asked for again."""
        for session, answers in list(self._answers.items()):
            self._drop(session, [key for key, kept in answers.items() if kept.at <= now - KEEP_S])

    def __len__(self) -> int:
        """Count the answers held in memory."""
        return sum(len(answers) for answers in self._answers.values())

    def _drop(self, session: SessionKey, keys: Iterable[CallKey]) -> None:
        answers = self._answers.get(session, {})
        for key in keys:
            del answers[key]
        if not answers:
            self._answers.pop(session, None)
