"""Two archives are compared by what they hold, however their records are numbered."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from archives import fleet_session, harbour_session, saved, ship
from everdoor import archive
from everdoor.archive import Difference
from everdoor.errors import RestoreError
from everdoor.state import AppSession
from everdoor.state.archivefile import read_items

TIMES = {"created", "modified"}


def compared(one: AppSession, other: AppSession) -> list[Difference]:
    sides = [list(read_items(io.BytesIO(saved(session)))) for session in (one, other)]
    found = archive.differences(one, *sides)
    return [difference for difference in found if difference.field not in TIMES]


def test_archives_of_the_same_do_not_differ() -> None:
    assert compared(fleet_session(), fleet_session()) == []


def test_changed_field_is_told_with_both_values() -> None:
    other = fleet_session()
    other.harbour.tide = 2.0
    assert compared(fleet_session(), other) == [Difference("harbour", "tide", "1.5", "2.0")]


def test_objects_are_matched_by_what_tells_them_apart_not_by_their_place() -> None:
    other = fleet_session()
    other.harbour.ships.insert(0, ship("Nautilus"))
    found = {difference.where: difference for difference in compared(fleet_session(), other)}
    assert set(found) == {"harbour", 'Ship name="Nautilus"'}
    assert found['Ship name="Nautilus"'].before == "(absent)"
    assert found["harbour"].field == "ships" and '@Ship name="Nautilus"' in found["harbour"].after


def test_reference_to_another_object_is_a_difference() -> None:
    other = fleet_session()
    other.harbour.ships[2].escort = other.harbour.ships[0]
    name = 'Ship name="Erebus"'
    expected = Difference(name, "escort", '@Ship name="Argo"', '@Ship name="Bounty"')
    assert compared(fleet_session(), other) == [expected]


def test_objects_that_nothing_tells_apart_are_matched_by_their_place() -> None:
    one, other = fleet_session("same", "same"), fleet_session("same", "same")
    other.harbour.ships[1].password = "x"
    found = compared(one, other)
    assert found == []  # A secret is *** on both sides.
    other.harbour.ships[1].escort = None
    assert [difference.where for difference in compared(one, other)] == ["Ship #2"]


def test_metadata_and_schemas_are_compared() -> None:
    one, other = fleet_session(), harbour_session()
    found = {(each.where, each.field): each for each in compared(one, other)}
    assert found["metadata", "description"].after == "(absent)"
    assert found["schemas", "Ship"].before == "1"


def test_difference_reads_as_one_line() -> None:
    assert str(Difference("harbour", "tide", "1.5", "2.0")) == "harbour.tide: 1.5 -> 2.0"
    assert str(Difference("Ship #1", "", "{}", "(absent)")) == "Ship #1: {} -> (absent)"


def test_compare_reads_files_and_refuses_a_damaged_one(tmp_path: Path) -> None:
    session = fleet_session()
    path = archive.save(session, tmp_path / "a")
    assert archive.compare(session, path, path) == []
    cut = tmp_path / "cut.eds"
    cut.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RestoreError, match=r"cut\.eds"):
        archive.compare(session, path, cut)
