"""Checks afterwards, from what players recorded and the database holds, that nothing went wrong.

For each player: every line typed is answered once and in order. For each hearer: what others say
and do in the room is heard once, in the order in which they did it, and all hearers saw one order.
Nobody sees what is not meant for them. A thing is where its owner's last answered line put it
(else there was output without its effect); and nothing that others saw, or the database holds, was
done by a line that its player has no answer to (else there was an effect without its output).
No connection was closed by the other side, unless that was expected: such a player's screen must
then show everything up to some point, and nothing beyond it.

The checker knows neither processes nor clocks; it is given `Record`s and what the database says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from players.lines import NOTICES, Verb, Word, arrived, departed, is_misrouted, seen, typed
from players.records import Entry, Kind, Record

SHOWN_OF_EACH = 5
"""Examples kept of each kind of violation."""


class Deed(NamedTuple):
    """Something that a player did, told from all else that this player did.

    `number` is the line's own; a line without one has the number of the say before it, and
    `nth` counts such lines since then, from 1.
    """

    actor: str
    verb: Verb
    number: int
    nth: int = 0


@dataclass
class Findings:
    """Counts of violations by kind, with examples; and what was looked at."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    looked_at: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, example: str) -> None:
        self.counts[kind] += 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < SHOWN_OF_EACH:
            shown.append(example)

    def table(self) -> str:
        """Kinds and counts, one a line, with examples where there are any."""
        lines = [f"{name:<28}{count:>8}" for name, count in self.looked_at.items()]
        for kind in KINDS:
            lines.append(f"{kind:<28}{self.counts[kind]:>8}")
            lines += [f"    {example}" for example in self.examples.get(kind, [])]
        return "\n".join(lines)

    def assert_none(self) -> None:
        """Print the table and fail when anything was found."""
        print(self.table())
        assert not self.counts, self.table()


KINDS = (
    "answers lost",
    "answers doubled",
    "answers out of order",
    "heard lost",
    "heard doubled",
    "heard out of order",
    "seen in different orders",
    "misrouted",
    "unexplained lines",
    "connections dropped",
    "things misplaced",
    "players misplaced",
    "effects unanswered",
)


@dataclass
class Screen:
    """One record, read: what the player did and what was seen of whom, in order.

    `is_cut`: the connection ended by the other side.
    """

    player: str
    thing: str = ""
    did: list[Deed] = field(default_factory=list)
    answers: list[Deed] = field(default_factory=list)
    heard: dict[str, list[Deed]] = field(default_factory=dict)
    order: list[Deed] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    misrouted: list[str] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    departed: list[str] = field(default_factory=list)
    is_cut: bool = False


class _Namer:
    """Tells a line from every other of its player, also when it has no number of its own."""

    def __init__(self) -> None:
        self._say: dict[str, int] = {}
        self._since: Counter[tuple[str, Verb]] = Counter()

    def deed(self, word: Word) -> Deed:
        if word.verb is Verb.SAY:
            self._say[word.actor] = word.number
            for verb in (Verb.GET, Verb.DROP):
                self._since[word.actor, verb] = 0
        if word.number:
            return Deed(*word)
        self._since[word.actor, word.verb] += 1
        before = self._say.get(word.actor, 0)
        return Deed(word.actor, word.verb, before, self._since[word.actor, word.verb])


def screen(record: Record) -> Screen:
    """Read a record from where it began to be checked."""
    read = Screen(record.player)
    typist, viewer = _Namer(), _Namer()
    is_checked = False
    for entry in record.entries:
        if entry.kind is Kind.BEGAN:
            is_checked, read.thing = True, entry.text
        elif entry.kind is Kind.ENDED:
            is_checked = False
        elif entry.kind is Kind.CLOSED:
            read.is_cut = True
        elif is_checked and entry.kind is Kind.SENT:
            if word := typed(record.player, entry.text):
                read.did.append(typist.deed(word))
        elif is_checked and entry.kind is Kind.GOT:
            _look_at(read, entry, viewer)
    return read


def _look_at(read: Screen, entry: Entry, viewer: _Namer) -> None:
    line = entry.text.rstrip()
    if is_misrouted(read.player, line):
        read.misrouted.append(line)
        return
    word = seen(read.player, line)
    if word is None:
        if name := departed(line):
            read.departed.append(name)
        elif name := arrived(line):
            read.arrived.append(name)
        elif line and line not in NOTICES:
            read.strange.append(line)
        return
    deed = viewer.deed(word)
    if word.actor == read.player:
        read.answers.append(deed)
    else:
        read.heard.setdefault(word.actor, []).append(deed)
    if word.verb is not Verb.THINK:
        read.order.append(deed)


def check(
    records: Iterable[Record],
    expected_cut: Container[str] = (),
    places: Mapping[str, str] | None = None,
    room: str = "",
) -> Findings:
    """Check what players saw, and where the database says that they and their things are.

    A move that was typed and never answered may have been done or not. Who was cut off may be
    anywhere: whoever leaves the game is taken out of the room.

    Args:
        records: All who were in the room together from where their records began.
        expected_cut: Players whose connection the fault was meant to end, and guests who may
            come and go without a record.
        places: Key of the place by key of what is there: things and characters. None: unknown.
        room: Key of the room that all were in.
    """
    screens = [screen(record) for record in records]
    found = Findings()
    found.looked_at["players"] = len(screens)
    found.looked_at["lines typed"] = sum(len(one.did) for one in screens)
    found.looked_at["lines heard of others"] = sum(
        len(deeds) for one in screens for deeds in one.heard.values()
    )
    happened = {one.player: _happened(one, screens) for one in screens}
    for one in screens:
        _check_screen(one, happened, found)
        _check_departures(one, expected_cut, found)
        if places is not None:
            _check_places(one, places, room, found)
        if not one.is_cut:
            _check_effects(one, happened[one.player], places or {}, room, found)
    _check_orders([one for one in screens if not one.is_cut], found)
    return found


def _check_departures(one: Screen, expected: Container[str], found: Findings) -> None:
    if one.is_cut and one.player not in expected:
        found.add("connections dropped", one.player)
    for what, names in (("leave", one.departed), ("enter", one.arrived)):
        for name, count in Counter(names).items():
            if name not in expected or count > 1:
                found.add("unexplained lines", f"{one.player} sees {name} {what}, {count} times")


def _check_places(one: Screen, places: Mapping[str, str], room: str, found: Findings) -> None:
    if not one.is_cut and places.get(one.player) != room:
        found.add("players misplaced", f"{one.player} is in {places.get(one.player)}")
    possible = {one.player if verb is Verb.GET else room for verb in _last_moves(one)}
    if one.thing and places.get(one.thing) not in possible:
        where = places.get(one.thing)
        found.add("things misplaced", f"{one.thing} is in {where}, not in {sorted(possible)}")


def _check_effects(
    one: Screen, happened: list[Deed], places: Mapping[str, str], room: str, found: Findings
) -> None:
    """What was done and never answered: seen by others, or by where the thing is in the end."""
    answered = set(one.answers)
    done = [deed for deed in happened if deed not in answered]
    moves = [deed for deed in one.did if deed.verb in (Verb.GET, Verb.DROP)]
    if moves and moves[-1] not in (*answered, *done):
        before, last = (one.player if verb is Verb.GET else room for verb in _ends(moves))
        if places.get(one.thing) == last != before:
            done.append(moves[-1])
    for deed in done:
        found.add("effects unanswered", f"{one.player}: {_shown(deed)}")


def _ends(moves: list[Deed]) -> tuple[Verb, Verb]:
    """The last move but one, and the last; a thing is at hand at first."""
    return (moves[-2].verb if len(moves) > 1 else Verb.GET), moves[-1].verb


def _last_moves(one: Screen) -> set[Verb]:
    """The last move that was answered, and those that may have been done after it."""
    moves = [deed for deed in one.did if deed.verb in (Verb.GET, Verb.DROP)]
    answered = set(one.answers)
    last = max((at for at, deed in enumerate(moves) if deed in answered), default=-1)
    before = [moves[last].verb] if last >= 0 else [Verb.GET]
    return {*before, *(deed.verb for deed in moves[last + 1 :])}


def _happened(speaker: Screen, screens: list[Screen]) -> list[Deed]:
    """What a player did in the room: all that anyone has seen of it, in the order typed."""
    told = set(speaker.answers)
    for other in screens:
        told.update(other.heard.get(speaker.player, ()))
    return [deed for deed in speaker.did if deed in told and deed.verb is not Verb.THINK]


def _check_screen(one: Screen, happened: Mapping[str, list[Deed]], found: Findings) -> None:
    _compare("answers", one.player, one.did, one.answers, one.is_cut, found)
    for actor, deeds in happened.items():
        if actor != one.player:
            _compare("heard", one.player, deeds, one.heard.get(actor, []), one.is_cut, found)
    for actor in one.heard.keys() - happened.keys():
        found.add("unexplained lines", f"{one.player} hears {actor}, who is not here")
    for line in one.misrouted:
        found.add("misrouted", f"{one.player} sees {line!r}")
    for line in one.strange:
        found.add("unexplained lines", f"{one.player} sees {line!r}")


def _compare(
    what: str, who: str, expected: list[Deed], got: list[Deed], is_cut: bool, found: Findings
) -> None:
    """Compare what one screen shows of one player with what it must show."""
    place = {deed: at for at, deed in enumerate(expected)}
    times = Counter(got)
    last = max((place.get(deed, -1) for deed in got), default=-1)
    for deed in expected[: last + 1] if is_cut else expected:
        if not times[deed]:
            found.add(f"{what} lost", f"{who}: {_shown(deed)}")
    for deed, count in times.items():
        if count > 1 or deed not in place:
            found.add(f"{what} doubled", f"{who}: {_shown(deed)}, {count} times")
    at = [place[deed] for deed in dict.fromkeys(got) if deed in place]
    for earlier, later in zip(at, at[1:], strict=False):
        if later < earlier:
            found.add(f"{what} out of order", f"{who}: {_shown(expected[later])}")


def _check_orders(screens: list[Screen], found: Findings) -> None:
    """All who were there to the end saw all that was done in one order."""
    for one in screens[1:]:
        pairs = zip(screens[0].order, one.order, strict=False)
        different = next((pair for pair in pairs if pair[0] != pair[1]), None)
        if different is not None:
            first, second = map(_shown, different)
            names = f"{screens[0].player} and {one.player}"
            found.add("seen in different orders", f"{names}: {first} / {second}")


def _shown(deed: Deed) -> str:
    return f"{deed.actor} {deed.verb} {deed.number}" + (f".{deed.nth}" if deed.nth else "")
