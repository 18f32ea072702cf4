"""`everdoor account key`, asking a real auth service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from everdoor_program import Shell, read_until


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A home whose auth service runs, with an account."""
    shell = Shell(tmp_path_factory.mktemp("home"))
    assert shell.run("db", "upgrade").returncode == 0
    with shell.start("auth", "run") as auth:
        read_until(auth, "worker serves")
        made = shell.run("account", "create", "Anna", "--password-stdin", given="tulip-mountain\n")
        assert made.returncode == 0, made.stderr
        yield shell


def test_key_is_added_listed_and_removed(shell: Shell, tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519", comment="anna@snake")
    path = tmp_path / "id_ed25519.pub"
    path.write_bytes(b"# mine\n\n" + key.export_public_key())
    name = key.get_fingerprint()
    added = shell.run("account", "key", "add", "anna", str(path))
    assert (added.returncode, added.stdout) == (0, f"added {name} to Anna\n"), added.stderr
    (listed,) = json.loads(shell.run("account", "key", "list", "Anna", "--json").stdout)
    assert listed.pop("added_at") > 0
    assert listed == {"kind": "ssh-ed25519", "fingerprint": name, "comment": "anna@snake"}
    assert name in shell.run("account", "key", "list", "Anna").stdout
    removed = shell.run("account", "key", "remove", "Anna", name)
    assert (removed.returncode, removed.stdout) == (0, f"removed {name} from Anna\n")
    again = shell.run("account", "key", "remove", "Anna", name)
    assert again.returncode == 1 and f"has no key {name}" in again.stderr


def test_bad_key_is_told_in_one_line_and_none_is_added(shell: Shell) -> None:
    good = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    outcome = shell.run("account", "key", "add", "Anna", "-", given=f"{good}nonsense\n")
    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1 and "expected a line such as" in outcome.stderr
    assert json.loads(shell.run("account", "key", "list", "Anna", "--json").stdout) == []


def test_empty_file_and_an_unknown_name_are_told(shell: Shell) -> None:
    empty = shell.run("account", "key", "add", "Anna", "-", given="\n")
    assert empty.returncode == 1 and "expected a public key" in empty.stderr
    unknown = shell.run("account", "key", "list", "Nobody")
    assert unknown.returncode == 1 and "There is no account 'Nobody'" in unknown.stderr
