"""`everdoor keys`: the keys with which this home and those of other hosts know each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from everdoor.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from everdoor.keys import Keys
    from everdoor.peers import KeyRole

ROLE = click.Choice(["auth", "server", "portal"])


@click.group()
def keys() -> None:
    """Keys for portals, server and auth on different hosts; see docs/operating.md."""


@keys.command()
@click.argument("role", type=ROLE)
@click.option("--replace", is_flag=True, show_envvar=True, help="Also when there is one already.")
@json_option
def new(role: KeyRole, replace: bool, json: bool) -> None:
    """Make a pair of keys for the processes of one ROLE of this home, and say what to do with it.

    The secret stays in the folder `keys` of the home, for its owner only; the public key, which is
    printed, is for the other hosts. Processes use a new pair when they are started the next time.
    The JSON has role and key.
    """
    import socket

    from everdoor.bus import new_key_pair

    pair = new_key_pair()
    _keys().keep(role, pair, replace)
    if json:
        print_json({"role": role, "key": pair.public})
        return
    host = f" --host {socket.gethostname()}" if role == "portal" else ""
    whom = "auth and the server" if role == "portal" else "those it is to speak with"
    click.echo(f"The {role} of this home has a new key. In the homes of {whom}, type:")
    click.echo(f"    everdoor keys allow {role} {pair.public}{host}")


@keys.command("list")
@json_option
def list_keys(json: bool) -> None:
    """List the public keys of this home, and those that it lets in.

    The JSON is a list of objects with role, key, host (of the portals that the key may speak
    for, else null) and is_own.
    """
    found = _keys()
    shown = [
        {"role": role, "key": key, "host": None, "is_own": True}
        for role, key in found.owns().items()
    ]
    shown += [
        {"role": peer.role, "key": peer.key, "host": peer.host or None, "is_own": False}
        for peer in found.allowed().values()
    ]
    if json:
        print_json(shown)
        return
    rows = [
        ["own" if one["is_own"] else "allowed", *(str(one[name] or "") for name in cells)]
        for one in shown
        for cells in [("role", "host", "key")]
    ]
    print_table(["", "ROLE", "HOST", "KEY"], rows)


@keys.command()
@click.argument("role", type=ROLE)
@click.argument("key")
@click.option(
    "--host",
    default="",
    show_envvar=True,
    help="For a portal's key: the name of its host (`hostname` there), as its portals' ids begin.",
)
def allow(role: KeyRole, key: str, host: str) -> None:
    """Let whoever has this KEY in, as that ROLE and no other; from now on, without a restart.

    The key of a server or of auth is also how this home knows it when it connects there: the one
    allowed last counts, for processes that are started from then on.
    """
    import socket

    if (role == "portal") != bool(host):
        told = "needs --host" if role == "portal" else "takes no --host"
        raise click.UsageError(f"the key of a {role} {told}")
    _keys().allow(role, key, host, socket.gethostname())
    click.echo(f"This {role} is allowed in.")


@keys.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Let a KEY in no more: nothing that comes by it counts from now on.

    Of a KEY the first 8 digits will do. What is published still reaches a connection that is
    open, until `everdoor server reload`.
    """
    peer = _keys().revoke(key)
    of = f" of {peer.host}" if peer.host else ""
    click.echo(f"The {peer.role}{of} with the key {peer.key} is let in no more.")


def _keys() -> Keys:
    from everdoor.cli.db import make_home
    from everdoor.cli.surroundings import read_settings
    from everdoor.keys import Keys

    settings = read_settings()
    make_home(settings)
    return Keys(settings.home)
