"""Accounts after they are made: passwords, names, sessions, their end, and who looks at them."""

from __future__ import annotations

import pytest

from auth_lives import PASSWORD, Auth, call_key
from everdoor.messages.accounts import (
    AccountChanges,
    AccountFound,
    Accounts,
    AccountShown,
    AddBan,
    Authenticate,
    ChangePassword,
    CreateAccount,
    DeleteAccount,
    FindAccount,
    ListAccounts,
    ListChanges,
    LogoutAccount,
    RenameAccount,
    SetPassword,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Call, Failed
from everdoor_auth import accountrecords

HOME, AWAY = "192.0.2.1", "203.0.113.9"
NEW = "short copper whistle"


def code(answer: Answer) -> str:
    return answer.code if isinstance(answer, Failed) else type(answer).__name__


def login(auth: Auth, password: str, name: str = "Bob", address: str = AWAY) -> str:
    return code(auth.ask(Authenticate(name, password, address)))


def changes(auth: Auth, after: int = 0) -> list[tuple[int, int, str, str]]:
    answer = auth.ask(ListChanges(after))
    assert isinstance(answer, AccountChanges)
    return [(each.number, each.uid, each.kind, each.name) for each in answer.changes]


# Passwords.


def test_password_is_changed_by_who_knows_the_old_one(auth: Auth) -> None:
    bob = auth.create("Bob")
    assert auth.ask(ChangePassword(bob.uid, PASSWORD, NEW, HOME)) == Done()
    assert login(auth, NEW) == "AccountFound"
    assert login(auth, PASSWORD) == "wrong_password"


def test_wrong_old_password_counts_as_a_failed_login(auth: Auth) -> None:
    bob = auth.create("Bob")
    wrong = ChangePassword(bob.uid, "not this one", NEW, HOME)
    assert code(auth.ask(wrong)) == "wrong_password"
    early = auth.ask(ChangePassword(bob.uid, PASSWORD, NEW, HOME))
    assert code(early) == "throttled"
    assert "1 second" in early.text and early.retry_after_s == 1.0
    assert login(auth, PASSWORD, address=HOME) == "throttled"
    auth.pass_time(1)
    assert auth.ask(ChangePassword(bob.uid, PASSWORD, NEW, HOME)) == Done()


def test_password_is_set_without_the_old_one(auth: Auth) -> None:
    bob = auth.create("Bob")
    assert auth.ask(SetPassword(bob.uid, NEW), role="cli") == Done()
    assert login(auth, NEW) == "AccountFound"


@pytest.mark.parametrize("password", ["short", "bob12345", "password"])
def test_new_password_must_be_as_good_as_that_of_a_new_account(auth: Auth, password: str) -> None:
    bob = auth.create("Bob")
    refused = [
        auth.ask(ChangePassword(bob.uid, PASSWORD, password, HOME)),
        auth.ask(SetPassword(bob.uid, password)),
    ]
    assert [code(each) for each in refused] == ["bad_password"] * 2
    assert login(auth, PASSWORD) == "AccountFound"


def test_password_is_changed_once_however_often_it_is_asked(auth: Auth) -> None:
    bob = auth.create("Bob")
    call = ChangePassword(bob.uid, PASSWORD, NEW, HOME)
    assert auth.ask(call, key=call_key(3)) == Done()
    auth.reopen()
    assert auth.ask(call, key=call_key(3)) == Done()
    assert len(changes(auth)) == 1


def test_no_password_is_stored_or_published(auth: Auth) -> None:
    bob = auth.create("Bob")
    auth.ask(ChangePassword(bob.uid, PASSWORD, NEW, HOME), key=call_key(3))
    auth.ask(SetPassword(bob.uid, PASSWORD), key=call_key(4))
    assert NEW not in str(auth.news.published)
    assert PASSWORD not in str(auth.news.published)


# Names.


def test_account_is_renamed_and_its_old_name_is_free(auth: Auth) -> None:
    bob = auth.create("Bob")
    renamed = auth.ask(RenameAccount(bob.uid, "  Robert "), role="cli")
    assert renamed == AccountFound(bob.uid, "Robert", False, 0)
    assert login(auth, PASSWORD, "robert") == "AccountFound"
    assert auth.create("Bob").uid != bob.uid


def test_account_may_spell_its_name_anew(auth: Auth) -> None:
    bob = auth.create("Bob")
    renamed = auth.ask(RenameAccount(bob.uid, "BOB"))
    assert isinstance(renamed, AccountFound) and renamed.name == "BOB"


def test_account_does_not_get_the_name_of_another_or_one_that_nobody_may_have(auth: Auth) -> None:
    bob, _ = auth.create("Bob"), auth.create("Carl")
    assert code(auth.ask(RenameAccount(bob.uid, "CARL"))) == "name_taken"
    assert code(auth.ask(RenameAccount(bob.uid, "x"))) == "bad_name"
    assert login(auth, PASSWORD) == "AccountFound"


# Changes, and what is published.


def test_every_change_is_written_down_and_published(auth: Auth) -> None:
    bob = auth.create("Bob")
    for call in (
        SetPassword(bob.uid, NEW),
        RenameAccount(bob.uid, "Robert"),
        LogoutAccount(bob.uid),
        DeleteAccount(bob.uid),
    ):
        auth.ask(call)
    kinds = ["password_changed", "renamed", "logged_out", "deleted"]
    names = ["Bob", "Robert", "Robert", "Robert"]
    numbered = enumerate(zip(kinds, names, strict=True), start=1)
    assert changes(auth) == [(number, bob.uid, *each) for number, each in numbered]
    assert changes(auth, after=3) == [(4, bob.uid, "deleted", "Robert")]
    assert auth.news.topics()[1:] == [f"account.{bob.uid}.{kind}" for kind in kinds]
    assert auth.news.published[-1][1] == {"account": "Robert"}


def test_login_says_which_changes_it_comes_after(auth: Auth) -> None:
    bob = auth.create("Bob")
    auth.ask(LogoutAccount(bob.uid))
    found = auth.ask(Authenticate("Bob", PASSWORD, HOME))
    assert found == AccountFound(bob.uid, "Bob", False, 1)


def test_what_was_refused_is_no_change(auth: Auth) -> None:
    bob = auth.create("Bob")
    auth.ask(ChangePassword(bob.uid, "not this one", NEW, HOME))
    auth.ask(RenameAccount(bob.uid, "x"))
    auth.ask(DeleteAccount(99))
    assert changes(auth) == []


def test_changes_are_dropped_after_a_day_and_their_numbers_not_used_again(auth: Auth) -> None:
    bob = auth.create("Bob")
    auth.ask(LogoutAccount(bob.uid))
    auth.pass_time(86401)
    auth.ask(LogoutAccount(bob.uid))
    auth.reopen()
    assert [number for number, *_ in changes(auth)] == [2]


def test_deletions_are_kept_for_ninety_days(auth: Auth) -> None:
    auth.ask(DeleteAccount(auth.create("Bob").uid))
    auth.pass_time(89 * 86400)
    auth.reopen()
    assert [kind for _, _, kind, *_ in changes(auth)] == ["deleted"]
    auth.pass_time(2 * 86400)
    auth.reopen()
    assert changes(auth) == []


def test_changes_come_in_pages_with_what_they_account_for(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accountrecords, "PAGE", 2)
    bob = auth.create("Bob")
    for _ in range(3):
        auth.ask(LogoutAccount(bob.uid))
    page = auth.ask(ListChanges())
    assert isinstance(page, AccountChanges)
    assert [each.number for each in page.changes] == [1, 2]
    assert (page.more, page.publisher, page.seq) == (True, "auth.1", 4)


# The end.


def test_account_that_is_deleted_cannot_log_in_and_is_unknown(auth: Auth) -> None:
    bob = auth.create("Bob")
    auth.ask(Authenticate("Bob", PASSWORD, HOME))
    assert auth.ask(DeleteAccount(bob.uid), role="cli") == Done()
    assert login(auth, PASSWORD) == "wrong_password"
    assert code(auth.ask(FindAccount("Bob"), role="cli")) == "no_account"


@pytest.mark.parametrize(
    "call",
    [
        ChangePassword(99, PASSWORD, NEW, HOME),
        SetPassword(99, NEW),
        RenameAccount(99, "Carl"),
        LogoutAccount(99),
        FindAccount("Nobody"),
    ],
    ids=lambda call: type(call).__name__,
)
def test_account_that_is_not_there_is_said_to_be_missing(auth: Auth, call: Call) -> None:
    assert code(auth.ask(call)) == "no_account"


# Looking.


def test_account_is_shown_with_its_addresses_and_bans(auth: Auth) -> None:
    bob = auth.create("Bob")
    auth.ask(Authenticate("Bob", PASSWORD, HOME))
    auth.pass_time(10)
    auth.ask(Authenticate("Bob", PASSWORD, "2001:db8::7"))
    auth.ask(AddBan("bob"), role="cli")
    shown = auth.ask(FindAccount("BOB"), role="cli")
    assert isinstance(shown, AccountShown)
    assert shown.addresses == ["2001:db8::/64", HOME]
    assert (shown.account.uid, shown.account.last_login) == (bob.uid, auth.wall)
    assert [ban.target for ban in shown.bans] == ["bob"]


def test_accounts_are_listed_in_pages_by_their_ids(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accountrecords, "PAGE", 2)
    for name in ("Bob", "Carl", "Dora"):
        auth.create(name)
    first = auth.ask(ListAccounts(), role="cli")
    assert isinstance(first, Accounts) and first.more
    second = auth.ask(ListAccounts(first.accounts[-1].uid), role="cli")
    assert isinstance(second, Accounts) and not second.more
    assert [each.name for each in first.accounts + second.accounts] == ["Bob", "Carl", "Dora"]


# New accounts.


def test_registration_that_is_closed_lets_only_the_command_line_make_accounts(
    closed_auth: Auth,
) -> None:
    closed_auth.is_open = False
    closed_auth.open()
    refused = closed_auth.ask(CreateAccount("Bob", PASSWORD, HOME))
    assert code(refused) == "registration_closed"
    assert closed_auth.create("Bob").name == "Bob"
