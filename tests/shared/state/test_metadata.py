"""What archives say of themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from everdoor.state import Snapshot, find_non_primitive, standard_metadata

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def made(previous: Snapshot | None = None, creator: str = "anna") -> Snapshot:
    return standard_metadata(previous or {}, now=NOON, creator=creator)


def test_metadata_of_a_first_archive() -> None:
    metadata = made()
    assert str(metadata["generator"]).startswith("everdoor ")
    assert metadata["created"] == "2026-03-01T12:00:00Z" and "modified" not in metadata
    assert metadata["creator"] == "anna" and metadata["dateCopyrighted"] == "2026 anna"


def test_metadata_of_a_later_archive_keep_when_it_was_created() -> None:
    metadata = made({"created": "2025-01-01T00:00:00Z"})
    assert metadata["created"] == "2025-01-01T00:00:00Z"
    assert metadata["modified"] == "2026-03-01T12:00:00Z"


def test_metadata_list_creators_that_differ_each_once() -> None:
    metadata = made(made(made(), "ben"), "anna")
    assert metadata["creator"] == ["anna", "ben"]
    assert metadata["dateCopyrighted"] == ["2026 anna", "2026 ben"]


def test_metadata_tell_time_in_utc() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=5)))
    assert standard_metadata(now=east)["created"] == "2026-03-01T12:00:00Z"


def test_metadata_keep_what_is_the_sessions_own_and_change_nothing_of_it() -> None:
    previous: Snapshot = {"description": "the moor"}
    assert made(previous)["description"] == "the moor"
    assert previous == {"description": "the moor"}


def test_metadata_tell_what_is_known_of_the_world() -> None:
    unknown = made()
    assert (unknown["world_id"], unknown["portals"]) == (None, [])
    known = standard_metadata(
        now=NOON,
        world={"world_id": "moor", "restart_mode": "reload", "portals": [["p.0", 3]]},
        schema_versions={"Ship": 2},
    )
    assert (known["world_id"], known["restart_mode"]) == ("moor", "reload")
    assert known["portals"] == [["p.0", 3]] and known["session_count"] is None
    assert known["schema_versions"] == {"Ship": 2}


def test_metadata_are_primitives_whoever_runs_the_process() -> None:
    assert find_non_primitive(standard_metadata()) is None
