"""What a command can wait for, step by step, as the turn drives it."""

from __future__ import annotations

import pytest

from everdoor.errors import CallRefused
from everdoor.messages.accounts import (
    AccountFound,
    AccountInfo,
    AccountShown,
    AddBan,
    AuthCall,
    Authenticate,
    Ban,
    BanAdded,
    Bans,
    ChangePassword,
    CreateAccount,
    CreateGuest,
    DeleteAccount,
    FindAccount,
    ListBans,
    LogoutAccount,
    RemoveBan,
    RenameAccount,
    SetPassword,
)
from everdoor.messages.callmessage import Done
from everdoor_server import waits
from everdoor_server.waits import Call, Pause, Running

FOUND = AccountFound(5, "Anna", False)
SHOWN = AccountShown(AccountInfo(5, "Anna", False, False, 1.0, None), [], [])


def answered(running: Running, answer: object) -> object:
    """What a command returns when it is answered so."""
    with pytest.raises(StopIteration) as stopped:
        running.send(answer)
    return stopped.value.value


def test_authenticate_asks_auth_and_returns_the_account() -> None:
    running = waits.authenticate("anna", "secret", "192.0.2.1")
    assert running.send(None) == Call(Authenticate("anna", "secret", "192.0.2.1"))
    assert answered(running, FOUND) == FOUND


def test_create_account_asks_auth_and_returns_the_account() -> None:
    running = waits.create_account("anna", "secret", "192.0.2.1")
    assert running.send(None) == Call(CreateAccount("anna", "secret", "192.0.2.1", False))
    assert answered(running, FOUND) == FOUND


BAN = Ban(3, "name", "Troll", 9, "Spam.", "Anna", 1.0, None)


@pytest.mark.parametrize(
    ("running", "call", "answer", "returned"),
    [
        (waits.create_guest(("G1", "G2"), "::1"), CreateGuest(["G1", "G2"], "::1"), FOUND, FOUND),
        (waits.find_account("anna"), FindAccount("anna"), SHOWN, SHOWN),
        (
            waits.change_password(5, "a", "b", "::1"),
            ChangePassword(5, "a", "b", "::1"),
            Done(),
            None,
        ),
        (waits.set_password(5, "b"), SetPassword(5, "b"), Done(), None),
        (waits.rename_account(5, "Ann"), RenameAccount(5, "Ann"), FOUND, FOUND),
        (waits.logout_account(5), LogoutAccount(5), Done(), None),
        (waits.delete_account(5), DeleteAccount(5), Done(), None),
        (waits.add_ban("Troll", "Spam."), AddBan("Troll", "Spam.", 0.0, ""), BanAdded(BAN), BAN),
        (waits.remove_ban(3), RemoveBan(3), Done(), None),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_call_asks_auth_once(
    running: Running, call: AuthCall, answer: object, returned: object
) -> None:
    assert running.send(None) == Call(call)
    assert answered(running, answer) == returned


def test_list_bans_reads_every_page() -> None:
    running = waits.list_bans()
    assert running.send(None) == Call(ListBans(0))
    assert running.send(Bans([BAN], True, "auth.1", 7)) == Call(ListBans(3))
    assert answered(running, Bans([], False, "auth.1", 7)) == [BAN]


def test_sleep_asks_for_a_pause() -> None:
    running = waits.sleep(2.5)
    assert running.send(None) == Pause(2.5)
    assert answered(running, None) is None


def test_refusal_is_raised_where_the_command_waits() -> None:
    running = waits.authenticate("anna", "secret", "192.0.2.1")
    running.send(None)
    with pytest.raises(CallRefused, match="Wrong"):
        running.throw(CallRefused("wrong_password", "Wrong."))


@pytest.mark.parametrize(
    "running",
    [
        waits.authenticate("anna", "secret", "192.0.2.1"),
        waits.create_account("anna", "secret", "192.0.2.1"),
        waits.change_password(5, "secret", "secrets", "192.0.2.1"),
        waits.set_password(5, "secret"),
    ],
    ids=lambda running: running.__name__,
)
def test_request_does_not_show_a_password(running: Running) -> None:
    assert "secret" not in repr(running.send(None))
    running.close()
