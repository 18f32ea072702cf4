"""`everdoor account bans`, `ban` and `unban`: who is kept out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from everdoor.cli.output import json_option, print_json, print_table
from everdoor.cli.span import Span
from everdoor.cli.surroundings import operator
from everdoor.errors import UserError
from everdoor_auth.asking import AskAuth, checked

if TYPE_CHECKING:
    from everdoor.messages.accounts import Ban


@click.command()
@json_option
def bans(json: bool) -> None:
    """List the bans in force.

    The JSON is a list of objects with id, kind (name or address), target, uid (the account of that
    name, or null), reason, by, made_at and expires_at (epoch seconds; null: never).
    """
    from msgspec.structs import asdict

    with AskAuth() as auth:
        found = auth.bans()
    if json:
        print_json([asdict(each) for each in found])
        return
    headings = ["ID", "TARGET", "UNTIL", "REASON", "BY", "MADE"]
    print_table(headings, [_row(each) for each in found])


@click.command()
@click.argument("target")
@click.option("--reason", default="", show_envvar=True, help="Told to whoever is kept out.")
@click.option(
    "--for",
    "lasts_s",
    type=Span(),
    default=None,
    metavar="SPAN",
    show_envvar=True,
    help="How long, such as 90m, 12h or 7d; without it, until the ban is lifted.",
)
def ban(target: str, reason: str, lasts_s: float | None) -> None:
    """Keep TARGET out: the name of an account, an address, or a range of addresses.

    A range is 192.0.2.0/24, 192.0.2.* or 2001:db8::/32. Sessions that it is about end at once. A
    ban of the same target is replaced.
    """
    from everdoor.messages.accounts import MAX_BAN_S, AddBan, BanAdded

    if lasts_s and lasts_s > MAX_BAN_S:
        most = f"at most {MAX_BAN_S / 86_400:.0f}d; without it a ban lasts until it is lifted"
        raise click.BadParameter(f"--for: {most}")
    with AskAuth() as auth:
        call = checked(AddBan(target, reason, lasts_s or 0.0, f"{operator()} at a shell"))
        answer = auth.ask(call, target)
    assert isinstance(answer, BanAdded), f"auth answered {type(answer).__name__}"
    click.echo(f"banned {answer.ban.target} (ban {answer.ban.id})")


@click.command()
@click.argument("target")
def unban(target: str) -> None:
    """Lift the ban of TARGET, which is what was banned, or the number of the ban."""
    from everdoor.messages.accounts import RemoveBan

    with AskAuth() as auth:
        found = _find(auth.bans(), target)
        auth.ask(RemoveBan(found.id), target)
    click.echo(f"lifted the ban of {found.target}")


def time_of(epoch_s: float) -> str:
    """A moment as operators read it, in their own time zone."""
    from datetime import datetime

    return datetime.fromtimestamp(epoch_s).strftime("%Y-%m-%d %H:%M")


def _find(bans: list[Ban], target: str) -> Ban:
    from everdoor.bans import parse_target
    from everdoor.names import name_key

    if target.isdecimal():
        wanted = [each for each in bans if each.id == int(target)]
    else:
        text = parse_target(target).text
        wanted = [each for each in bans if name_key(each.target) == name_key(text)]
    if not wanted:
        raise UserError(f"{target} is not banned; `everdoor account bans` shows who is")
    return wanted[0]


def _row(ban: Ban) -> list[str]:
    until = "lifted" if ban.expires_at is None else time_of(ban.expires_at)
    return [str(ban.id), ban.target, until, ban.reason, ban.by, time_of(ban.made_at)]
