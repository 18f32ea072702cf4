"""The checker finds each kind of violation in made-up records, and nothing in sound ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from players.checker import Findings, check
from players.lines import NOTICES
from players.records import Entry, Kind, Record, read, write

ROOM = "Hall"

ADA = """
began brass key of Ada
sent think Ada-000001
got You think, "Ada-000001"
sent say Ada-000002
got You say, "Ada-000002"
sent drop brass key of Ada
got You drop a brass key of Ada.
got Bob says, "Bob-000001"
sent say Ada-000003
got You say, "Ada-000003"
"""

BOB = """
began brass key of Bob
got Ada says, "Ada-000002"
got Ada drops a brass key of Ada.
sent say Bob-000001
got You say, "Bob-000001"
got Ada says, "Ada-000003"
"""

CYD = """
began
got Ada says, "Ada-000002"
got Ada drops a brass key of Ada.
got Bob says, "Bob-000001"
got Ada says, "Ada-000003"
"""

PLACES = {
    "Ada": ROOM,
    "Bob": ROOM,
    "Cyd": ROOM,
    "brass key of Ada": ROOM,
    "brass key of Bob": "Bob",
}


def _record(player: str, text: str) -> Record:
    entries = [Entry(0.0, Kind.OPENED)]
    for at, line in enumerate(text.strip().splitlines()):
        kind, _, rest = line.partition(" ")
        entries.append(Entry(float(at), Kind(kind), rest))
    return Record(player, entries)


def _findings(ada: str = ADA, bob: str = BOB, cyd: str = CYD, cut: str = "") -> dict[str, int]:
    records = [_record("Ada", ada), _record("Bob", bob), _record("Cyd", cyd)]
    return dict(check(records, expected_cut=cut.split()).counts)


def _without(text: str, line: str) -> str:
    assert f"{line}\n" in text, "the line to leave out must be there"
    return text.replace(f"{line}\n", "", 1)


def _with(text: str, line: str, before: str) -> str:
    assert f"{before}\n" in text, "the line to put another before must be there"
    return text.replace(f"{before}\n", f"{line}\n{before}\n", 1)


def _twice(text: str, line: str) -> str:
    return _with(text, line, before=line)


def _swapped(text: str, first: str, second: str) -> str:
    return text.replace(first, "*").replace(second, first).replace("*", second)


def test_check_finds_nothing_in_sound_records() -> None:
    assert _findings() == {}


def test_check_looks_only_at_what_came_after_the_beginning() -> None:
    early = 'got Eve says, "Eve-000009"\n'
    assert _findings(ada=early + ADA.lstrip()) == {}


def test_check_looks_only_at_what_came_before_the_end_save_for_the_connection() -> None:
    assert _findings(ada=ADA + "ended\nsent look\ngot The Hall\n") == {}
    assert _findings(ada=ADA + "ended\nclosed\n") == {"connections dropped": 1}


def test_check_passes_over_notices_of_a_restart() -> None:
    assert _findings(cyd=CYD + "".join(f"got {notice}\n" for notice in NOTICES)) == {}


@pytest.mark.parametrize(
    "line",
    [
        'got You think, "Ada-000001"',
        "got You drop a brass key of Ada.",
        'got You say, "Ada-000003"',
    ],
)
def test_check_finds_an_answer_that_is_missing(line: str) -> None:
    assert _findings(ada=_without(ADA, line))["answers lost"] == 1


@pytest.mark.parametrize(
    "line",
    [
        'got You think, "Ada-000001"',
        'got You say, "Ada-000002"',
        "got You drop a brass key of Ada.",
    ],
)
def test_check_finds_an_answer_that_came_twice(line: str) -> None:
    assert _findings(ada=_twice(ADA, line))["answers doubled"] == 1


def _with_places(ada: str, **moved: str) -> dict[str, int]:
    records = [_record("Ada", ada), _record("Bob", BOB), _record("Cyd", CYD)]
    return dict(check(records, places={**PLACES, **moved}, room=ROOM).counts)


def test_check_finds_output_whose_effect_is_missing() -> None:
    assert _with_places(ADA, **{"brass key of Ada": "Ada"}) == {"things misplaced": 1}


def test_check_finds_an_effect_that_others_saw_and_whose_output_is_missing() -> None:
    found = _with_places(_without(ADA, "got You drop a brass key of Ada."))
    assert found["effects unanswered"] == 1


def test_check_finds_an_effect_in_the_database_whose_output_is_missing() -> None:
    ada = ADA + "sent get brass key of Ada\n"
    assert _with_places(ada) == {"answers lost": 1}
    found = _with_places(ada, **{"brass key of Ada": "Ada"})
    assert found == {"answers lost": 1, "effects unanswered": 1}


def test_check_finds_an_answer_to_what_was_never_typed() -> None:
    line = 'got You think, "Ada-000007"'
    assert _findings(ada=ADA + line + "\n") == {"answers doubled": 1}


def test_check_finds_answers_in_another_order_than_typed() -> None:
    ada = _swapped(ADA, 'got You think, "Ada-000001"', 'got You say, "Ada-000002"')
    assert _findings(ada=ada) == {"answers out of order": 1}


@pytest.mark.parametrize("line", ['got Ada says, "Ada-000002"', 'got Bob says, "Bob-000001"'])
def test_check_finds_a_say_that_one_hearer_missed(line: str) -> None:
    assert _findings(cyd=_without(CYD, line))["heard lost"] >= 1


def test_check_finds_a_move_that_one_hearer_missed() -> None:
    found = _findings(cyd=_without(CYD, "got Ada drops a brass key of Ada."))
    assert found["heard lost"] == 1


def test_check_finds_the_last_say_missing() -> None:
    assert _findings(cyd=_without(CYD, 'got Ada says, "Ada-000003"')) == {"heard lost": 1}


@pytest.mark.parametrize(
    "line", ['got Ada says, "Ada-000002"', "got Ada drops a brass key of Ada."]
)
def test_check_finds_what_one_hearer_heard_twice(line: str) -> None:
    assert _findings(cyd=_twice(CYD, line))["heard doubled"] == 1


def test_check_finds_a_speaker_heard_in_another_order_than_typed() -> None:
    cyd = _swapped(CYD, 'got Ada says, "Ada-000002"', 'got Ada says, "Ada-000003"')
    assert _findings(cyd=cyd)["heard out of order"] >= 1


def test_check_finds_two_hearers_who_saw_two_speakers_in_different_orders() -> None:
    cyd = _swapped(CYD, 'got Bob says, "Bob-000001"', 'got Ada says, "Ada-000003"')
    assert _findings(cyd=cyd) == {"seen in different orders": 1}


@pytest.mark.parametrize(
    "line",
    [
        'got You think, "Ada-000001"',
        'got Bob says, "Ada-000002"',
        'got You say, "Ada-000003"',
        "got something with Ada-000001 in it",
    ],
)
def test_check_finds_words_on_a_screen_where_they_do_not_belong(line: str) -> None:
    assert _findings(cyd=CYD + line + "\n")["misrouted"] == 1


def test_check_finds_a_line_that_nothing_explains() -> None:
    line = "got You were interrupted; what you did last was not finished."
    assert _findings(bob=BOB + line + "\n") == {"unexplained lines": 1}


def test_check_finds_somebody_heard_who_is_not_there() -> None:
    assert _findings(bob=BOB + 'got Eve says, "Eve-000001"\n')["unexplained lines"] == 1


def test_check_finds_a_connection_that_ended() -> None:
    assert _findings(bob=BOB + "closed\n") == {"connections dropped": 1}


def test_check_lets_a_connection_end_that_was_meant_to() -> None:
    assert _findings(bob=BOB + "closed\n", cut="Bob") == {}


def test_check_finds_somebody_seen_leaving_who_was_not_cut_or_twice() -> None:
    line = "got Bob has left the game.\n"
    assert _findings(cyd=CYD + line) == {"unexplained lines": 1}
    cut = BOB + "closed\n"
    assert _findings(bob=cut, cyd=CYD + line, cut="Bob") == {}
    assert _findings(bob=cut, cyd=CYD + 2 * line, cut="Bob") == {"unexplained lines": 1}


def test_check_finds_somebody_seen_coming_who_was_not_to_or_twice() -> None:
    line = "got Bob has entered the game.\n"
    assert _findings(cyd=CYD + line) == {"unexplained lines": 1}
    assert _findings(cyd=CYD + line, cut="Bob") == {}
    assert _findings(cyd=CYD + 2 * line, cut="Bob") == {"unexplained lines": 1}


def test_check_wants_of_a_cut_screen_what_came_up_to_its_end_only() -> None:
    cyd = _without(CYD, 'got Ada says, "Ada-000003"')
    assert _findings(cyd=cyd + "closed\n", cut="Cyd") == {}


def test_check_finds_a_gap_on_a_cut_screen() -> None:
    cyd = _without(CYD, 'got Ada says, "Ada-000002"')
    assert _findings(cyd=cyd + "closed\n", cut="Cyd")["heard lost"] >= 1


def test_check_wants_a_cut_speakers_last_words_from_all_or_nobody() -> None:
    said = "sent say Bob-000002\n"
    heard = 'got Bob says, "Bob-000002"\n'
    assert _findings(bob=BOB + said + "closed\n", cut="Bob") == {}
    both = _findings(bob=BOB + said + "closed\n", ada=ADA + heard, cyd=CYD + heard, cut="Bob")
    assert both == {}
    one = _findings(bob=BOB + said + "closed\n", ada=ADA + heard, cut="Bob")
    assert one == {"heard lost": 1}


def _places(ada: str, places: dict[str, str]) -> dict[str, int]:
    records = [_record("Ada", ada), _record("Bob", BOB), _record("Cyd", CYD)]
    return dict(check(records, places=places, room=ROOM).counts)


def test_check_finds_nothing_where_all_is_in_its_place() -> None:
    assert _places(ADA, PLACES) == {}


def test_check_finds_a_thing_whose_last_move_was_undone() -> None:
    assert _places(ADA, PLACES | {"brass key of Ada": "Ada"}) == {"things misplaced": 1}


def test_check_finds_a_thing_that_is_gone() -> None:
    places = {key: place for key, place in PLACES.items() if key != "brass key of Bob"}
    assert _places(ADA, places) == {"things misplaced": 1}


def test_check_finds_a_player_who_is_elsewhere() -> None:
    assert _places(ADA, PLACES | {"Cyd": "Attic"}) == {"players misplaced": 1}


@pytest.mark.parametrize("place", ["Ada", ROOM])
def test_check_allows_both_for_a_move_that_was_never_answered(place: str) -> None:
    ada = ADA + "sent get brass key of Ada\nclosed\n"
    found = _places(ada, PLACES | {"brass key of Ada": place})
    assert found == {"connections dropped": 1}


def test_findings_fail_with_the_table_when_there_are_any() -> None:
    found = Findings()
    found.assert_none()
    found.add("misrouted", "Cyd sees what Ada thinks")
    with pytest.raises(AssertionError, match="misrouted +1\n +Cyd sees what Ada thinks"):
        found.assert_none()


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    record = Record("Åsa", [Entry(1.5, Kind.OPENED), Entry(2.0, Kind.GOT, 'Bob says, "ü\u2028"')])
    write(tmp_path, record)
    assert read(tmp_path) == [record]
