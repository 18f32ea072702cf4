"""`everdoor db`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from everdoor_program import Shell


def tables(path: object) -> set[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = {name for (name,) in connection.execute("select name from sqlite_master")}
    connection.close()
    return names


def test_upgrade_makes_all_databases_of_a_new_home(shell: Shell) -> None:
    outcome = shell.run("db", "upgrade", "--json")

    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout) == {
        "upgraded": [
            {"name": name, "url": f"sqlite:///{shell.home}/{name}.db"} for name in ("auth", "world")
        ]
    }
    assert "auth_version" in tables(shell.home / "auth.db")
    assert "world_version" in tables(shell.home / "world.db")


def test_upgrade_may_be_repeated(shell: Shell) -> None:
    shell.run("db", "upgrade")

    outcome = shell.run("db", "upgrade")

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == (
        f"auth: up to date (sqlite:///{shell.home}/auth.db)\n"
        f"world: up to date (sqlite:///{shell.home}/world.db)\n"
    )


def test_upgrade_says_what_is_wrong_with_the_home(shell: Shell) -> None:
    shell.home.write_text("a file")

    outcome = shell.run("db", "upgrade")

    assert outcome.returncode == 1
    assert outcome.stderr == f"everdoor: {shell.home} cannot be made (EVERDOOR_HOME): File exists\n"


@pytest.mark.parametrize("name", ["auth", "world"])
def test_upgrade_does_not_tell_the_password_in_a_query(shell: Shell, name: str) -> None:
    url = "postgresql://me@/db?host=/nowhere&password="
    shell.environment[f"EVERDOOR_{name.upper()}_DATABASE_URL"] = f"{url}s3cret"

    outcome = shell.run("db", "upgrade")

    assert outcome.returncode != 0
    assert "=*** cannot be opened" in outcome.stderr and outcome.stderr.count("\n") == 1
    assert "s3cret" not in outcome.stdout + outcome.stderr


def test_backup_copies_both_databases_while_one_is_written(shell: Shell) -> None:
    shell.run("db", "upgrade")
    with sqlite3.connect(shell.home / "world.db") as db:
        db.execute("CREATE TABLE mine (text)")
        db.executemany("INSERT INTO mine VALUES (?)", [("x" * 1000,) for _ in range(3000)])
    writer = sqlite3.connect(shell.home / "world.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO mine VALUES ('not committed')")

    outcome = shell.run("db", "backup", "copies", "--json")

    writer.close()
    assert outcome.returncode == 0, outcome.stderr
    copied = json.loads(outcome.stdout)["copied"]
    assert [each["name"] for each in copied] == ["world", "auth"]
    folder = shell.folder / "copies"
    assert sorted(path.name for path in folder.iterdir()) == ["auth.db", "world.db"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(folder / "world.db")) as db:
        assert db.execute("SELECT count(*) FROM mine").fetchone() == (3000,)
    assert "auth_version" in tables(folder / "auth.db")


def test_backup_overwrites_nothing(shell: Shell) -> None:
    shell.run("db", "upgrade")
    shell.run("db", "backup", "copies")

    outcome = shell.run("db", "backup", "copies")

    assert outcome.returncode == 1
    assert outcome.stderr == (
        "everdoor: copies/world.db is there already; choose another folder, or move it away\n"
    )


@pytest.mark.parametrize(
    ("name", "pages"),
    [("world", slice(None)), ("auth", slice(2, 3))],
    ids=["all of the first", "a page of the last"],
)
def test_backup_of_a_damaged_database_leaves_nothing_and_may_be_repeated(
    shell: Shell, name: str, pages: slice
) -> None:
    shell.run("db", "upgrade")
    path = shell.home / f"{name}.db"
    whole = path.read_bytes()
    found = [whole[at : at + 4096] for at in range(0, len(whole), 4096)]
    found[pages] = [b"\xff" * 4096 for _ in found[pages]]
    path.write_bytes(b"".join(found))

    outcome = shell.run("db", "backup", "copies")

    assert outcome.returncode == 1
    assert "cannot be copied to copies" in outcome.stderr
    assert list((shell.folder / "copies").iterdir()) == []
    path.write_bytes(whole)
    assert shell.run("db", "backup", "copies").returncode == 0


def test_backup_leaves_other_databases_to_their_own_tools(shell: Shell) -> None:
    shell.environment["EVERDOOR_WORLD_DATABASE_URL"] = "postgresql://me:secret@nowhere/world"

    outcome = shell.run("db", "backup", "copies")

    assert outcome.returncode == 1
    assert outcome.stderr == (
        "everdoor: world_database_url is a postgresql database: copy it with the tools of its "
        "server, such as pg_dump\n"
    )
