from __future__ import annotations

from typing import Any

import pytest

from everdoor.errors import UserError
from everdoor_server.accounts import Account, Accounts
from stage import Stage


def test_account_is_made_with_a_character_of_its_name_at_its_first_login() -> None:
    stage = Stage()
    account = stage.accounts.vouched(7, "Anna", False)
    assert (account.id, account.key, account.permissions.all()) == (7, "Anna", ["Player"])
    assert [character.key for character in account.characters] == ["Anna"]
    assert account.characters[0].access(account, "puppet")


def test_account_without_automatic_character_has_none() -> None:
    stage = Stage(auto_create_character_with_account=False)
    assert stage.accounts.vouched(7, "Anna", False).characters == []


def test_account_is_the_same_after_a_restart() -> None:
    stage = Stage()
    account = stage.accounts.vouched(7, "Anna", True)
    account.db.colour = ["blue"]
    account.permissions.add("Builder")
    account.cmdset_paths = ("game.cmdsets.Chargen",)
    account.locks.add("boot:false()")
    stage.commit()
    stage.restart()
    found = stage.accounts.get(7)
    assert found is not None
    assert (found.key, found.is_superuser, found.db.colour) == ("Anna", True, ["blue"])
    assert found.permissions.all() == ["Player", "Builder"]
    assert [character.key for character in found.characters] == ["Anna"]
    assert found.last_puppet_id == found.character_ids[0]
    assert found.cmdset_paths == ("game.cmdsets.Chargen",)
    assert found.locks.get("boot") == "boot:false()"


def test_account_takes_its_name_and_rank_from_auth_at_every_login() -> None:
    stage = Stage()
    stage.accounts.vouched(7, "Anna", False)
    stage.changes.take()
    account = stage.accounts.vouched(7, "ANNA", True)
    assert (account.key, account.is_superuser) == ("ANNA", True)
    stage.changes.take()
    stage.accounts.vouched(7, "ANNA", True)
    assert not stage.changes


def test_account_is_found_by_name_whatever_its_case_committed_or_not() -> None:
    stage = Stage()
    account = stage.accounts.vouched(7, "Anna", False)
    assert stage.accounts.find("ANNA") is account
    stage.commit()
    stage.restart()
    found = stage.accounts.find("anna")
    assert found is not None and found.id == 7
    assert stage.accounts.find("nobody") is None
    assert stage.accounts.get(None) is None


def test_characters_are_limited_and_the_refusal_makes_none() -> None:
    stage = Stage(max_nr_characters=2)
    account = stage.accounts.vouched(7, "Anna", False)
    account.create_character("Beth")
    with pytest.raises(UserError, match="maximum of 2 characters"):
        account.create_character("Cleo")
    assert [character.key for character in account.characters] == ["Anna", "Beth"]
    assert stage.objects.find("Cleo") == []


@pytest.mark.parametrize(("superuser", "most"), [(True, 1), (False, 0)])
def test_characters_are_not_limited_for_superusers_or_by_zero(superuser: bool, most: int) -> None:
    account = Stage(max_nr_characters=most).accounts.vouched(7, "Anna", superuser)
    account.create_character("Beth")
    assert len(account.characters) == 2


def test_character_needs_a_name_of_its_own() -> None:
    stage = Stage(max_nr_characters=0)
    stage.npc("Beth")
    account = stage.accounts.vouched(7, "Anna", False)
    with pytest.raises(UserError, match="named 'BETH' already exists"):
        account.create_character("BETH")


def test_account_whose_name_a_character_has_begins_without_one() -> None:
    stage = Stage()
    stage.npc("Anna")
    account = stage.accounts.vouched(7, "Anna", False)
    assert (account.characters, account.last_puppet_id) == ([], None)


def test_character_that_was_deleted_makes_room_for_another() -> None:
    stage = Stage()
    account = stage.accounts.vouched(7, "Anna", False)
    account.characters[0].delete()
    account.create_character("Beth")
    assert [character.key for character in account.characters] == ["Beth"]


def test_character_of_another_may_not_be_puppeted() -> None:
    stage = Stage()
    anna = stage.accounts.vouched(1, "Anna", False)
    bert = stage.accounts.vouched(2, "Bert", False)
    assert not anna.characters[0].access(bert, "puppet")
    # The id of an account is not that of an object: account 3 is not object 3.
    stranger = stage.accounts.vouched(anna.characters[0].id, "Cleo", False)
    assert not anna.characters[0].access(stranger, "puppet")


def test_account_hears_in_all_of_its_sessions_or_those_that_are_named() -> None:
    stage = Stage(multisession_mode=2)
    one, other = stage.login(), stage.login()
    stage.sent.clear()
    account = stage.account(one)
    account.msg("Hello.")
    account.msg("You.", session=[other])
    receivers = [(to, args[0]) for to, _, args, _ in stage.sent]
    assert receivers == [([one.sessid, other.sessid], "Hello."), ([other.sessid], "You.")]


def test_account_can_refuse_to_hear() -> None:
    class Quiet(Account):
        def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool:
            return False

    stage = Stage()
    accounts = Accounts(stage.objects, stage.options, account_class=Quiet)
    stage.accounts, session = accounts, stage.connect()
    account = accounts.vouched(7, "Anna", False)
    account.sessions.add(session)
    account.msg("Hello.")
    assert stage.sent == []


def test_account_out_of_character_sees_what_it_can_play() -> None:
    stage = Stage(auto_puppet_on_login=False)
    session = stage.login()
    assert stage.heard(session)[-1].splitlines()[-2:] == [
        "Your characters, to play one use: ic <name>",
        "  Anna",
    ]
