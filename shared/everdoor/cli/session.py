"""`everdoor session`: who is here, what their sessions hold, what happens to them.

Asking is `everdoor.cli.live`'s, following `everdoor.cli.watching`'s.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from everdoor.cli.completing import complete_portal, complete_sessid
from everdoor.cli.output import json_option, print_json, print_lines, print_table
from everdoor.cli.sessionlist import HEADINGS, ORDERS, Wanted, row, select, watch_list
from everdoor.cli.span import Span

if TYPE_CHECKING:
    from everdoor.messages.calls import SessionInfo

SHOWN = (
    "sessid",
    "portal",
    "protocol",
    "address",
    "logged_in",
    "account",
    "puppet",
    "conn_time",
    "idle_s",
    "cmd_total",
)
"""What `session list --json` tells of each session, in this order."""

RESTORED = ("key", "sessid", "state", "text")
"""What `session restore --json` tells of each session, in this order."""

MAX_REASON = 200
"""Characters that a call has room for."""


@click.group()
def session() -> None:
    """See the sessions of the running game, and end them.

    While the server is away, `list` and `show` tell what the portals keep, and say so on stderr.
    """


@session.command("list")
@click.option(
    "--portal",
    metavar="ID",
    show_envvar=True,
    shell_complete=complete_portal,
    help="Only the sessions of this portal, such as `snake.portal.1.0`.",
)
@click.option("--account", metavar="NAME", show_envvar=True, help="Only those of this account.")
@click.option(
    "--protocol", metavar="NAME", show_envvar=True, help="Only those of it, such as `telnet`."
)
@click.option("--idle", type=Span(), show_envvar=True, help="Only those idle for so long: 10m.")
@click.option(
    "--sort",
    type=click.Choice(list(ORDERS)),
    default="sessid",
    show_default=True,
    show_envvar=True,
    help="By what; the shortest idle, the oldest, the busiest come first.",
)
@click.option("--watch", is_flag=True, show_envvar=True, help="Look again every 2 seconds.")
@json_option
def list_sessions(
    portal: str | None,
    account: str | None,
    protocol: str | None,
    idle: float | None,
    sort: str,
    watch: bool,
    json: bool,
) -> None:
    """List all sessions, whether logged in or not, or those that the options ask for.

    The JSON is a list of objects with sessid (0: not given yet), portal, protocol, address,
    logged_in, account, puppet (names or null), conn_time (epoch seconds; after a login, its time),
    idle_s and cmd_total. Exit code 1 when nothing runs.
    """
    from everdoor.cli.live import sessions
    from everdoor.cli.surroundings import read_settings

    settings, wanted = read_settings(), Wanted(account, portal, protocol, idle)

    def look() -> list[SessionInfo]:
        return select(sessions(settings), wanted, sort)

    if watch:
        if json or not sys.stdout.isatty():
            raise click.UsageError("--watch needs a terminal; `session watch` tells every change")
        try:
            watch_list(look)
        except KeyboardInterrupt:
            # The way to end it.
            return
    found = look()
    if json:
        print_json([{name: getattr(info, name) for name in SHOWN} for info in found])
        return
    now = time.time()
    print_table(HEADINGS, [row(info, now) for info in found])


@session.command()
@click.argument("sessid", type=click.IntRange(min=1), shell_complete=complete_sessid)
@json_option
def show(sessid: int, json: bool) -> None:
    """Show what session SESSID holds, secrets as ***.

    Exit code 1 when there is no such session.
    """
    from everdoor.cli.live import session_state
    from everdoor.cli.surroundings import read_settings

    state = session_state(read_settings(), sessid).state
    if json:
        print_json(state)
        return
    print_table(["FIELD", "VALUE"], [[name, _text(state[name])] for name in sorted(state)])


@session.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--description", default="", show_envvar=True, help="What the archive is of.")
@click.option("--author", default="", show_envvar=True, help="Who has it made.")
def save(file: Path, description: str, author: str) -> None:
    """Archive the running game's sessions into FILE, to which `.eds` is added.

    While the server is away, what the portals keep of them. An older archive in its place stays
    untouched if this fails. Exit code 1 when nothing runs.
    """
    from everdoor.archive.files import write
    from everdoor.cli.archives import live_archive
    from everdoor.cli.surroundings import read_settings

    said = {"description": description, "author": author}
    for name, text in said.items():
        if len(text) > MAX_REASON:
            raise click.BadParameter(f"{name}: at most {MAX_REASON} characters, got {len(text)}")
    archive = live_archive(read_settings(), {name: text for name, text in said.items() if text})
    click.echo(write(file, archive))


@session.command()
@click.argument("target", metavar="[SESSID|FILE]", default="live")
def dump(target: str) -> None:
    """Print all that is in the archive FILE, in session SESSID, or in the running game.

    Secrets are shown as ***. A damaged archive is printed up to the damage. A file whose name is a
    number is given as `./7`. Exit code 1 when it is damaged, no archive, or no such session.
    """
    from everdoor.cli.archives import lines_of, lines_of_session

    lines = lines_of_session(int(target)) if target.isdecimal() else lines_of(target)
    print_lines(lines)


@session.command()
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--dry-run", is_flag=True, show_envvar=True, help="Only tell what would be done.")
@json_option
def restore(file: str, dry_run: bool, json: bool) -> None:
    """Bring account, puppet and flags of the archive FILE back onto sessions still connected.

    A session whose player has logged in as somebody else, or plays elsewhere, is left alone. The
    JSON is a list of objects with key, sessid (0: gone), state (restored, unchanged, refused, gone)
    and text. Exit code 1 when there is no server, or FILE is no archive of one.
    """
    from everdoor.cli.archives import restore as restore_archive

    found = restore_archive(file, dry_run)
    if json:
        print_json([{name: getattr(each, name) for name in RESTORED} for each in found])
        return
    rows = [[str(each.sessid or "-"), each.state, each.text, each.key] for each in found]
    print_table(["SESSID", "STATE", "WHAT", "KEY"], rows)


@session.command()
@click.argument("before")
@click.argument("after")
@json_option
def diff(before: str, after: str, json: bool) -> None:
    """Tell what differs between the archives BEFORE and AFTER; nothing when they are the same.

    Each is a file, or `live` for the running game. Sessions are matched by what they are, not by
    their place. The JSON is a list of objects with where, field (empty: the whole record), before
    and after. Exit code 1 when one is no archive.
    """
    from everdoor.cli.archives import compared

    found = compared(before, after)
    if json:
        print_json(found)
        return
    for difference in found:
        click.echo(difference)


@session.command()
@click.argument("sessid", type=click.IntRange(min=1), shell_complete=complete_sessid)
@click.option(
    "--reason",
    default="You have been disconnected by an operator.",
    show_envvar=True,
    help=f"Text for the player, at most {MAX_REASON} characters.",
)
def kick(sessid: int, reason: str) -> None:
    """End session SESSID: its player is told the reason, then disconnected.

    Returns when that is certain. Exit code 1 when there is no such session, or no server.
    """
    from everdoor.cli.live import command
    from everdoor.cli.surroundings import read_settings
    from everdoor.messages.calls import KickSession

    if len(reason) > MAX_REASON:
        raise click.BadParameter(f"at most {MAX_REASON} characters, got {len(reason)}")
    command(read_settings(), KickSession(sessid, reason))
    click.echo(f"session {sessid} has ended")


@session.command()
@click.argument("text")
def announce(text: str) -> None:
    """Show TEXT to every client, logged in or not."""
    from everdoor.cli.live import command
    from everdoor.cli.surroundings import read_settings
    from everdoor.messages.calls import MAX_ANNOUNCEMENT, Announce

    if not 0 < len(text) <= MAX_ANNOUNCEMENT:
        raise click.BadParameter(f"1 to {MAX_ANNOUNCEMENT} characters, got {len(text)}")
    command(read_settings(), Announce(text))
    click.echo("announced")


@session.command()
@click.argument(
    "sessid", type=click.IntRange(min=1), required=False, shell_complete=complete_sessid
)
@click.option(
    "--traffic", is_flag=True, show_envvar=True, help="What is typed and shown in one session."
)
@click.option(
    "--json",
    is_flag=True,
    show_envvar=True,
    help="Print one JSON document a line: topic, seq, time, publisher, data, caught_up.",
)
def watch(sessid: int | None, traffic: bool, json: bool) -> None:
    """Tell every change of all sessions, or of SESSID until it ends, as it is committed.

    Sessions are connected, logged_in, puppeted, unpuppeted, logged_out and disconnected. It goes
    on through restarts and kills of the server: what was missed meanwhile is told as the steps
    from the state before to the state after, marked with `caught_up` (a `*` for people). Ctrl-C
    ends it. Exit code 1 when there is no such session.

    With --traffic: what SESSID types (`>`) and is shown (`<`), from now on and until it ends; its
    portal is on this host. What may be a password is masked, and the log tells who watches.
    """
    from everdoor.cli import traffic as lines
    from everdoor.cli.surroundings import read_settings
    from everdoor.cli.watching import follow, for_people, for_programs

    if not traffic:
        follow(read_settings(), for_programs if json else for_people, sessid)
    elif sessid is None:
        raise click.UsageError("--traffic needs the SESSID of one session")
    else:
        show = lines.for_programs if json else lines.for_people
        lines.follow_traffic(read_settings(), sessid, show)


def _text(value: Any) -> str:
    import msgspec

    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
