"""A game for tests, edited between restarts: its edition can be asked for, its hooks are noted."""

from __future__ import annotations

from pathlib import Path

CMDSETS = """\
from everdoor_server.commands.command import Command
from everdoor_server.commands.default import cmdsets


class CmdEdition(Command):
    key = "edition"

    def func(self):
        self.msg("This is edition {edition}.")


class CharacterCmdSet(cmdsets.CharacterCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        self.add(CmdEdition)
"""

HOOKS = """\
from pathlib import Path


def noting(name):
    def hook(game):
        with Path({notes!r}).open("a") as notes:
            notes.write(f"{{name}} with {{len(game.sessions)}}\\n")

    return hook


for name in {names}:
    globals()[name] = noting(name)
"""

NAMES = [
    "at_server_init",
    *(f"at_server_{kind}_{when}" for kind in ("reload", "cold") for when in ("stop", "start")),
    "at_server_crash_start",
    "at_server_stop",
    "at_server_start",
]


class EditedGame:
    """A game's folder. `edit` gives it another edition; its hooks note themselves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a game"
        self.folder.mkdir()
        self._notes = folder / "hooks.txt"
        self.begin_again()

    def begin_again(self) -> None:
        """Make it edition 1, without mistakes."""
        self.write("hooks", HOOKS.format(notes=str(self._notes), names=tuple(NAMES)))
        self.edit(1)

    def edit(self, edition: int) -> None:
        """Have `edition` answer with this number."""
        self.write("cmdsets", CMDSETS.format(edition=edition))

    def write(self, module: str, text: str) -> None:
        (self.folder / f"{module}.py").write_text(text)

    def append(self, module: str, text: str) -> int:
        """Add a line to a module; returns the line's number."""
        path = self.folder / f"{module}.py"
        before = path.read_text()
        path.write_text(f"{before}{text}\n")
        return before.count("\n") + 1

    def take_notes(self) -> list[str]:
        """The hooks that have run since the last call, in order."""
        notes = self._notes.read_text().splitlines()
        self._notes.write_text("")
        return [note.partition(" with ")[0] for note in notes]

    def remove(self, module: str, text: str) -> None:
        """Take a line out that was appended."""
        path = self.folder / f"{module}.py"
        path.write_text(path.read_text().removesuffix(f"{text}\n"))
