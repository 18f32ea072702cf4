"""An archive's file is there whole, or it is what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from archives import fleet_session, harbour_session, names, saved
from everdoor import archive
from everdoor.errors import RestoreError, UserError


def test_save_adds_the_suffix_and_remembers_the_file(tmp_path: Path) -> None:
    session = fleet_session()
    assert archive.save(session, tmp_path / "fleet") == tmp_path / "fleet.eds"
    assert session.session_file_path == tmp_path / "fleet.eds"
    assert [path.name for path in tmp_path.iterdir()] == ["fleet.eds"]


@pytest.mark.parametrize("uncompressed", [False, True])
def test_open_restores_what_save_saved(tmp_path: Path, uncompressed: bool) -> None:
    path = archive.save(fleet_session(), tmp_path / "f.eds", uncompressed=uncompressed)
    session = harbour_session()
    archive.open(session, path)
    assert names(session) == ["Bounty", "Argo", "Erebus"] and session.session_file_path == path
    assert path.read_bytes().startswith(b"# Everdoor") is uncompressed


def test_save_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = archive.save(fleet_session(), tmp_path / "fleet")
    before, broken = path.read_bytes(), fleet_session()
    broken.harbour.notes = {"bad": object()}
    for version in (2, 3):
        with pytest.raises(UserError):
            archive.save(broken, path, version)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    assert broken.session_file_path is None


def test_save_in_the_place_of_a_folder_leaves_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "fleet.eds" / "full").mkdir(parents=True)
    with pytest.raises(UserError, match=r"cannot write .*fleet\.eds"):
        archive.save(fleet_session(), tmp_path / "fleet")
    assert [path.name for path in tmp_path.iterdir()] == ["fleet.eds"]


@pytest.mark.parametrize("path", ["missing/fleet", "nul\0"])
def test_save_where_there_is_no_place_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UserError, match="cannot write"):
        archive.save(fleet_session(), tmp_path / path)


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_save_into_what_has_no_name_is_refused(path: str) -> None:
    with pytest.raises(UserError, match="expected the name of a file"):
        archive.save(fleet_session(), path)


@pytest.mark.parametrize("path", ["missing.eds", ".", "nul\0"])
def test_open_of_what_is_no_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UserError, match="cannot read"):
        archive.open(harbour_session(), tmp_path / path)


def test_open_of_a_damaged_file_names_it_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cut.eds"
    path.write_bytes(saved(fleet_session())[:-1])
    session = fleet_session("Nautilus")
    with pytest.raises(RestoreError, match=r"cut\.eds: the archive is damaged"):
        archive.open(session, path)
    assert names(session) == ["Nautilus"] and session.session_file_path is None


def test_exports_are_all_there() -> None:
    assert all(hasattr(archive, name) for name in archive.__all__)
