"""What an archive says of itself, whatever is in it.

The session's own metadata (description, author, thumbnail) are kept; who makes the archive, when
and with what is added here.

The words are those of UCSF ChimeraX's sessions.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Final

from everdoor.state.primitives import Primitive, Snapshot

NOTHING: Final[Mapping[str, Primitive]] = MappingProxyType({})

ABOUT_WORLD: Final[Mapping[str, Primitive]] = MappingProxyType(
    {"world_id": None, "restart_mode": None, "portals": [], "session_count": None}
)
"""What there is to know of a running world, and how it is said that it is not known. `portals` are
pairs of an id and the number of its incarnation."""


def standard_metadata(
    previous_metadata: Mapping[str, Primitive] = NOTHING,
    *,
    now: datetime | None = None,
    creator: str | None = None,
    world: Mapping[str, Primitive] = NOTHING,
    schema_versions: Mapping[str, int] | None = None,
    secret_fields: Mapping[str, Iterable[str]] | None = None,
) -> Snapshot:
    """Bring metadata up to date, for an archive that is made now.

    Adds `generator`, `created` (or `modified`, when it was created before) in ISO 8601, UTC;
    `creator` and `dateCopyrighted`, as lists where they differ from those before; what is known of
    the world (`ABOUT_WORLD`); `schema_versions` and `secret_fields`.

    Args:
        previous_metadata: Of the session, or of an earlier archive; not changed.
        now: In any time zone; None asks the clock.
        creator: Who makes the archive; None: who runs the process.
        world: Values for names of ABOUT_WORLD.
        schema_versions: Of the classes in the archive.
        secret_fields: Of these classes, what no person may see.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    stamp = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    user = _user() if creator is None else creator
    metadata: Snapshot = {**previous_metadata, **ABOUT_WORLD, **world}
    metadata["generator"] = _generator()
    metadata["modified" if "created" in metadata else "created"] = stamp
    metadata["creator"] = _with(metadata.get("creator"), user)
    metadata["dateCopyrighted"] = _with(metadata.get("dateCopyrighted"), f"{moment.year} {user}")
    metadata["schema_versions"] = dict(schema_versions or {})
    metadata["secret_fields"] = {
        name: list(fields) for name, fields in (secret_fields or {}).items()
    }
    return metadata


@cache
def _generator() -> str:
    # Imported late: it costs every process that starts 9 ms, and few ever make an archive.
    from importlib.metadata import version

    return f"everdoor {version('everdoor')}"


def _with(before: Primitive, value: str) -> Primitive:
    """The value, or a list of all that there were."""
    if before is None or before == value:
        return value
    values: list[Primitive] = before if isinstance(before, list) else [before]
    return values if value in values else [*values, value]


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # A process of a user id that has no name.
        return "unknown"
