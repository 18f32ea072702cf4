"""Follows what one session types and is shown, as its portal has it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
import msgspec

from everdoor.bus import Bus, RpcClient
from everdoor.cli.control import is_listening
from everdoor.cli.live import run
from everdoor.cli.surroundings import operator
from everdoor.endpoints import Endpoints
from everdoor.errors import CallRefused, CallTimeout, UserError
from everdoor.messages.calls import SessionTraffic, Traffic, TrafficEntry
from everdoor.playertext import clean
from everdoor.settings import Settings

AGAIN_S = 0.2
"""Pause between two looks."""

ANSWER_S = 2.0

Show = Callable[[TrafficEntry], str]


def follow_traffic(settings: Settings, sessid: int, show: Show) -> None:
    """Print what a session types and is shown, until it ends or Ctrl-C.

    Raises:
        UserError: No portal of this host has such a session.
    """

    async def main(bus: Bus, system: Endpoints) -> None:
        found = False
        for_portal: tuple[str, int] = ("", 0)
        while True:
            portal, traffic = await _look(bus, system, sessid, *for_portal)
            if traffic is None:
                if not found:
                    raise UserError(f"no portal of this host has a session {sessid}")
                click.echo(f"everdoor: session {sessid} is not on this host any more", err=True)
                return
            found = True
            if traffic.missing:
                click.echo(f"everdoor: {traffic.missing} lines were not seen", err=True)
            for entry in traffic.entries:
                click.echo(show(entry))
            sys.stdout.flush()
            for_portal = (portal, traffic.last)
            await asyncio.sleep(AGAIN_S)

    try:
        run(settings, main)
    except KeyboardInterrupt:
        click.echo(err=True)


async def _look(
    bus: Bus, system: Endpoints, sessid: int, last_portal: str, after: int
) -> tuple[str, Traffic | None]:
    """Ask the portal that had the session, else all: it may have come back on another."""
    names = [path.name for path in sorted(system.folder.glob("portal.*")) if is_listening(path)]
    for name in sorted(names, key=lambda name: name != last_portal):
        client = RpcClient(bus, f"ipc://{Path(system.folder, name)}", "cli")
        call = SessionTraffic(sessid, after if name == last_portal else 0, operator())
        try:
            answer = await client.call(call, deadline_s=ANSWER_S)
        except CallTimeout:
            continue
        except CallRefused as exc:
            if exc.code != "no_session":
                raise
            continue
        finally:
            client.close()
        assert isinstance(answer, Traffic), "the answer to session_traffic"
        return name, answer
    return "", None


def for_people(entry: TrafficEntry) -> str:
    """Time, direction, text."""
    at = datetime.fromtimestamp(entry.at).strftime("%H:%M:%S")
    sign = {"typed": ">", "text": "<"}.get(entry.kind, f"< [{entry.kind}]")
    return clean(f"{at} {sign} {entry.text}")


def for_programs(entry: TrafficEntry) -> str:
    """One JSON document: number, at (epoch seconds), kind, text."""
    return msgspec.json.encode(
        {"number": entry.number, "at": entry.at, "kind": entry.kind, "text": entry.text}
    ).decode()
