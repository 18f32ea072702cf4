"""Who can type which commands; the sets that are not here are the shipped ones."""

from everdoor_server import default_cmds

from game.commands import CmdHum
from game.fight import CmdAttack
from game.keeper import CmdAsk


class CharacterCmdSet(default_cmds.CharacterCmdSet):
    """What a character can do."""

    def at_cmdset_creation(self) -> None:
        super().at_cmdset_creation()
        self.add([CmdHum, CmdAsk, CmdAttack])
