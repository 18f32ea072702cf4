"""An archive that is being made: of one moment, but not made in one go.

What the application session holds is taken when a `Saving` begins; its bytes are made afterwards in
steps of well below a millisecond, so that a game may go on between them. Who goes through the steps
is `AppSession.save`, or a shell that has other things to do as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from everdoor.state.archivefile import assembled, record_item
from everdoor.state.metadata import standard_metadata
from everdoor.state.primitives import Snapshot
from everdoor.state.records import Collected
from everdoor.state.snapshots import VERSION

if TYPE_CHECKING:
    from everdoor.state.appsession import AppSession

STEP_RECORDS = 8
"""Of players' sessions, which take some ten microseconds each: so a step is over in a tenth of a
millisecond, and a line that comes meanwhile hardly waits."""


class Saving:
    """One archive of all that an application session holds now.

    Call `steps` to its end, then `content`, as far as memory goes in any thread.

    Attributes:
        metadata: What the archive says of itself; empty before `content`.

    Raises:
        UserError: Objects refer to each other in a circle, or a class is not registered.
    """

    def __init__(self, session: AppSession) -> None:
        self.metadata: Snapshot = {}
        self._before = dict(session.metadata)
        self._world = dict(session.about_world())
        self._now = datetime.now(UTC)
        self._classes = session.classes
        self._collected = Collected(session)
        self._items: list[bytes] = []
        self._schemas: dict[str, int] = {}

    def steps(self) -> Iterator[None]:
        """Make the records; between two steps others may work.

        Raises:
            UserError: A snapshot holds what cannot be archived.
        """
        for record in self._collected.records():
            self._schemas[record.class_name] = record.data[VERSION]
            self._items.append(record_item(record))
            if len(self._items) % STEP_RECORDS == 0:
                yield

    def content(self) -> bytes:
        """The archive, uncompressed.

        Raises:
            UserError: It would be larger than can be read, or the metadata are no primitives.
        """
        self.metadata = standard_metadata(
            self._before,
            now=self._now,
            world=self._world,
            schema_versions=self._schemas,
            secret_fields=self._classes.secret_fields(self._schemas),
        )
        return assembled(self.metadata, self._schemas, self._items)
