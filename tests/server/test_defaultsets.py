"""Command sets that everybody has: which they are, and what becomes of a setting that is wrong."""

from __future__ import annotations

import pytest

from everdoor.errors import SettingsError
from everdoor_server.defaultsets import DEFAULT_SETS, DefaultSets
from everdoor_server.testing import World


def test_default_sets_are_there() -> None:
    assert DefaultSets(DEFAULT_SETS).of_characters.key


def test_set_that_there_is_not_is_told_with_its_setting() -> None:
    paths = {**DEFAULT_SETS, "cmdset_account": "game.nowhere.AccountCmdSet"}
    with pytest.raises(SettingsError, match=r"cmdset_account: .*game\.nowhere"):
        DefaultSets(paths)


def test_login_changes_the_sets_of_a_session() -> None:
    world = World()
    world.auth.add("Ada", "a good password")
    client = world.connect()
    before = client.session.cmdset
    client.type('connect Ada "a good password"')
    assert client.session.cmdset is not before
    assert client.session.puppet is not None and client.session.puppet.cmdset.sets
