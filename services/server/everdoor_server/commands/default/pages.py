"""The command with which accounts tell each other something, wherever they are."""

from __future__ import annotations

from typing import Any, Final

from everdoor.errors import UserError
from everdoor.markup.tags import escape
from everdoor_server.accounts import Account
from everdoor_server.commands.default.muxcommand import MuxAccountCommand
from everdoor_server.commands.playertext import inert
from everdoor_server.objects.appearance import listed

PAGES: Final = "_pages"
"""Attribute of an account: the last pages from it and to it, as it has seen them."""

LAST_PAGED: Final = "_last_paged"
"""Attribute of an account: ids of those whom it has paged last."""

PAGES_KEPT: Final = 20
MOST_RECEIVERS: Final = 10


class CmdPage(MuxAccountCommand):
    """
    tell somebody something, wherever they are

    Usage:
      page <account> = <words>
      page <account>, <account> = <words>
      page <words>          to whom you have paged last
      page/last             who that is
      page                  the last pages from you and to you

    Words that begin with : are what you do. Only those can be paged who are
    connected.
    """

    key = "page"
    aliases = ("tell",)
    help_category = "Comms"
    switch_options = ("last", "list")

    def func(self) -> None:
        if "last" in self.switches:
            names = ", ".join(each.key for each in self._last())
            self.msg(f"You have paged {names or 'nobody'} last.")
        elif not self.args:
            self._list()
        elif self.rhs is None:
            self._page(self._last(), self.args)
        else:
            self._page(self._receivers(), self.rhs)

    def _last(self) -> list[Account]:
        found = map(self.game.accounts.get, self.caller.attributes.get(LAST_PAGED) or ())
        return [account for account in found if isinstance(account, Account)]

    def _list(self) -> None:
        pages = self.caller.attributes.get(PAGES) or []
        if not pages:
            self.msg("You have neither paged anybody nor been paged.")
            return
        self.msg("\n".join(["|wYour last pages:|n", *(f"  {page}" for page in pages)]))

    def _receivers(self) -> list[Account]:
        """Those who are named, each once.

        Raises:
            UserError: Nobody is of that name, or they are too many.
        """
        found: dict[int, Account] = {}
        for name in self.lhslist:
            account = self._named(name)
            if account is None:
                raise UserError(f"There is no account '{escape(name)}'.")
            found[account.id] = account
        if len(found) > MOST_RECEIVERS:
            raise UserError(f"page reaches {MOST_RECEIVERS} at most; a channel reaches more.")
        return list(found.values())

    def _named(self, name: str) -> Account | None:
        """An account by its name, or by that of the character that it plays."""
        account: Any = self.game.accounts.find(name)
        if account is None:
            folded = name.casefold()
            playing = (session for session in self.game.sessions.get_sessions() if session.puppet)
            named = (each.account for each in playing if each.puppet.key.casefold() == folded)
            account = next(named, None)
        return account if isinstance(account, Account) else None

    def _page(self, receivers: list[Account], text: str) -> None:
        words = inert(text)
        if not receivers or not words:
            self.msg("Usage: page <account>[, <account> ...] = <words>")
            return
        reached = [each for each in receivers if self._reaches(each)]
        if not reached:
            return
        self._deliver(reached, words)
        self.caller.attributes.add(LAST_PAGED, [each.id for each in reached])

    def _reaches(self, account: Account) -> bool:
        """Whether somebody can be paged; the caller is told why not."""
        if not account.access(self.caller, "msg", default=True):
            self.msg(f"You are not allowed to page {account.key}.")
        elif not account.is_connected:
            self.msg(f"{account.key} is not connected.")
        else:
            return True
        return False

    def _deliver(self, reached: list[Account], words: str) -> None:
        caller, names = self.caller, [each.key for each in reached]
        said = f"{caller.key}{_action(words[1:])}" if words[0] == ":" else f'"{words}"'
        mine = f"You page {listed(names)}: {said}"
        self.msg((mine, {"type": "page"}))
        _keep(caller, mine)
        for each in reached:
            others = [name for name in names if name != each.key]
            theirs = f"{caller.key} pages {listed(['you', *others])}: {said}"
            each.msg((theirs, {"type": "page"}), from_obj=caller)
            if each is not caller:
                _keep(each, theirs)


def _action(text: str) -> str:
    return text if text[:1] in ("'", ",") else f" {text.lstrip()}"


def _keep(account: Account, page: str) -> None:
    pages = list(account.attributes.get(PAGES) or [])
    account.attributes.add(PAGES, [*pages, page][-PAGES_KEPT:])
