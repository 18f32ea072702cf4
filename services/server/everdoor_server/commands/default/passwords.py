"""Commands about passwords; those are auth's, which is asked, and are shown and kept nowhere."""

from __future__ import annotations

from everdoor.markup.tags import escape
from everdoor_server.commands.command import Command
from everdoor_server.commands.default.muxcommand import MuxAccountCommand, MuxCommand
from everdoor_server.waits import change_password, find_account, set_password

NOT_THE_SAME = "The two passwords are not the same. Nothing was changed."


class CmdPassword(MuxAccountCommand):
    """
    change your password

    Usage:
      password
      password <old password> = <new password>

    Without passwords you are asked for them, and your client is asked not to
    show what you type.
    """

    key = "password"
    locks = "cmd:pperm(Player)"

    async def func(self) -> None:
        if self.args and not self.rhs:
            self.msg("Usage: password <oldpass> = <newpass>")
            return
        old = self.lhs if self.args else await self.ask("Old password: ", hidden=True)
        new = self.rhs or (await _new_password(self) if old else None)
        if not old or not new:
            self.msg("Nothing was changed.")
            return
        assert self.session is not None, "only sessions are asked"
        await change_password(self.account.id, old, new, self.session.address)
        self.msg("Password changed.")


class CmdUserPassword(MuxCommand):
    """
    change the password of an account

    Usage:
      userpassword <account>
      userpassword <account> = <new password>

    Without a password you are asked for it.
    """

    key = "userpassword"
    locks = "cmd:perm(newpassword) or perm(Admin)"
    help_category = "Admin"

    async def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: userpassword <user obj> = <new password>")
            return
        found = (await find_account(self.lhs)).account
        if found.superuser and not self.caller.is_superuser:
            self.msg(f"You may not change the password of {escape(found.name)}.")
            return
        new = self.rhs or await _new_password(self)
        if not new:
            self.msg("Nothing was changed.")
            return
        await set_password(found.uid, new)
        self.msg(f"{escape(found.name)} - new password set.")
        account = self.game.accounts.get(found.uid)
        if account is not None and account is not self.account:
            account.msg(f"{escape(self.caller.key)} has changed your password.")


async def _new_password(command: Command) -> str | None:
    """Ask for a password twice; None: the two differ, or there is none."""
    new = await command.ask("New password: ", hidden=True)
    if not new:
        return None
    if await command.ask("New password again: ", hidden=True) != new:
        command.msg(NOT_THE_SAME)
        return None
    return new
