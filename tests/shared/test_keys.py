"""Keys of a home: made once, readable by their owner only, and a list of who is let in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from everdoor.bus import new_key_pair
from everdoor.errors import StartupError, UserError
from everdoor.keys import Keys

PAIR = new_key_pair()
KEY, OTHER = "ab" * 32, "cd" * 32


def test_pair_is_kept_for_its_owner_only_and_shows_no_secret(tmp_path: Path) -> None:
    Keys(tmp_path).keep("server", PAIR, replace=False)
    assert Keys(tmp_path).own("server") == PAIR
    assert (tmp_path / "keys" / "server.json").stat().st_mode & 0o777 == 0o600
    assert PAIR.secret not in repr(PAIR)


def test_pair_is_replaced_only_when_that_is_said(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.keep("auth", PAIR, replace=False)
    with pytest.raises(UserError, match="has a auth key already|has an auth key already"):
        keys.keep("auth", new_key_pair(), replace=False)
    keys.keep("auth", other := new_key_pair(), replace=True)
    assert keys.own("auth") == other


def test_pair_that_is_missing_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="everdoor keys new portal"):
        Keys(tmp_path).own("portal")


def test_pair_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.keep("server", PAIR, replace=False)
    os.chmod(tmp_path / "keys" / "server.json", 0o644)
    with pytest.raises(StartupError, match="expected mode 600"):
        keys.own("server")


def test_damaged_file_is_told_and_not_guessed_at(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    keys.keep("server", PAIR, replace=False)
    (tmp_path / "keys" / "server.json").write_text("{")
    with pytest.raises(StartupError, match="is damaged"):
        keys.own("server")


def test_allowed_keys_are_seen_by_who_has_read_the_list_before(tmp_path: Path) -> None:
    here, elsewhere = Keys(tmp_path), Keys(tmp_path)
    assert here.allowed() == {}
    elsewhere.allow("portal", KEY, "snake", "here")
    assert here.allowed()[KEY].host == "snake"
    elsewhere.revoke(KEY[:8])
    assert here.allowed() == {}


def test_service_is_known_by_the_key_that_was_allowed_last(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    with pytest.raises(StartupError, match="everdoor keys allow server KEY"):
        keys.service("server")
    keys.allow("server", OTHER, "", "here")
    keys.allow("server", KEY, "", "here")
    assert keys.service("server") == KEY


@pytest.mark.parametrize("text", ["", "ab", "AB" * 32, "ab" * 33, "zz" * 32])
def test_key_that_is_none_is_not_allowed(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="64 hexadecimal digits"):
        Keys(tmp_path).allow("server", text, "", "here")


def test_host_that_could_be_taken_for_another_is_not_allowed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not be told from those of here"):
        Keys(tmp_path).allow("portal", KEY, "here.example", "here")


@pytest.mark.parametrize("text", ["ab", "ef" * 32])
def test_key_that_is_not_named_well_is_not_revoked(tmp_path: Path, text: str) -> None:
    keys = Keys(tmp_path)
    keys.allow("server", KEY, "", "here")
    with pytest.raises(UserError, match="no allowed key begins"):
        keys.revoke(text)
    assert KEY in keys.allowed()
