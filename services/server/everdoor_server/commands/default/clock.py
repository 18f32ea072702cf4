"""The command that tells the time."""

from __future__ import annotations

from datetime import UTC, datetime

from everdoor.markup.tables import Table
from everdoor_server.commands.default.account import clock
from everdoor_server.commands.default.muxcommand import MuxAccountCommand


class CmdTime(MuxAccountCommand):
    """
    see what time it is for the game

    Usage:
      time

    Times are those of the server, in UTC.
    """

    key = "time"
    aliases = ("uptime",)

    def func(self) -> None:
        now, since = self.game.sessions.now(), self.game.start_time
        table = Table("", "Time")
        table.add_row("now", _shown(now))
        table.add_row("server started", _shown(since))
        table.add_row("up for", clock(now - since))
        self.msg(table.text_for(self.session))


def _shown(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
