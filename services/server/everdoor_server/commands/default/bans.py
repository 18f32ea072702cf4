"""Commands that keep people out; the bans themselves are auth's."""

from __future__ import annotations

from datetime import UTC, datetime

from everdoor.markup.tables import Table
from everdoor.markup.tags import escape
from everdoor.messages.accounts import Ban
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.waits import add_ban, list_bans, remove_ban

LONGEST_REASON = 200


class CmdBan(MuxCommand):
    """
    keep an account or an address out of the game

    Usage:
      ban
      ban <name, address or range> [: reason]

    Without a name it lists the bans. Whoever is banned is told the reason, and
    is disconnected at once.

    Examples:
      ban thomas             - the account 'thomas'
      ban 134.233.2.111      - one address, and no other
      ban 134.233.2.*        - a network; also 134.233.2.0/24
      ban 2001:db8::/32 : no - a network of IPv6, with a reason
    """

    key = "ban"
    aliases = ("bans",)
    locks = "cmd:perm(ban) or perm(Developer)"
    help_category = "Admin"
    switch_options = ("ip", "name")

    async def func(self) -> None:
        if not self.args:
            self.msg(_listed(self, await list_bans()))
            return
        target, reason = _target_and_reason(self.args)
        if await _is_refused(self, f"Are you sure you want to ban '|w{escape(target)}|n' [Y]/N? "):
            return
        ban = await add_ban(target, reason[:LONGEST_REASON], by=self.caller.key)
        kind = "Name" if ban.kind == "name" else "IP"
        self.msg(f"{kind}-ban '|w{escape(ban.target)}|n' was added. Use |wunban|n to reinstate.")


class CmdUnban(MuxCommand):
    """
    lift a ban

    Usage:
      unban
      unban <number>

    Without a number it lists the bans with their numbers.
    """

    key = "unban"
    locks = "cmd:perm(unban) or perm(Developer)"
    help_category = "Admin"

    async def func(self) -> None:
        bans = await list_bans()
        if not self.args:
            self.msg(_listed(self, bans))
            return
        if not self.args.isdecimal():
            self.msg("You must supply a valid ban id to clear.")
            return
        found = next((ban for ban in bans if str(ban.id) == self.args), None)
        if not bans:
            self.msg("There are no bans to clear.")
        elif found is None:
            self.msg(f"Ban id |w{escape(self.args)}|n was not found.")
        else:
            await self._lift(found)

    async def _lift(self, ban: Ban) -> None:
        what = f"{ban.id}: '|w{escape(ban.target)}|n'"
        if await _is_refused(self, f"Are you sure you want to unban {what} [Y]/N? "):
            return
        await remove_ban(ban.id)
        self.msg(f"Cleared ban {ban.id}: '{escape(ban.target)}'")


def _target_and_reason(args: str) -> tuple[str, str]:
    """Split at the colon with space beside it; IPv6 addresses have colons of their own."""
    target, _, reason = args.partition(" :")
    if not reason and ": " in args:
        target, _, reason = args.partition(": ")
    return target.strip(), reason.strip()


async def _is_refused(command: Command, question: str) -> bool:
    if (await command.ask(question)).strip().lower() not in ("n", "no"):
        return False
    command.msg("Aborted.")
    return True


def _listed(command: Command, bans: list[Ban]) -> str:
    if not bans:
        return "No active bans were found."
    rows = [
        [str(ban.id), escape(ban.target), _day(ban.made_at), escape(ban.reason)] for ban in bans
    ]
    table = Table("id", "name/ip", "date", "reason", rows=rows)
    shown = table.text_for(command.session)
    return f"|wActive bans:|n\n{shown}"


def _day(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d")
