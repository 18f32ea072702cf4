"""Logins before a session begins: tickets by password and by key, good once and for one session."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from auth_lives import PASSWORD, Auth, call_key
from everdoor.messages.accounts import (
    AccountFound,
    AddBan,
    AddKey,
    CheckKey,
    Confirm,
    CreateGuest,
    DeleteAccount,
    Keys,
    ListKeys,
    LogoutAccount,
    RedeemTicket,
    RemoveKey,
    TicketByKey,
    TicketByPassword,
    TicketIssued,
)
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import Answer, Failed
from everdoor_auth.keyrecords import TICKET_S
from everdoor_auth.keys import MAX_KEYS

HOME = "192.0.2.1"
KEY = "SHA256:uAnHIgcDE5QUrmZ0cCC1ZiXGCMmAL9BWoT6uMvHPZ3c"
ASKED = call_key(seq=1)
SESSION = ASKED.session


def code(answer: Answer) -> str:
    return answer.code if isinstance(answer, Failed) else type(answer).__name__


def by_password(name: str = "Bob", password: str = PASSWORD) -> TicketByPassword:
    return TicketByPassword(name, password, HOME, SESSION)


def by_key(name: str = "Bob", fingerprint: str = KEY) -> TicketByKey:
    return TicketByKey(name, fingerprint, HOME, SESSION)


def ticket(auth: Auth) -> bytes:
    issued = auth.ask(by_password(), role="portal")
    assert isinstance(issued, TicketIssued)
    return issued.ticket


@pytest.fixture
def bob(auth: Auth) -> AccountFound:
    return auth.create("Bob")


def test_ticket_by_password_is_redeemed_for_its_account(auth: Auth, bob: AccountFound) -> None:
    issued = ticket(auth)
    assert len(issued) == 32
    assert auth.ask(RedeemTicket(issued), key=ASKED) == bob


def test_ticket_is_redeemed_again_by_the_same_line_only(auth: Auth, bob: AccountFound) -> None:
    issued = ticket(auth)
    assert auth.ask(RedeemTicket(issued), key=ASKED) == bob
    auth.reopen()
    assert auth.ask(RedeemTicket(issued), key=ASKED) == bob
    auth.ask(Confirm([(SESSION, 1)]))
    with capture_logs() as logs:
        assert code(auth.ask(RedeemTicket(issued), key=ASKED)) == "bad_ticket"
    assert [line["event"] for line in logs if line["log_level"] != "debug"] == [
        "a ticket was refused"
    ]
    assert issued.hex() not in repr(logs)


def test_ticket_of_one_session_is_no_good_for_another(auth: Auth, bob: AccountFound) -> None:
    issued = ticket(auth)
    other = call_key(seq=1, conn=99)
    assert code(auth.ask(RedeemTicket(issued), key=other)) == "bad_ticket"
    assert auth.ask(RedeemTicket(issued), key=ASKED) == bob


def test_ticket_is_good_for_some_minutes(auth: Auth, bob: AccountFound) -> None:
    issued = ticket(auth)
    auth.wall += TICKET_S + 1
    assert code(auth.ask(RedeemTicket(issued), key=ASKED)) == "bad_ticket"


def test_ticket_of_a_deleted_account_is_gone(auth: Auth, bob: AccountFound) -> None:
    issued = ticket(auth)
    auth.ask(DeleteAccount(bob.uid))
    assert code(auth.ask(RedeemTicket(issued), key=ASKED)) == "bad_ticket"


def test_ticket_is_as_of_when_it_was_issued(auth: Auth, bob: AccountFound) -> None:
    issued = ticket(auth)
    auth.ask(LogoutAccount(bob.uid))
    found = auth.ask(RedeemTicket(issued), key=ASKED)
    assert isinstance(found, AccountFound) and found.as_of == 0


def test_ticket_without_a_session_is_forbidden(auth: Auth, bob: AccountFound) -> None:
    assert code(auth.ask(RedeemTicket(ticket(auth)))) == "forbidden"


def test_tickets_are_for_portals_and_redeemed_by_servers(auth: Auth, bob: AccountFound) -> None:
    for call in (by_password(), by_key(), CheckKey("Bob", KEY, HOME)):
        assert code(auth.ask(call)) == "forbidden"
    assert code(auth.ask(RedeemTicket(b""), role="portal")) == "forbidden"


def test_wrong_password_for_a_ticket_counts_as_a_failed_login(auth: Auth) -> None:
    wrong = auth.ask(by_password(password="not this one"), role="portal")
    assert code(wrong) == "wrong_password"
    assert code(auth.ask(by_password("nobody"), role="portal")) == "throttled"


def test_key_logs_in_to_the_accounts_that_have_it(auth: Auth, bob: AccountFound) -> None:
    auth.create("Eve")
    assert auth.ask(AddKey(bob.uid, "ssh-ed25519", KEY, "bob@snake")) == Done()
    assert auth.ask(CheckKey("bob", KEY, HOME), role="portal") == Done()
    issued = auth.ask(by_key("BOB"), role="portal")
    assert isinstance(issued, TicketIssued)
    assert auth.ask(RedeemTicket(issued.ticket), key=ASKED) == bob
    refused = [
        auth.ask(call, role="portal")
        for call in (by_key("Eve"), by_key("nobody"), by_key("Bob", "SHA256:other"))
    ]
    assert {code(answer) for answer in refused} == {"no_key"}
    assert code(auth.ask(CheckKey("Eve", KEY, HOME), role="portal")) == "no_key"


def test_key_of_somebody_who_is_banned_logs_in_nowhere(auth: Auth, bob: AccountFound) -> None:
    auth.ask(AddKey(bob.uid, "ssh-ed25519", KEY))
    auth.ask(AddBan("Bob", "Spam."))
    refused = auth.ask(by_key(), role="portal")
    assert code(refused) == "banned" and "Spam." in refused.text
    auth.ask(AddBan(HOME))
    assert code(auth.ask(CheckKey("Bob", KEY, HOME), role="portal")) == "banned"


def test_keys_are_listed_oldest_first_and_removed(auth: Auth, bob: AccountFound) -> None:
    auth.ask(AddKey(bob.uid, "ssh-ed25519", KEY, "laptop"))
    auth.wall += 1
    auth.ask(AddKey(bob.uid, "ssh-rsa", "SHA256:other", "desk"))
    auth.ask(AddKey(bob.uid, "ssh-ed25519", KEY, "again"))
    keys = auth.ask(ListKeys(bob.uid))
    assert isinstance(keys, Keys)
    assert [(key.kind, key.fingerprint, key.comment) for key in keys.keys] == [
        ("ssh-ed25519", KEY, "laptop"),
        ("ssh-rsa", "SHA256:other", "desk"),
    ]
    assert auth.ask(RemoveKey(bob.uid, KEY)) == Done()
    assert code(auth.ask(RemoveKey(bob.uid, KEY))) == "no_key"
    assert code(auth.ask(by_key(), role="portal")) == "no_key"


def test_keys_are_of_accounts_that_there_are_and_not_of_guests(auth: Auth) -> None:
    guest = auth.ask(CreateGuest(["Guest1"], HOME))
    assert isinstance(guest, AccountFound)
    assert code(auth.ask(AddKey(99, "ssh-ed25519", KEY))) == "no_account"
    assert code(auth.ask(AddKey(guest.uid, "ssh-ed25519", KEY))) == "bad_key"


def test_account_has_so_many_keys_at_most(auth: Auth, bob: AccountFound) -> None:
    for number in range(MAX_KEYS):
        assert auth.ask(AddKey(bob.uid, "ssh-ed25519", f"SHA256:{number}")) == Done()
    assert code(auth.ask(AddKey(bob.uid, "ssh-ed25519", KEY))) == "bad_key"
    assert auth.ask(AddKey(bob.uid, "ssh-ed25519", "SHA256:0")) == Done()
