"""`everdoor account`, asking a real auth service."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from everdoor.errors import UserError
from everdoor_auth.account_cli import Entry, parse_line
from everdoor_auth.store import Store
from everdoor_program import Shell, read_until


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A home whose auth service runs."""
    shell = Shell(tmp_path_factory.mktemp("home"), creation_throttle_limit="1")
    assert shell.run("db", "upgrade").returncode == 0
    with shell.start("auth", "run") as auth:
        read_until(auth, "worker serves")
        yield shell


def is_superuser(shell: Shell, name: str) -> bool:
    store = Store(f"sqlite:///{shell.home}/auth.db")
    with store.reading() as db:
        found = db.connection().exec_driver_sql(
            "select superuser from auth_account where name = ?", (name,)
        )
        superuser = found.scalar_one()
    store.close()
    return bool(superuser)


def test_create_takes_the_password_from_stdin(shell: Shell) -> None:
    outcome = shell.run("account", "create", "Anna", "--password-stdin", given="tulip-mountain\n")

    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, "created Anna\n", "")
    assert not is_superuser(shell, "Anna")


def test_create_makes_a_superuser(shell: Shell) -> None:
    shell.run("account", "create", "Root", "--superuser", "--password-stdin", given="tulip-hill\n")

    assert is_superuser(shell, "Root")


def test_create_is_not_throttled(shell: Shell) -> None:
    outcomes = [
        shell.run("account", "create", name, "--password-stdin", given="tulip-mountain\n")
        for name in ("Berta", "Carl", "Dora")
    ]

    assert [outcome.returncode for outcome in outcomes] == [0, 0, 0]


def test_create_tells_why_auth_refuses(shell: Shell) -> None:
    outcome = shell.run("account", "create", "Emil", "--password-stdin", given="short\n")

    assert outcome.returncode == 1
    assert outcome.stderr.startswith("everdoor: ")
    assert outcome.stderr.count("\n") == 1
    assert "8 characters" in outcome.stderr


def test_create_asks_on_a_terminal_and_shows_nothing(shell: Shell) -> None:
    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "everdoor.cli", "account", "create", "Frida"],
        cwd=shell.folder,
        env=shell.environment,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    for prompt in (b"Password: ", b"Repeat for confirmation: "):
        while not shown.endswith(prompt):
            shown += os.read(ours, 1024)
        os.write(ours, b"tulip-mountain\n")
    answer, _ = asking.communicate()
    os.close(ours)

    assert (asking.returncode, answer) == (0, b"created Frida\n")
    assert b"tulip" not in shown


def test_create_without_a_terminal_says_what_to_do(shell: Shell) -> None:
    outcome = shell.run("account", "create", "Gustav")

    assert outcome.returncode == 1
    assert "--password-stdin" in outcome.stderr


def test_create_from_a_file_goes_on_after_bad_lines(shell: Shell) -> None:
    file = shell.folder / "accounts.tsv"
    file.write_bytes(
        b"Hanna\ttulip mountain\r\n\nno tab\nx\ttulip-mountain\n\xff\tpass\nIda\ttulip\tmountain\n"
    )

    outcome = shell.run("account", "create", "--from", str(file))

    assert outcome.returncode == 1
    assert outcome.stdout == "created 2 of 5 accounts\n"
    told = [line.partition(":") for line in outcome.stderr.splitlines() if line]
    assert [who for who, _, _ in told] == ["line 3", "line 4", "line 5", "everdoor"]
    assert told[-1][2] == " 3 of 5 lines failed"


def test_create_from_stdin(shell: Shell) -> None:
    outcome = shell.run("account", "create", "--from", "-", given="Jakob\ttulip-mountain\n")

    assert (outcome.returncode, outcome.stdout) == (0, "created 1 of 1 accounts\n")


def test_create_says_what_to_do_when_auth_does_not_run(tmp_path: Path) -> None:
    outcome = Shell(tmp_path).run("account", "create", "Anna", "--password-stdin", given="x\n")

    assert outcome.returncode == 1
    assert outcome.stderr == (
        f"everdoor: auth does not run in {tmp_path / 'var'}: start it with `everdoor up` or "
        "`everdoor auth run`, then try again\n"
    )


@pytest.mark.parametrize(
    "arguments", [[], ["Anna", "--from", "-"], ["--from", "-", "--password-stdin"]]
)
def test_create_refuses_unclear_usage(tmp_path: Path, arguments: list[str]) -> None:
    assert Shell(tmp_path).run("account", "create", *arguments).returncode == 2


def test_line_is_a_name_a_tab_and_a_password() -> None:
    assert parse_line("Änne\ta b\tc ".encode()) == Entry("Änne", "a b\tc ")


@pytest.mark.parametrize("line", [b"", b"name", b"\tpassword", b"name\t", b"\xff\tpassword"])
def test_line_without_its_parts_is_refused(line: bytes) -> None:
    with pytest.raises(UserError, match="expected"):
        parse_line(line)
