"""Both ends of a call, without sockets or clocks."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.calls import Asking, Envelope, Reception, encode_reply, result_of
from everdoor.codec import MAX_FRAME_BYTES
from everdoor.errors import CallRefused, MalformedMessage
from everdoor.messages.accounts import Authenticate, CreateAccount
from everdoor.messages.callmessage import Done
from everdoor.messages.calls import (
    Answer,
    Failed,
    Reply,
    Request,
    Status,
)

ENVELOPE: Envelope = (b"peer", b"\0\0\0\1", b"")


def asking(number: int = 1, deadline_s: float = 3.0) -> Asking:
    return Asking(number.to_bytes(16, "big"), Status(), 100.0, deadline_s, role="cli")


def answer_in(frame: bytes) -> Answer:
    return msgspec.msgpack.decode(frame, type=Reply).answer


def code_in(frame: bytes) -> str:
    answer = answer_in(frame)
    assert isinstance(answer, Failed)
    return answer.code


def started(reception: Reception, number: int = 1, envelope: Envelope = ENVELOPE) -> Request:
    assert reception.receive(envelope, asking(number).frame) is None
    request = reception.take()
    assert request is not None
    return request


def test_asking_tries_again_until_the_deadline() -> None:
    call, now, pauses = asking(), 100.0, []
    while (pause := call.next_try(now)) is not None:
        pauses.append(pause)
        now += pause
    assert pauses == [0.25, 0.5, 1.0, 1.0, 0.25]
    assert now == 103.0


def test_asking_takes_only_its_own_reply() -> None:
    call = asking(1)
    assert call.receive(encode_reply(asking(2).id, Done())) is None
    assert call.receive(encode_reply(call.id, Done())) == Done()


@given(st.binary(max_size=200))
def test_asking_refuses_what_is_no_reply(frame: bytes) -> None:
    with pytest.raises(MalformedMessage):
        asking().receive(frame)


def test_result_of_a_failure_carries_code_text_and_wait() -> None:
    with pytest.raises(CallRefused, match="Wait") as caught:
        result_of(Failed("throttled", "Wait a little.", 7.5))
    assert (caught.value.code, caught.value.retry_after_s) == ("throttled", 7.5)


def test_reception_gives_a_request_out_and_posts_its_answer() -> None:
    reception = Reception()
    request = started(reception)
    assert request.call == Status()
    post = reception.finish(request, Done())
    assert post.envelope == ENVELOPE
    assert answer_in(post.frame) == Done()


def test_reception_works_once_on_a_request_that_is_asked_again() -> None:
    reception = Reception()
    request = started(reception)
    again: Envelope = (b"peer", b"\0\0\0\2", b"")
    assert reception.receive(again, asking().frame) is None
    assert reception.take() is None
    assert reception.finish(request, Done()).envelope == again


def test_reception_gives_the_same_answer_when_the_reply_was_lost() -> None:
    reception = Reception()
    first = reception.finish(started(reception), Done())
    post = reception.receive(ENVELOPE, asking().frame)
    assert post == first


def test_reception_forgets_the_oldest_answer() -> None:
    reception = Reception(max_answered=1)
    for number in (1, 2):
        reception.finish(started(reception, number), Done())
    assert reception.receive(ENVELOPE, asking(2).frame) is not None
    assert reception.receive(ENVELOPE, asking(1).frame) is None


def test_reception_gives_out_no_more_than_may_run() -> None:
    reception = Reception(max_running=1)
    first = started(reception, 1)
    reception.receive(ENVELOPE, asking(2).frame)
    assert reception.take() is None
    reception.finish(first, Done())
    second = reception.take()
    assert second is not None and second.id == asking(2).id


def test_reception_above_its_bound_says_busy() -> None:
    reception = Reception(max_waiting=1)
    reception.receive(ENVELOPE, asking(1).frame)
    post = reception.receive(ENVELOPE, asking(2).frame)
    assert post is not None and code_in(post.frame) == "busy"
    reception.take()
    assert reception.receive(ENVELOPE, asking(2).frame) is None


@pytest.mark.parametrize(
    ("request_fields", "code"),
    [
        ([1, b"1" * 16, "cli", 0, None, ["nonsense"]], "malformed"),
        ([1, b"1" * 16, "nobody", 0, None, ["status"]], "malformed"),
        ([1, b"1" * 16, "cli", 0, None, ["status"], "1-2", "more"], "malformed"),
        ([2, b"1" * 16, "cli", 0, None, ["status"]], "version"),
        ([2, b"1" * 16], "version"),
    ],
)
def test_reception_answers_a_malformed_request(request_fields: list[object], code: str) -> None:
    reception = Reception()
    post = reception.receive(ENVELOPE, msgspec.msgpack.encode(request_fields))
    assert post is not None and code_in(post.frame) == code
    assert reception.take() is None


@given(st.binary(max_size=100))
def test_reception_survives_any_frame(frame: bytes) -> None:
    reception = Reception()
    post = reception.receive(ENVELOPE, frame)
    assert (post is None) == (reception.dropped == 1)


def test_reception_drops_a_request_without_a_good_id() -> None:
    reception = Reception()
    fields = [1, b"short", "cli", 0, None, ["status"]]
    assert reception.receive(ENVELOPE, msgspec.msgpack.encode(fields)) is None
    assert reception.dropped == 1


def test_reception_drops_an_oversized_frame() -> None:
    reception = Reception()
    assert reception.receive(ENVELOPE, b"\x96" * (MAX_FRAME_BYTES + 1)) is None
    assert reception.dropped == 1


@pytest.mark.parametrize(
    "call", [Authenticate("Anna", "hidden", "::1"), CreateAccount("Anna", "hidden", "::1")]
)
def test_request_never_shows_a_password(call: Authenticate | CreateAccount) -> None:
    request = Request(1, b"1" * 16, "portal", 0, None, call)
    assert "hidden" not in repr(request).replace("password hidden", "")
    assert "Anna" in repr(request)


def test_reception_tells_that_an_answer_is_too_large() -> None:
    reception = Reception()
    post = reception.finish(started(reception), Failed("internal", "x" * MAX_FRAME_BYTES))
    assert code_in(post.frame) == "too_large"


def test_reception_keeps_answers_within_a_size() -> None:
    """Requests whose large answers are not kept any more are worked on again."""
    reception = Reception()
    large = Failed("internal", "x" * (MAX_FRAME_BYTES - 1000))
    for number in range(1, 20):
        reception.finish(started(reception, number), large)
    assert reception.receive(ENVELOPE, asking(19).frame) is not None
    assert reception.receive(ENVELOPE, asking(1).frame) is None
    assert reception.take() is not None
