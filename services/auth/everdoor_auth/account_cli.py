"""`everdoor account`: accounts and bans, looked after from a shell.

Everything is asked of the running auth service, which checks names and passwords; nothing here
opens its database. Making accounts is in `creation_cli`, bans in `ban_cli`, keys
in `key_cli`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from everdoor.cli.output import json_option, print_json, print_table
from everdoor_auth.asking import AskAuth, checked
from everdoor_auth.ban_cli import ban, bans, time_of, unban
from everdoor_auth.creation_cli import create, read_password
from everdoor_auth.key_cli import key

if TYPE_CHECKING:
    from everdoor.messages.accounts import AccountInfo, AccountShown


@click.group()
def account() -> None:
    """Make and look after accounts, and keep people out."""


for command in (create, bans, ban, unban, key):
    account.add_command(command)


@account.command("list")
@json_option
def list_accounts(json: bool) -> None:
    """List the accounts.

    The JSON is a list of objects with uid, name, superuser, guest, created_at and last_login
    (epoch seconds; null before the first, and exact to a day).
    """
    from msgspec.structs import asdict

    with AskAuth() as auth:
        found = auth.accounts()
    if json:
        print_json([asdict(info) for info in found])
        return
    headings = ["ID", "NAME", "KIND", "MADE", "LAST LOGIN"]
    print_table(headings, [_row(info) for info in found])


@account.command()
@click.argument("name")
@json_option
def show(name: str, json: bool) -> None:
    """Show one account, where it logs in from, and the bans on it.

    The JSON is an object with the fields of `list`, addresses (latest first; IPv6 by its /64) and
    bans as `everdoor account bans` lists them. Exit code 1 when there is no such account.
    """
    from msgspec.structs import asdict

    with AskAuth() as auth:
        found = auth.find(name)
    if json:
        banned = [asdict(each) for each in found.bans]
        print_json({**asdict(found.account), "addresses": found.addresses, "bans": banned})
        return
    print_table(["FIELD", "VALUE"], _shown(found))


@account.command()
@click.argument("name")
def logout(name: str) -> None:
    """End all sessions of an account.

    They end as soon as the game server hears of it; should it be away, when it is back.
    """
    from everdoor.messages.accounts import LogoutAccount

    with AskAuth() as auth:
        found = auth.find(name).account
        auth.ask(LogoutAccount(found.uid), name)
    click.echo(f"logged out {found.name}")


@account.command("set-password")
@click.argument("name")
@click.option(
    "--password-stdin",
    is_flag=True,
    show_envvar=True,
    help="Read the password from the first line of stdin instead of asking for it.",
)
def set_password(name: str, password_stdin: bool) -> None:
    """Give an account another password, which is asked for, twice, and not shown.

    Its sessions go on; `everdoor account logout` ends them.
    """
    from everdoor.messages.accounts import SetPassword

    with AskAuth() as auth:
        found = auth.find(name).account
        password = read_password(password_stdin)
        auth.ask(checked(SetPassword(found.uid, password)), name)
    click.echo(f"set the password of {found.name}")


@account.command()
@click.argument("name")
@click.argument("new_name")
def rename(name: str, new_name: str) -> None:
    """Give the account NAME the name NEW_NAME. Its characters keep theirs."""
    from everdoor.messages.accounts import AccountFound, RenameAccount

    with AskAuth() as auth:
        found = auth.find(name).account
        answer = auth.ask(checked(RenameAccount(found.uid, new_name)), name)
    assert isinstance(answer, AccountFound), f"auth answered {type(answer).__name__}"
    click.echo(f"renamed {found.name} to {answer.name}")


@account.command()
@click.argument("name")
@click.option("--yes", is_flag=True, show_envvar=True, help="Do not ask whether that is meant.")
def delete(name: str, yes: bool) -> None:
    """Delete an account for good, with its characters, and end its sessions.

    The game server does its part within a minute, or when it is back. What characters carry goes
    home.
    """
    from everdoor.messages.accounts import DeleteAccount

    with AskAuth() as auth:
        found = auth.find(name).account
        if not yes:
            click.confirm(f"Delete the account {found.name} for good?", abort=True, err=True)
        auth.ask(DeleteAccount(found.uid), name)
    click.echo(f"deleted {found.name}")


def _row(info: AccountInfo) -> list[str]:
    seen = "never" if info.last_login is None else time_of(info.last_login)
    return [str(info.uid), info.name, _kind(info), time_of(info.created_at), seen]


def _kind(info: AccountInfo) -> str:
    if info.superuser:
        return "superuser"
    return "guest" if info.guest else "player"


def _shown(found: AccountShown) -> list[list[str]]:
    headings = ["id", "name", "kind", "made", "last login"]
    rows = [[name, value] for name, value in zip(headings, _row(found.account), strict=True)]
    rows += [["address", address] for address in found.addresses]
    return rows + [["banned", each.reason or "no reason given"] for each in found.bans]
