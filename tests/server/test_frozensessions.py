"""Sessions copied at one moment: as many as there are, exactly what they hold, or what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor.errors import UserError
from everdoor.state import ARCHIVE, AppSession
from everdoor_server.frozensessions import TOGETHER, FrozenSessions
from everdoor_server.session import ServerSession
from tinygame import key

APP = AppSession("test", silent=True, minimal=True)


class Seat(ServerSession):
    snapshot_fields = ("seat",)
    seat: Any = 7


def seats(count: int) -> list[Seat]:
    made = [Seat(key(number), None) for number in range(1, count + 1)]  # type: ignore[arg-type]
    for number, session in enumerate(made, start=1):
        session.sessid = number
    return made


def snapshots(sessions: list[Seat]) -> list[object]:
    frozen = FrozenSessions(sessions, Seat)
    return [copy.take_snapshot(APP, ARCHIVE) for _, copy in frozen.freeze()]


def test_all_are_copied_as_their_own_snapshots_are() -> None:
    sessions = seats(TOGETHER + 1)
    sessions[-1].seat = {"row": [1, 2.5, None, b"x"]}
    assert snapshots(sessions) == [each.take_snapshot(APP, ARCHIVE) for each in sessions]
    assert snapshots([]) == []


def test_copy_shares_nothing_with_its_session() -> None:
    [session] = sessions = seats(1)
    session.seat = ["front"]
    [(live, copy)] = FrozenSessions(sessions, Seat).freeze()
    session.seat.append("left")
    assert live is session
    assert copy.take_snapshot(APP, ARCHIVE)["seat"] == ["front"]  # type: ignore[index]


def test_what_cannot_be_copied_is_named_with_its_session() -> None:
    sessions = seats(3)
    sessions[1].seat = {"of": object()}
    with pytest.raises(UserError, match=r"cannot save Seat 2\['seat'\]\['of'\]: object"):
        FrozenSessions(sessions, Seat).freeze()


def test_what_is_no_primitive_is_found_when_the_copy_is_looked_at() -> None:
    sessions = seats(2)
    sessions[1].seat = {"of": (1, 2)}
    with pytest.raises(TypeError, match=r"Seat 2\['seat'\]\['of'\]: tuple"):
        snapshots(sessions)


def test_what_holds_itself_twice_is_refused_and_not_gone_through() -> None:
    [session] = sessions = seats(1)
    session.seat = nested = {}
    nested["a"] = nested["b"] = nested
    with pytest.raises(TypeError, match="containers deep"):
        snapshots(sessions)
