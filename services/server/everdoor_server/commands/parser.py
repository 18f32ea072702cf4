"""Which commands a line means, and which it may have meant.

A name index is built once for a set of commands and then asked for every line; it knows nothing
of who is asking, which is passed in as a function.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from math import sqrt
from typing import NamedTuple

from everdoor_server.commands.command import Command
from everdoor_server.commands.syscmdkeys import PREFIX

IGNORED_PREFIXES = "@&/+"
"""Marks that many worlds put before a command; one is left out when nothing matches with it."""

SUGGESTION_CUTOFF = 0.7
MAX_SUGGESTIONS = 3

_NUMBERED = re.compile(
    r"(?:(?P<first>[1-9]\d{0,3})-(?P<name>.+)|(?P<named>.+)-(?P<last>[1-9]\d{0,3}))\Z"
)


class Entry(NamedTuple):
    """A command among those that can be typed, and where its set came from."""

    command: Command
    origin: int


class Match(NamedTuple):
    """A command that a line means, the name as typed, and what follows it."""

    entry: Entry
    name: str
    args: str


Allowed = Callable[[Command], bool]


class NameIndex:
    """Commands by the names that can be typed."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        names: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            for name in entry.command.names:
                if not name.startswith(PREFIX):
                    names[name].append(entry)
        # Tuples, as there is an index for each place where somebody is.
        self._names = {name: tuple(found) for name, found in names.items()}
        self._lengths = _lengths_by_first_letter(self._names)
        self._similar: _Similar | None = None

    def match(self, line: str, allowed: Allowed) -> list[Match]:
        """Find the commands with the longest name that begins the line.

        `name-2` or `2-name` picks the second of several commands that share a name.

        Args:
            line: What was typed, without space before it.
            allowed: Whether the one who typed can use a command.
        """
        return (
            self._longest(line, allowed)
            or self._numbered(line, allowed)
            or (self._longest(line[1:], allowed) if line[:1] in IGNORED_PREFIXES else [])
        )

    def _longest(self, line: str, allowed: Allowed) -> list[Match]:
        lowered = line.lower()
        if len(lowered) != len(line):
            line = lowered
        for length in self._lengths.get(lowered[:1], ()):
            found = self._names.get(lowered[:length])
            if found is None or len(line) < length:
                continue
            name, args = line[:length], line[length:]
            matches = [
                Match(entry, name, args)
                for entry in found
                if (entry.command.fits is None or entry.command.fits(args))
                and allowed(entry.command)
            ]
            if matches:
                return matches
        return []

    def _numbered(self, line: str, allowed: Allowed) -> list[Match]:
        numbered = _NUMBERED.match(line)
        if numbered is None:
            return []
        number = int(numbered["first"] or numbered["last"])
        return self._longest(numbered["name"] or numbered["named"], allowed)[number - 1 : number]

    def suggest(self, line: str, allowed: Allowed) -> list[str]:
        """Return up to MAX_SUGGESTIONS names that the first word of a line resembles."""
        if self._similar is None:
            self._similar = _Similar(self._names)
        found: list[str] = []
        for name in self._similar.to(line.split(" ", 1)[0].lower()):
            if any(allowed(entry.command) for entry in self._names[name]):
                found.append(name)
                if len(found) == MAX_SUGGESTIONS:
                    break
        return found


def _lengths_by_first_letter(names: Iterable[str]) -> dict[str, tuple[int, ...]]:
    lengths: dict[str, set[int]] = defaultdict(set)
    for name in names:
        lengths[name[:1]].add(len(name))
    return {letter: tuple(sorted(found, reverse=True)) for letter, found in lengths.items()}


class _Similar:
    """Names by what they look like: pairs of letters choose, counts of letters rank."""

    MAX_LETTERS = 30
    """A longer word is no misspelt command."""

    MAX_KEPT = 64
    """Answers that are kept: players make the same mistakes, and walk where no way is."""

    def __init__(self, names: Iterable[str]) -> None:
        self._kept: dict[str, list[str]] = {}
        self._by_pair: dict[str, list[str]] = defaultdict(list)
        self._letters: dict[str, tuple[Counter[str], float]] = {}
        for name in names:
            for pair in _pairs(name):
                self._by_pair[pair].append(name)
            self._letters[name] = _counted(name)
        self._by_pair.default_factory = None

    def to(self, word: str) -> list[str]:
        """Return the names that are as similar as SUGGESTION_CUTOFF, the most similar first."""
        if len(word) > self.MAX_LETTERS:
            return []
        found = self._kept.get(word)
        if found is None:
            found = self._kept[word] = self._ranked(word)
            if len(self._kept) > self.MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return found

    def _ranked(self, word: str) -> list[str]:
        near = {name for pair in _pairs(word) for name in self._by_pair.get(pair, ())}
        letters, size = _counted(word)
        ranked = sorted(
            (-similarity, name)
            for name in near
            if abs(len(name) - len(word)) <= 2
            and (similarity := self._cosine(name, letters, size)) >= SUGGESTION_CUTOFF
        )
        return [name for _, name in ranked]

    def _cosine(self, name: str, letters: Counter[str], size: float) -> float:
        others, other_size = self._letters[name]
        return sum(n * others.get(letter, 0) for letter, n in letters.items()) / size / other_size


def _pairs(word: str) -> set[str]:
    """Pairs of neighbours, the first and the last letter with the edge of the word."""
    edged = f" {word} "
    return {edged[i : i + 2] for i in range(len(edged) - 1)}


def _counted(word: str) -> tuple[Counter[str], float]:
    letters = Counter(word)
    return letters, sqrt(sum(n * n for n in letters.values())) or 1.0
