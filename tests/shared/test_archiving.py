"""Archives of sessions that are only known by their copies, and several of them made one."""

from __future__ import annotations

import io
from typing import Any

from everdoor.archiving import app_of_copies, archived, merged
from everdoor.messages.calls import SESSION_CLASS
from everdoor.state.archivefile import Metadata, Record, read_items


def archive_of(portal: str, *sessids: int) -> bytes:
    copies = [{"version": 1, "sessid": sessid, "password": "x"} for sessid in sessids]
    world: dict[str, Any] = {"portals": [[portal, 7]], "session_count": len(copies)}
    return archived(app_of_copies(copies, {"password"}, world, {"author": "anna"}))


def sessids_of(content: bytes) -> list[object]:
    items = read_items(io.BytesIO(content))
    records = [item for item in items if isinstance(item, Record)]
    return [each.data["sessid"] for each in records if each.class_name == SESSION_CLASS]


def about(content: bytes) -> dict[str, Any]:
    return next(i.values for i in read_items(io.BytesIO(content)) if isinstance(i, Metadata))


def test_copies_are_archived_in_their_order_with_what_is_secret() -> None:
    content = archive_of("p.0", 3, 1)
    assert sessids_of(content) == [3, 1]
    assert about(content)["secret_fields"] == {SESSION_CLASS: ["password"]}
    assert (about(content)["author"], about(content)["session_count"]) == ("anna", 2)


def test_archives_of_several_portals_become_one_by_sessid() -> None:
    content = merged([archive_of("p.1", 2, 4), archive_of("p.0", 3)], {"author": "ben"})
    assert sessids_of(content) == [2, 3, 4]
    assert about(content)["portals"] == [["p.0", 7], ["p.1", 7]]
    assert about(content)["secret_fields"] == {SESSION_CLASS: ["password"]}
