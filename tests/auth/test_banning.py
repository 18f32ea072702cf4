"""Bans as auth keeps them and holds to them."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from auth_lives import PASSWORD, Auth, call_key
from everdoor.messages.accounts import (
    AccountFound,
    AddBan,
    Authenticate,
    Ban,
    BanAdded,
    Bans,
    CreateAccount,
    CreateGuest,
    ListBans,
    RemoveBan,
    RenameAccount,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Call, Failed

HOME, AWAY = "192.0.2.1", "203.0.113.9"


def code(answer: Answer) -> str:
    return answer.code if isinstance(answer, Failed) else type(answer).__name__


def ban(auth: Auth, target: str, reason: str = "", lasts_s: float = 0.0) -> Ban:
    answer = auth.ask(AddBan(target, reason, lasts_s, "Anna"), role="cli")
    assert isinstance(answer, BanAdded)
    return answer.ban


def bans(auth: Auth, after: int = 0) -> list[str]:
    answer = auth.ask(ListBans(after), role="portal")
    assert isinstance(answer, Bans)
    return [each.target for each in answer.bans]


FROM_HOME: list[Call] = [
    Authenticate("Bob", PASSWORD, HOME),
    Authenticate("nobody", PASSWORD, HOME),
    CreateAccount("Carl", PASSWORD, HOME),
    CreateGuest(["Guest1"], HOME),
]


@pytest.mark.parametrize("call", FROM_HOME, ids=lambda call: type(call).__name__)
@pytest.mark.parametrize("target", [HOME, "192.0.2.0/24", "192.0.2.*"])
def test_banned_address_is_refused_whatever_it_asks(auth: Auth, target: str, call: Call) -> None:
    auth.create("Bob")
    ban(auth, target, "Spam.", 3600)
    refused = auth.ask(call)
    assert code(refused) == "banned"
    assert "Spam." in refused.text and "1 hour" in refused.text


def test_ban_of_an_address_is_none_of_another_that_begins_alike(auth: Auth) -> None:
    auth.create("Bob")
    ban(auth, "1.2.3.4")
    assert code(auth.ask(Authenticate("Bob", PASSWORD, "1.2.3.40"))) == "AccountFound"


def test_banned_name_is_told_so_to_who_knows_the_password_only(auth: Auth) -> None:
    auth.create("Bob")
    ban(auth, "bob")
    assert code(auth.ask(Authenticate("Bob", "a wrong guess", HOME))) == "wrong_password"
    assert code(auth.ask(Authenticate("Bob", PASSWORD, AWAY))) == "banned"


def test_banned_name_can_be_given_to_nobody(auth: Auth) -> None:
    carl = auth.create("Carl")
    ban(auth, "Bob")
    assert code(auth.ask(CreateAccount("BOB", PASSWORD, HOME))) == "banned"
    assert code(auth.ask(RenameAccount(carl.uid, "bob"), role="cli")) == "banned"
    found = auth.ask(CreateGuest(["bob", "Guest2"], HOME))
    assert isinstance(found, AccountFound) and found.name == "Guest2"


def test_ban_follows_an_account_to_its_new_name(auth: Auth) -> None:
    bob = auth.create("Bob")
    assert ban(auth, "Bob").uid == bob.uid
    auth.ask(RenameAccount(bob.uid, "Robert"), role="cli")
    assert code(auth.ask(Authenticate("Robert", PASSWORD, HOME))) == "banned"


def test_ban_ends_when_it_is_over_and_is_forgotten(auth: Auth) -> None:
    auth.create("Bob")
    ban(auth, HOME, lasts_s=60)
    auth.pass_time(59)
    assert code(auth.ask(Authenticate("Bob", PASSWORD, HOME))) == "banned"
    auth.pass_time(1)
    assert code(auth.ask(Authenticate("Bob", PASSWORD, HOME))) == "AccountFound"
    auth.pass_time(60)
    auth.ask(Authenticate("Bob", PASSWORD, HOME))
    auth.wall -= 120
    auth.reopen()
    assert bans(auth) == []


def test_ban_holds_after_a_restart_until_it_is_lifted(auth: Auth) -> None:
    auth.create("Bob")
    found = ban(auth, HOME)
    auth.reopen()
    assert code(auth.ask(Authenticate("Bob", PASSWORD, HOME))) == "banned"
    assert auth.ask(RemoveBan(found.id), role="cli") == Done()
    assert code(auth.ask(Authenticate("Bob", PASSWORD, HOME))) == "AccountFound"
    assert code(auth.ask(RemoveBan(found.id), role="cli")) == "no_ban"


@pytest.mark.parametrize(("first", "second"), [("Bob", " BOB "), ("192.0.2.*", "192.0.2.0/24")])
def test_second_ban_of_a_target_takes_the_place_of_the_first(
    auth: Auth, first: str, second: str
) -> None:
    ban(auth, first, "Spam.")
    replaced = ban(auth, second, "More spam.")
    answer = auth.ask(ListBans(), role="cli")
    assert isinstance(answer, Bans) and answer.bans == [replaced]


def test_ban_is_made_once_however_often_it_is_asked(auth: Auth) -> None:
    call = AddBan(HOME, "Spam.")
    first = auth.ask(call, key=call_key(4))
    auth.reopen()
    assert auth.ask(call, key=call_key(4)) == first
    assert bans(auth) == [HOME]
    assert auth.ask(RemoveBan(1), key=call_key(5)) == auth.ask(RemoveBan(1), key=call_key(5))


def test_ban_of_nothing_is_refused_with_what_was_expected(auth: Auth) -> None:
    refused = auth.ask(AddBan("300.1.1.1"), role="cli")
    assert code(refused) == "bad_target" and "expected" in refused.text


def test_bans_are_listed_by_their_ids_with_what_they_account_for(auth: Auth) -> None:
    for target in ("Bob", "::1", "10.0.0.0/8"):
        ban(auth, target)
    assert bans(auth) == ["Bob", "::1", "10.0.0.0/8"]
    answer = auth.ask(ListBans(1), role="portal")
    assert isinstance(answer, Bans)
    assert [each.id for each in answer.bans] == [2, 3]
    assert (answer.publisher, answer.seq, answer.more) == ("auth.1", 3, False)


def test_who_listens_is_told_of_bans(auth: Auth) -> None:
    bob = auth.create("Bob")
    found = ban(auth, "Bob")
    auth.ask(RemoveBan(found.id), role="cli")
    told = auth.news.topics()[1:]
    assert told == ["ban.added", f"account.{bob.uid}.banned", "ban.removed"]


def test_ban_is_logged_with_who_made_it(auth: Auth) -> None:
    with capture_logs() as logs:
        ban(auth, HOME)
    [line] = [line for line in logs if line["event"] == "ban added"]
    assert (line["target"], line["by"]) == (HOME, "Anna")
