"""`everdoor account`, asking a real auth service."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from everdoor.errors import UserError
from everdoor_auth.creation_cli import Entry, parse_line
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


# Looking after accounts.


def made(shell: Shell, name: str) -> str:
    """The name of an account that has just been made."""
    given = "tulip-mountain\n"
    assert shell.run("account", "create", name, "--password-stdin", given=given).returncode == 0
    return name


def told(shell: Shell, *arguments: str, given: str = "") -> str:
    """What a command says that must succeed."""
    outcome = shell.run("account", *arguments, given=given)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    return outcome.stdout


def test_list_shows_every_account_by_its_id(shell: Shell) -> None:
    names = [made(shell, "Karl"), made(shell, "Lena")]
    found = json.loads(told(shell, "list", "--json"))
    assert [each["name"] for each in found][-2:] == names
    assert sorted(found, key=lambda each: each["uid"]) == found
    assert set(found[0]) == {"uid", "name", "superuser", "guest", "created_at", "last_login"}
    assert "Karl" in told(shell, "list")


def test_show_tells_of_an_account_and_its_bans(shell: Shell) -> None:
    made(shell, "Mona")
    told(shell, "ban", "mona", "--reason", "Spam.")
    found = json.loads(told(shell, "show", "MONA", "--json"))
    assert (found["name"], found["addresses"]) == ("Mona", [])
    assert [ban["reason"] for ban in found["bans"]] == ["Spam."]
    assert "Spam." in told(shell, "show", "Mona")


@pytest.mark.parametrize(
    "command",
    [
        ["show", "Nobody"],
        ["logout", "Nobody"],
        ["set-password", "Nobody", "--password-stdin"],
        ["rename", "Nobody", "Somebody"],
        ["delete", "Nobody", "--yes"],
        ["unban", "Nobody"],
    ],
    ids=lambda command: command[0],
)
def test_command_about_nobody_says_so_in_one_line(shell: Shell, command: list[str]) -> None:
    outcome = shell.run("account", *command, given="tulip-mountain\n")
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1 and "Nobody" in outcome.stderr


def test_set_password_rename_logout_and_delete_tell_what_they_did(shell: Shell) -> None:
    made(shell, "Nora")
    given = "dandelion-valley\n"
    said = told(shell, "set-password", "nora", "--password-stdin", given=given)
    assert said == "set the password of Nora\n"
    assert told(shell, "rename", "nora", "Nadja") == "renamed Nora to Nadja\n"
    assert told(shell, "logout", "nadja") == "logged out Nadja\n"
    assert told(shell, "delete", "nadja", "--yes") == "deleted Nadja\n"
    assert "Nadja" not in told(shell, "list")


def test_delete_asks_first(shell: Shell) -> None:
    made(shell, "Otto")
    outcome = shell.run("account", "delete", "Otto", given="n\n")
    assert outcome.returncode == 1
    assert "Otto" in told(shell, "list")


def test_ban_is_listed_until_it_is_lifted(shell: Shell) -> None:
    said = told(shell, "ban", "192.0.2.*", "--reason", "Floods.", "--for", "7d")
    assert said.startswith("banned 192.0.2.0/24 (ban ")
    [found] = [ban for ban in json.loads(told(shell, "bans", "--json")) if ban["uid"] is None]
    assert (found["target"], found["reason"]) == ("192.0.2.0/24", "Floods.")
    assert found["expires_at"] - found["made_at"] == 7 * 86400
    assert found["by"].endswith(" at a shell")
    assert "Floods." in told(shell, "bans")
    assert told(shell, "unban", "192.0.2.*") == "lifted the ban of 192.0.2.0/24\n"
    assert "192.0.2.0" not in told(shell, "bans")


def test_ban_is_lifted_by_its_number(shell: Shell) -> None:
    number = told(shell, "ban", "2001:db8::/32").partition("(ban ")[2].rstrip(")\n")
    assert told(shell, "unban", number) == "lifted the ban of 2001:db8::/32\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["300.1.1.1"], 1, "expected"),
        (["Troll", "--for", "soon"], 2, "expected"),
        (["Troll", "--for", "20000w"], 2, "--for: at most 115741d;"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_ban_that_makes_no_sense_is_refused(
    shell: Shell, arguments: list[str], code: int, said: str
) -> None:
    outcome = shell.run("account", "ban", *arguments)
    assert outcome.returncode == code
    assert said in outcome.stderr and outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["show", "\udcff"], ["ban", "Troll", "--reason", "\udcff"]])
def test_text_that_is_no_utf_8_is_told_in_one_line(shell: Shell, arguments: list[str]) -> None:
    outcome = shell.run("account", *arguments)
    assert outcome.returncode == 1
    assert outcome.stderr == "everdoor: expected UTF-8 text, got bytes that are none\n"
