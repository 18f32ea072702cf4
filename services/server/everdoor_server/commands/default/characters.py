"""Commands that make and delete an account's characters."""

from __future__ import annotations

from everdoor.markup.tags import escape
from everdoor_server.commands.default.muxcommand import MuxAccountCommand
from everdoor_server.commands.playertext import inert

PLAYERS = "cmd:pperm(Player)"


class CmdCharCreate(MuxAccountCommand):
    """
    create a new character

    Usage:
      charcreate <name> [= description]

    Upper and lower case are the same in names. How many characters you may
    have is up to the game.
    """

    key = "charcreate"
    locks = PLAYERS

    def func(self) -> None:
        if not self.lhs:
            self.msg("Usage: charcreate <charname> [= description]")
            return
        described = {"desc": inert(self.rhs)} if self.rhs else {}
        character = self.account.create_character(self.lhs, attributes=described)
        self.msg(
            f"Created new character {character.key}. Use |wic {character.key}|n to enter the game "
            "as this character."
        )


class CmdCharDelete(MuxAccountCommand):
    """
    delete a character - this cannot be undone!

    Usage:
      chardelete <name>

    Deletes one of your characters for good. You are asked before.
    """

    key = "chardelete"
    locks = PLAYERS

    async def func(self) -> None:
        if not self.args:
            self.msg("Usage: chardelete <charname>")
            return
        folded = self.args.casefold()
        found = [own for own in self.account.characters if own.key.casefold() == folded]
        if not found:
            self.msg("You have no such character to delete.")
            return
        character = found[0]
        if not character.access(self.account, "delete"):
            self.msg("You do not have permission to delete this character.")
            return
        answer = await self.ask(
            f"|rThis will permanently destroy '{escape(character.key)}'. This cannot be undone.|n "
            "Continue yes/[no]? "
        )
        name = escape(character.key)
        if answer.strip().lower() == "yes" and self.account.delete_character(character):
            self.msg(f"Character '{name}' was permanently deleted.")
        else:
            self.msg("Deletion was aborted.")
