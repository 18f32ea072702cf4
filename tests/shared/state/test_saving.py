"""An archive is of the moment it began, however much later its bytes are made."""

from __future__ import annotations

import io

import pytest

from archives import Harbour, fleet_session, harbour_session, names, restored, ship
from everdoor.errors import UserError
from everdoor.state import BEGIN_SAVE_SESSION, END_SAVE_SESSION, AppSession
from everdoor.state.archivefile import read_items
from everdoor.state.saving import STEP_RECORDS, Saving


def made(saving: Saving) -> bytes:
    for _ in saving.steps():
        pass
    return saving.content()


def test_archive_made_in_steps_is_of_the_moment_it_began() -> None:
    session = fleet_session()
    before = names(session)
    saving = session.begin_saving()
    session.harbour.ships[0].name = "renamed"
    session.harbour.ships.clear()
    session.metadata["description"] = "another"
    other = restored(harbour_session(), made(saving))
    assert names(other) == before
    assert other.metadata["description"] == "the fleet"


def test_archive_made_in_steps_is_the_one_that_is_saved() -> None:
    session = fleet_session()
    stream = io.BytesIO()
    session.save(stream, 3)
    both = [
        list(read_items(io.BytesIO(each))) for each in (stream.getvalue(), made(Saving(session)))
    ]
    assert both[0][2:] == both[1][2:]


def test_others_may_work_after_every_few_records() -> None:
    session = harbour_session()
    session.harbour.ships = [ship(f"ship {n}") for n in range(3 * STEP_RECORDS)]
    assert len(list(session.begin_saving().steps())) == 3


def test_taking_is_between_the_triggers_and_keeps_the_metadata() -> None:
    session = fleet_session()
    told: list[str] = []
    for trigger in (BEGIN_SAVE_SESSION, END_SAVE_SESSION):
        session.triggers.add_handler(trigger, lambda name, data: told.append(name))
    before = dict(session.metadata)
    saving = session.begin_saving()
    assert told == [BEGIN_SAVE_SESSION, END_SAVE_SESSION]
    made(saving)
    assert session.metadata == before


class Crooked(Harbour):
    """Says of itself what no archive holds."""

    def take_snapshot(self, session: AppSession, flags: object) -> dict[str, object]:
        nested: list[object] = []
        nested.append(nested)
        return {"version": 1, "nested": nested}


def test_what_holds_itself_is_refused_while_the_archive_is_made() -> None:
    session = AppSession("crooked", silent=True)
    session.add_state_manager("crooked", Crooked())
    saving = session.begin_saving()
    with pytest.raises(UserError, match="containers deep"):
        made(saving)
