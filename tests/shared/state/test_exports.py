"""What `everdoor.state` offers is what it lists."""

from __future__ import annotations

import everdoor.state


def test_exports_are_all_there_and_listed_once() -> None:
    names = everdoor.state.__all__
    assert all(hasattr(everdoor.state, name) for name in names)
    assert len(set(names)) == len(names)


def test_exports_hold_the_words_of_the_state_api() -> None:
    words = {"State", "StateManager", "AppSession", "RestoreError", "UserError", "Snapshot"}
    words |= {"Primitive", "SnapshotFlag", "TriggerSet", "DEREGISTER", "Models", "common_startup"}
    assert words <= set(everdoor.state.__all__)
