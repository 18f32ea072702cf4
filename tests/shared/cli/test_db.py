"""`everdoor db`."""

from __future__ import annotations

import json
import sqlite3

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
