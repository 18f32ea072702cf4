"""`everdoor account key`: public keys that log in to accounts by SSH."""

from __future__ import annotations

from typing import IO

import click

from everdoor.cli.output import json_option, print_json, print_table
from everdoor.errors import UserError
from everdoor_auth.asking import AskAuth, checked
from everdoor_auth.ban_cli import time_of

MAX_FILE = 1024 * 1024
"""Characters of a file of keys that are read."""


@click.group()
def key() -> None:
    """Look after the public keys that log in to an account by SSH."""


@key.command()
@click.argument("name")
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"))
def add(name: str, file: IO[str]) -> None:
    """Let the public keys in FILE (`-`: stdin) log in to the account NAME.

    FILE is such as ~/.ssh/id_ed25519.pub: a key a line; empty lines and `#` are left out. With one
    bad line none is added.
    """
    from everdoor.messages.accounts import AddKey
    from everdoor_auth.publickeys import read_public_key

    text = file.read(MAX_FILE)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise UserError(f"{file.name}: expected a public key, the file has none")
    found = [read_public_key(line) for line in lines]
    with AskAuth() as auth:
        account = auth.find(name).account
        for each in found:
            auth.ask(checked(AddKey(account.uid, *each)), name)
            click.echo(f"added {each.fingerprint} to {account.name}")


@key.command("list")
@click.argument("name")
@json_option
def list_keys(name: str, json: bool) -> None:
    """List the keys of the account NAME.

    The JSON is a list of objects with kind, fingerprint, comment and added_at (epoch seconds).
    """
    from msgspec.structs import asdict

    with AskAuth() as auth:
        found = auth.keys(auth.find(name).account.uid)
    if json:
        print_json([asdict(each) for each in found])
        return
    headings = ["KIND", "FINGERPRINT", "COMMENT", "ADDED"]
    rows = [[each.kind, each.fingerprint, each.comment, time_of(each.added_at)] for each in found]
    print_table(headings, rows)


@key.command()
@click.argument("name")
@click.argument("fingerprint")
def remove(name: str, fingerprint: str) -> None:
    """Let the key of FINGERPRINT (`SHA256:...`, as `list` shows it) log in to NAME no more.

    Sessions that it has begun go on; `everdoor account logout` ends them.
    """
    from everdoor.messages.accounts import RemoveKey

    with AskAuth() as auth:
        account = auth.find(name).account
        auth.ask(checked(RemoveKey(account.uid, fingerprint)), name)
    click.echo(f"removed {fingerprint} from {account.name}")
