"""What a command can wait for, step by step, as the turn drives it."""

from __future__ import annotations

import pytest

from everdoor.errors import CallRefused
from everdoor.messages.calls import AccountFound, Authenticate, CreateAccount
from everdoor_server import waits
from everdoor_server.waits import Call, Pause, Running

FOUND = AccountFound(5, "Anna", False)


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


def test_sleep_asks_for_a_pause() -> None:
    running = waits.sleep(2.5)
    assert running.send(None) == Pause(2.5)
    assert answered(running, None) is None


def test_refusal_is_raised_where_the_command_waits() -> None:
    running = waits.authenticate("anna", "secret", "192.0.2.1")
    running.send(None)
    with pytest.raises(CallRefused, match="Wrong"):
        running.throw(CallRefused("wrong_password", "Wrong."))


def test_request_does_not_show_the_password() -> None:
    request = waits.authenticate("anna", "secret", "192.0.2.1").send(None)
    assert "secret" not in repr(request)
