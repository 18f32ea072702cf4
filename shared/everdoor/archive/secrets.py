"""Which fields of an archive no person may see: those that it names, and those of known classes."""

from __future__ import annotations

from collections.abc import Mapping

from everdoor.errors import RestoreError
from everdoor.state import SECRET, AppSession, State
from everdoor.state.archivefile import Record


class Secrets:
    """The secret fields of one archive; what its metadata say is to be told first.

    Args:
        session: Whose classes count, where it knows them.
    """

    def __init__(self, session: AppSession) -> None:
        self._session = session
        self._named: dict[str, frozenset[str]] = {}

    def learn(self, metadata: Mapping[str, object]) -> None:
        """Take what the archive says itself; anything else in that place says nothing."""
        named = metadata.get("secret_fields")
        if isinstance(named, dict):
            for class_name, fields in named.items():
                if isinstance(fields, list):
                    self._named[class_name] = frozenset(f for f in fields if isinstance(f, str))

    def mask(self, record: Record) -> dict[str, object]:
        """The data of a record, with `***` for every secret field (one level deep)."""
        secret = self._named.get(record.class_name, frozenset()) | self._known(record.class_name)
        return {name: SECRET if name in secret else value for name, value in record.data.items()}

    def _known(self, class_name: str) -> frozenset[str]:
        try:
            cls = self._session.classes.named(class_name)
        except RestoreError:
            return frozenset()
        return cls.secret_fields if issubclass(cls, State) else frozenset()
