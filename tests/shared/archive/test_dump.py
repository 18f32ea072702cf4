"""An archive is printed as it is, and a damaged one up to the damage."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from archives import Ship, fleet_session, harbour_session, saved, ship
from everdoor import archive
from everdoor.archive.dump import show_value
from everdoor.errors import RestoreError, UserError
from everdoor.state import AppSession
from everdoor.state.archivefile import Record, read_items, write_archive


def dumped(session: AppSession, path: Path) -> list[str]:
    output = io.StringIO()
    archive.sdump(session, path, output)
    return output.getvalue().splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return archive.save(fleet_session(), tmp_path / "fleet.eds")


def test_sdump_prints_everything_in_the_order_of_the_file(path: Path) -> None:
    lines = dumped(harbour_session(), path)
    assert lines[:2] == ["# Everdoor Session version 3", "metadata"]
    assert '  description: "the fleet"' in lines
    schemas = lines.index("schema versions")
    assert lines[schemas + 1 : schemas + 3] == ["  Ship: 1", "  Harbour: 1"]
    assert lines[schemas + 3 : schemas + 5] == ["record 1: Ship", '  name: "Bounty"']
    assert "  escort: @1" in lines and "record 4: Harbour 'harbour'" in lines
    assert "  ships: [@1, @2, @3]" in lines
    assert lines[-1] == "end: 4 records, checksum right"


def test_sdump_builds_no_object(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ship, "restore_snapshot", lambda *args: pytest.fail("was built"))
    assert dumped(harbour_session(), path) and dumped(AppSession("knows no ships"), path)


@pytest.mark.parametrize("reader", [harbour_session(), AppSession("knows no ships")])
def test_sdump_masks_secrets(tmp_path: Path, reader: AppSession) -> None:
    session = harbour_session()
    session.harbour.ships = [ship("Bounty", password="hunter2")]
    lines = dumped(reader, archive.save(session, tmp_path / "x"))
    assert "  password: ***" in lines and not any("hunter2" in line for line in lines)


def test_sdump_lets_no_text_move_the_cursor(tmp_path: Path) -> None:
    session = fleet_session("\x1b[2J\u202eBounty\n")
    lines = dumped(session, archive.save(session, tmp_path / "x"))
    assert not any("\x1b" in line or "\u202e" in line for line in lines)


def test_sdump_of_a_damaged_archive_prints_what_is_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "damaged.eds"
    path.write_bytes(saved(fleet_session()).replace(b"Argo", b"Argh"))
    output = io.StringIO()
    with pytest.raises(RestoreError, match="after record 1"):
        archive.sdump(harbour_session(), path, output)
    lines = output.getvalue().splitlines()
    assert '  name: "Bounty"' in lines and "-- the archive is damaged" in lines[-1]


def test_sdump_prints_into_a_file_or_on_stdout(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.sdump(harbour_session(), path, tmp_path / "text")
    archive.sdump(harbour_session(), path)
    assert (tmp_path / "text").read_text() == capsys.readouterr().out != ""


def test_sdump_says_when_it_cannot_write(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        archive.sdump(harbour_session(), path, tmp_path)


def test_show_value_tells_every_kind_in_one_line() -> None:
    value = {"a": [1, 2.5, True, None, "x\ny"], "b": b"\x00\xff"}
    assert show_value(value) == '{"a": [1, 2.5, true, null, "x\\ny"], "b": 0x00ff}'


def test_sdump_masks_what_the_reader_knows_as_secret_whatever_the_archive_says(
    tmp_path: Path,
) -> None:
    hostile = tmp_path / "hostile.eds"
    items = list(read_items(io.BytesIO(saved(fleet_session()))))
    records = [item for item in items if isinstance(item, Record)]
    with hostile.open("wb") as stream:
        said = {"secret_fields": {"Ship": 5, "Harbour": [1, None]}}
        write_archive(stream, said, {"Ship": 1, "Harbour": 1}, records)
    assert "  password: ***" in dumped(harbour_session(), hostile)
