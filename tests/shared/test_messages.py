"""Messages as types: nothing but fields, closed, and without secrets in their text."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from everdoor.messages import calls, stream
from everdoor.messages.accounts import Authenticate, ChangePassword, CreateAccount, SetPassword
from everdoor.messages.callmessage import CallKey
from everdoor.messages.calls import Request

UNIONS = [
    stream.PortalToServer,
    stream.ServerToPortal,
    calls.Call,
    calls.Answer,
]


@pytest.mark.parametrize("union", UNIONS, ids=str)
def test_messages_of_one_direction_have_names_of_their_own(union: object) -> None:
    tags = [message.__struct_config__.tag for message in get_args(union)]
    assert len(set(tags)) == len(tags)
    assert all(tags)


@pytest.mark.parametrize("union", UNIONS, ids=str)
def test_messages_cannot_be_changed_and_take_no_unknown_field(union: object) -> None:
    for message in get_args(union):
        config = message.__struct_config__
        assert config.frozen
        assert config.forbid_unknown_fields
        assert config.array_like


def test_numbered_messages_name_their_connection_and_number_first() -> None:
    for message in get_args(stream.Numbered):
        assert [field.name for field in msgspec.structs.fields(message)][:2] == ["conn", "seq"]


@pytest.mark.parametrize(
    "call",
    [
        Authenticate("anna", "correct horse", "192.0.2.1"),
        CreateAccount("anna", "correct horse", "192.0.2.1"),
        ChangePassword(1953, "correct horse", "correct horses", "192.0.2.1"),
        SetPassword(1953, "correct horse"),
    ],
    ids=lambda call: type(call).__name__,
)
def test_password_is_in_no_text_of_a_call(call: calls.AuthCall) -> None:
    request = Request(1, bytes(16), "server", 1, None, call)
    for text in (repr(call), str(call), f"{call}", repr(request)):
        assert "correct horse" not in text
        assert "anna" in text or "1953" in text


def test_call_key_names_its_command_hashably() -> None:
    key = CallKey(("p", 1, 2), 3, 4)  # type: ignore[arg-type]
    assert len({key, CallKey(("p", 1, 2), 3, 4)}) == 1  # type: ignore[arg-type]
