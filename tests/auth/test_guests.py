"""Guests: made without a password, deleted, swept."""

from __future__ import annotations

from auth_lives import PASSWORD, Auth, call_key
from everdoor.messages.accounts import (
    AccountFound,
    AccountShown,
    Authenticate,
    CreateGuest,
    DeleteAccount,
    FindAccount,
    SetPassword,
    SweepGuests,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Failed

HOME = "192.0.2.1"
NAMES = CreateGuest(["Guest1", "Guest2"], HOME)


def code(answer: Answer) -> str:
    return answer.code if isinstance(answer, Failed) else type(answer).__name__


def names(auth: Auth) -> list[str]:
    """Which of the guests there are."""
    found = [auth.ask(FindAccount(name)) for name in NAMES.names]
    return [each.account.name for each in found if isinstance(each, AccountShown)]


def test_guest_gets_the_first_name_that_is_free(auth: Auth) -> None:
    first, second = auth.ask(NAMES), auth.ask(NAMES)
    assert isinstance(first, AccountFound) and isinstance(second, AccountFound)
    assert [first.name, second.name] == NAMES.names
    refused = auth.ask(NAMES)
    assert code(refused) == "name_taken" and "later" in refused.text


def test_guest_is_made_once_however_often_it_is_asked(auth: Auth) -> None:
    first = auth.ask(NAMES, key=call_key(2))
    auth.reopen()
    assert auth.ask(NAMES, key=call_key(2)) == first
    assert names(auth) == ["Guest1"]


def test_guest_cannot_log_in_by_any_password(auth: Auth) -> None:
    found = auth.ask(NAMES)
    assert isinstance(found, AccountFound)
    assert code(auth.ask(Authenticate("Guest1", PASSWORD, HOME))) == "wrong_password"
    assert code(auth.ask(SetPassword(found.uid, PASSWORD))) == "bad_password"


def test_guests_name_is_free_again_when_it_is_deleted(auth: Auth) -> None:
    found = auth.ask(NAMES)
    assert isinstance(found, AccountFound)
    assert auth.ask(DeleteAccount(found.uid)) == Done()
    assert auth.ask(DeleteAccount(found.uid)) == Done()
    again = auth.ask(NAMES)
    assert isinstance(again, AccountFound)
    assert again.name == "Guest1" and again.uid != found.uid


def test_sweep_deletes_guests_but_those_that_are_here_and_the_youngest(auth: Auth) -> None:
    auth.create("Bob")
    kept = auth.ask(NAMES)
    auth.ask(CreateGuest(["Guest3"], HOME))
    auth.pass_time(61)
    auth.ask(NAMES)
    assert isinstance(kept, AccountFound)
    assert auth.ask(SweepGuests([kept.uid])) == Done()
    assert names(auth) == ["Guest1", "Guest2"]
    assert code(auth.ask(FindAccount("Guest3"))) == "no_account"
    assert code(auth.ask(FindAccount("Bob"))) == "AccountShown"


def test_name_that_no_account_may_have_is_no_guests_either(auth: Auth) -> None:
    refused = auth.ask(CreateGuest(["x"], HOME))
    assert code(refused) == "bad_name" and "'x'" in refused.text
