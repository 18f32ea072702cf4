"""Archives on the command line, without a system that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from archives import fleet_session, harbour_session, saved, ship
from everdoor import archive
from everdoor.cli.program import main
from everdoor.state.archivefile import Record, write_archive


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return archive.save(fleet_session(), tmp_path / "fleet.eds")


def test_session_dump_prints_an_archive(path: Path) -> None:
    result = CliRunner().invoke(main, ["session", "dump", str(path)])
    assert result.exit_code == 0 and '  name: "Argo"' in result.stdout.splitlines()


def test_session_dump_masks_secrets_of_classes_that_it_does_not_have(tmp_path: Path) -> None:
    session = harbour_session()
    session.harbour.ships = [ship("Bounty", password="hunter2")]
    path = archive.save(session, tmp_path / "x")
    result = CliRunner().invoke(main, ["session", "dump", str(path)])
    assert "hunter2" not in result.output and "  password: ***" in result.stdout


def test_session_dump_of_a_damaged_archive_says_where_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.eds"
    path.write_bytes(saved(fleet_session())[:-3])
    result = CliRunner().invoke(main, ["session", "dump", str(path)])
    assert result.exit_code == 1 and '  name: "Argo"' in result.stdout
    assert result.stderr.startswith("everdoor: ") and result.stderr.count("\n") == 1
    assert "after record 4" in result.stderr


def test_session_diff_is_empty_for_the_same(path: Path) -> None:
    result = CliRunner().invoke(main, ["session", "diff", str(path), str(path)])
    assert (result.exit_code, result.output) == (0, "")


def test_session_diff_tells_differences_for_people_and_programs(path: Path) -> None:
    other = fleet_session()
    other.harbour.tide = 2.0
    files = [str(path), str(archive.save(other, path.parent / "other"))]
    told = CliRunner().invoke(main, ["session", "diff", *files])
    assert "harbour.tide: 1.5 -> 2.0" in told.stdout.splitlines()
    found = json.loads(CliRunner().invoke(main, ["session", "diff", "--json", *files]).stdout)
    assert {"where": "harbour", "field": "tide", "before": "1.5", "after": "2.0"} in found


@pytest.mark.parametrize("command", ["dump", "diff", "restore"])
def test_session_file_that_is_not_there_is_told_in_one_line(tmp_path: Path, command: str) -> None:
    missing = str(tmp_path / "missing.eds")
    arguments = [missing, missing] if command == "diff" else [missing]
    result = CliRunner().invoke(main, ["session", command, *arguments])
    assert result.exit_code == 1
    assert result.stderr == f"everdoor: cannot read {missing}: No such file or directory\n"


def forged(path: Path, stamp: object, **fields: object) -> str:
    """An archive with one session of a server, of any make."""
    data = {"version": 1, "key": "p/1/2", "uid": 5, "puid": None, "as_of": 4, **fields}
    record = Record(1, "ServerSession", [], {"protocol_flags": {}, **data})
    with path.open("wb") as stream:
        write_archive(stream, {"created": stamp}, {"ServerSession": 1}, [record])
    return str(path)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"key": 5}, "record 1 is no session of a server"), ({"uid": "5"}, "record 1 is no session")],
)
def test_session_restore_refuses_sessions_of_another_make(
    tmp_path: Path, fields: dict[str, object], reason: str
) -> None:
    file = forged(tmp_path / "forged.eds", "2026-03-01T12:00:00Z", **fields)
    result = CliRunner().invoke(main, ["session", "restore", file])
    assert result.exit_code == 1 and reason in result.stderr


@pytest.mark.parametrize("stamp", [None, 7, "yesterday"])
def test_session_restore_refuses_an_archive_that_does_not_say_when(
    tmp_path: Path, stamp: object
) -> None:
    file = forged(tmp_path / "forged.eds", stamp)
    result = CliRunner().invoke(main, ["session", "restore", file])
    assert result.exit_code == 1 and "does not say when it was made" in result.stderr


def test_session_restore_says_when_no_server_runs(tmp_path: Path) -> None:
    file = forged(tmp_path / "forged.eds", "2026-03-01T12:00:00Z")
    home = {"EVERDOOR_HOME": str(tmp_path)}
    result = CliRunner().invoke(main, ["session", "restore", file], env=home)
    assert result.exit_code == 1 and "the game server does not run" in result.stderr
