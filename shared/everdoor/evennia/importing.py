"""What each service is handed to import a world of Evennia's, and where it reports.

A service names its importer in the entry-point group IMPORTERS. They are entered in the order of
their names (accounts before the world), so that all have refused before any has written, and then
write in that order, each in one transaction. Who has written before a crash recognises its own when
it is called again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from everdoor.evennia.database import EvenniaDatabase
from everdoor.settings import Settings

IMPORTERS = "everdoor.importers"
"""Entry-point group of functions `(Import) -> context manager of a function that writes`."""

EXAMPLES = 3
"""How many of a group are named."""

T = TypeVar("T")


class Report:
    """What was brought along, counted, and what could not be, in groups.

    Attributes:
        brought: Counts by what it is.
        left_out: By group, how often and the first few examples.
    """

    def __init__(self) -> None:
        self.brought: dict[str, int] = {}
        self.left_out: dict[str, tuple[int, list[str]]] = {}

    def bring(self, what: str, count: int = 1) -> None:
        """Count what is brought along."""
        self.brought[what] = self.brought.get(what, 0) + count

    def leave(self, group: str, example: str) -> None:
        """Note something that is left out, or does not stay as it was."""
        count, examples = self.left_out.get(group, (0, []))
        if len(examples) < EXAMPLES:
            examples = [*examples, example]
        self.left_out[group] = count + 1, examples


class Track(Protocol):
    """Passes items on, and shows how many of `total` are done."""

    def __call__(self, items: Iterable[T], total: int, doing: str) -> Iterable[T]: ...


def untracked(items: Iterable[T], total: int, doing: str) -> Iterable[T]:
    """Show nothing."""
    return items


@dataclass
class Import:
    """One import.

    Attributes:
        is_dry: Nothing is to be written.
        keeps_accounts: An account that exists under the same name is taken for the same one.
        typeclasses: Which class becomes which, by path.
        start: Id of the object where new characters begin.
        uids: Ids that auth has given, by Evennia's; of those accounts that came along.
        track: Shows people how far something has come.
    """

    source: EvenniaDatabase
    settings: Settings
    is_dry: bool = False
    keeps_accounts: bool = False
    typeclasses: dict[str, str] = field(default_factory=dict)
    start: int = 2
    report: Report = field(default_factory=Report)
    uids: dict[int, int] = field(default_factory=dict)
    track: Track = untracked
