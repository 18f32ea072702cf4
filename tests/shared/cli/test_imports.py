"""`everdoor import`, as an operator types it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from everdoor_program import Shell
from fromevennia.tiny import Evennia, reference


@pytest.fixture
def theirs(tmp_path: Path) -> Evennia:
    made = Evennia(tmp_path / "evennia.db3")
    made.object(6, "Anna", "typeclasses.characters.Character")
    made.account(7, "Anna")
    made.account(8, "Al")
    made.attribute(7, "_playable_characters", [reference(6)], "account")
    return made


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_import_tells_what_came_and_what_did_not(shell: Shell, theirs: Evennia) -> None:
    done = shell.run("import", "evennia", str(theirs.path))

    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("imported 1 accounts, 1 rooms, 1 characters")
    assert last.split("  ")[0] == "accounts whose name is none here"
    assert count(shell.home / "auth.db", "auth_account") == 1
    assert count(shell.home / "world.db", "world_account") == 1


def test_dry_run_tells_the_same_in_one_document_and_writes_nothing(
    shell: Shell, theirs: Evennia
) -> None:
    dry = shell.run("import", "evennia", str(theirs.path), "--dry-run", "--json")

    assert dry.returncode == 0, dry.stderr
    assert not shell.home.exists()
    told = json.loads(dry.stdout)
    done = json.loads(shell.run("import", "evennia", str(theirs.path), "--json").stdout)
    assert told.pop("dry_run") is True and done.pop("dry_run") is False
    assert told == done and told["left_out"][0].keys() == {"what", "count", "examples"}


def test_second_import_is_refused_in_one_line(shell: Shell, theirs: Evennia) -> None:
    shell.run("import", "evennia", str(theirs.path))
    again = shell.run("import", "evennia", str(theirs.path))

    assert again.returncode == 1
    assert again.stderr.startswith("everdoor: the world has been used")
    assert len(again.stderr.splitlines()) == 1


def test_import_that_ended_between_its_databases_is_repeated(
    shell: Shell, theirs: Evennia, tmp_path: Path
) -> None:
    shell.run("import", "evennia", str(theirs.path))
    for path in shell.home.glob("world.db*"):
        path.unlink()
    again = shell.run("import", "evennia", str(theirs.path))

    assert again.returncode == 0, again.stderr
    assert count(shell.home / "auth.db", "auth_account") == 1
    assert count(shell.home / "world.db", "world_account") == 1


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (("--typeclass", "a.B"), 2, "--typeclass takes OLD=NEW, got a.B"),
        (("--typeclass", "typeclasses.characters.Character=no.Such"), 1, "'no.Such'"),
        (("--start", "6000"), 1, "no room #6000"),
    ],
)
def test_wrong_option_is_told_in_one_line(
    shell: Shell, theirs: Evennia, options: tuple[str, ...], code: int, told: str
) -> None:
    done = shell.run("import", "evennia", str(theirs.path), *options)

    assert (done.returncode, len(done.stderr.splitlines())) == (code, 1)
    assert told in done.stderr


def test_file_that_is_not_there_is_told_in_one_line(shell: Shell, tmp_path: Path) -> None:
    done = shell.run("import", "evennia", str(tmp_path / "none.db3"))

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "is no file; expected Evennia's database" in done.stderr
