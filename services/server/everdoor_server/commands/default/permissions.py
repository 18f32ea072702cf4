"""The command that says what accounts may do."""

from __future__ import annotations

import re
from typing import Any

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.commands.default.muxcommand import MuxCommand
from everdoor_server.locks import has_permission, is_superuser

GIVES_ANY = "Developer"
"""Others give and take what they have themselves."""

_PERMISSION = re.compile(r"[\w ]{1,40}\Z")


class CmdPerm(MuxCommand):
    """
    see and change what an account may do

    Usage:
      perm <account>
      perm <account> = <permission> [, <permission> ...]
      perm/del <account> = <permission> [, <permission> ...]

    Permissions, each with all before it: Guest, Player, Helper, Builder, Admin,
    Developer. Other words stand for themselves, for locks of the game's own.
    Developers give and take any, others what they have themselves.
    """

    key = "perm"
    aliases = ("setperm",)
    locks = "cmd:perm(perm) or perm(Developer)"
    help_category = "Admin"
    switch_options = ("del",)

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: perm[/del] <account> [= <permission> [, <permission> ...]]")
            return
        account = self.game.accounts.find(self.lhs.removeprefix("*"))
        if account is None:
            self.msg(f"Account {escape(self.lhs)} was not found.")
            return
        for permission in self.rhslist:
            self._check(permission)
        for permission in self.rhslist:
            self._change(account, permission)
        held = ", ".join(account.permissions.all()) or "none"
        also = " and everything, as a superuser" if account.is_superuser else ""
        self.msg(f"Permissions of {account.key}: {held}{also}.")

    def _check(self, permission: str) -> None:
        if not _PERMISSION.match(permission):
            raise UserError(
                f"A permission is letters and numbers, at most 40, not '{escape(permission)}'."
            )
        own = list(self.account.permissions) if self.account is not None else []
        given = (permission, GIVES_ANY)
        if is_superuser(self.caller) or any(has_permission(own, name) for name in given):
            return
        raise UserError(f"You do not have the permission '{permission}' yourself.")

    def _change(self, account: Any, permission: str) -> None:
        if "del" not in self.switches:
            account.permissions.add(permission)
        elif account.permissions.has(permission):
            account.permissions.remove(permission)
        else:
            raise UserError(f"{account.key} does not have the permission '{permission}'.")
        told = "no longer have" if "del" in self.switches else "now have"
        account.msg(f"You {told} the permission '{permission}'.")
