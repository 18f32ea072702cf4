"""A game with two portals that is played on its web port, for the tests of what plays there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from integration.system import HOST, System, free_port, kill

MENU = "everdoor_server.contrib.menu_login"
"""Logs players in by prompts, the password hidden."""


class WebGame:
    """A system with two portals, each a process of its own, which can be killed whole.

    Attributes:
        port: Of its web door.
    """

    def __init__(self, system: System, port: int) -> None:
        self.system = system
        self.port = port

    @property
    def page(self) -> str:
        return f"http://{HOST}:{self.port}/"

    @property
    def socket(self) -> str:
        return f"ws://{HOST}:{self.port}/ws"

    def start_portal(self, name: str) -> None:
        self.system.start("portal", "run", env={"EVERDOOR_PORTAL_ID": name})

    def sessions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.system.run("session", "list", "--json").stdout
        )
        return found

    def flag(self, sessid: int, name: str) -> Any:
        """A protocol flag of a session."""
        shown = self.system.run("session", "show", str(sessid), "--json").stdout
        return json.loads(shown)["protocol_flags"][name]

    def portal_of(self, sessid: int) -> str:
        """The portal that a session is on."""
        return next(each["portal"] for each in self.sessions() if each["sessid"] == sessid)

    def kill_portal(self, portal: str) -> None:
        """Kill its worker and its supervisor at once."""
        found = self.system.status().portals[portal]
        kill(found["pid"])
        kill(found["worker_pid"])


@contextmanager
def web_game(accounts: list[str], **settings: object) -> Iterator[WebGame]:
    """Run one until the end of the `with`."""
    port = free_port()
    own = {
        "web_port": port,
        "cmdset_unloggedin": f"{MENU}.UnloggedinCmdSet",
        "connection_screen": MENU,
        "restart_notice_after_s": 0.1,
        **settings,
    }
    with tempfile.TemporaryDirectory(prefix="everdoor-") as folder:
        with System(Path(folder), **own) as system:
            game = WebGame(system, port)
            system.run("db", "upgrade")
            for kind in ("auth", "server"):
                system.start_supervisor(kind)
            for name in ("east", "west"):
                game.start_portal(name)
            system.until_up()
            system.make_accounts(accounts)
            yield game
