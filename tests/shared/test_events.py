"""Numbers and gaps of events, without sockets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.errors import MalformedMessage, UnsupportedVersion
from everdoor.events import Following, Mark, Numbering, Published, decode_event, has_topic
from everdoor.messages.events import Event


def event(seq: int, life: str = "server.1") -> Published:
    return Published("session.portal.1", Event(1, life, seq, 0.0, {}))


def seqs(ready: list[Published]) -> list[int]:
    return [published.event.seq for published in ready]


def following(seq: int = 0) -> Following:
    follower = Following()
    follower.take_state(Mark("server.1", seq))
    return follower


def test_numbering_counts_whatever_the_topic() -> None:
    numbering = Numbering("server.17")
    first = decode_event(numbering.next("server.ready", {"generation": 17}, 5.0))
    second = decode_event(numbering.next("announce", {}, 6.0))
    assert first == Published("server.ready", Event(1, "server.17", 1, 5.0, {"generation": 17}))
    assert second.event.seq == 2
    assert numbering.mark == Mark("server.17", 2)


@pytest.mark.parametrize(
    "frames",
    [[], [b"a"], [b"a", b"b", b"c"], [b"\xff", b"\x90"], [b"a" * 256, b""], [b"a", b"\x91\x01"]],
)
def test_decode_event_refuses_what_is_none(frames: list[bytes]) -> None:
    with pytest.raises(MalformedMessage):
        decode_event(frames)


def test_decode_event_refuses_another_version() -> None:
    topic, frame = Numbering("server.1").next("announce", {}, 0.0)
    with pytest.raises(UnsupportedVersion):
        decode_event([topic, frame.replace(b"\x95\x01", b"\x95\x07")])


@given(st.binary(max_size=100))
def test_decode_event_survives_any_frame(frame: bytes) -> None:
    with pytest.raises((MalformedMessage, UnsupportedVersion)):
        decode_event([b"topic", frame])


def test_has_topic_matches_whole_words() -> None:
    assert has_topic("session.portal.1", "session")
    assert has_topic("session", "session")
    assert has_topic("anything", "")
    assert not has_topic("sessions.portal.1", "session")


def test_following_must_ask_at_the_beginning() -> None:
    follower = Following()
    assert follower.must_ask
    assert follower.receive(event(1)) == []


def test_following_applies_what_is_newer_than_the_state() -> None:
    follower = Following()
    for seq in (3, 4, 5):
        follower.receive(event(seq))
    assert seqs(follower.take_state(Mark("server.1", 4))) == [5]
    assert not follower.must_ask
    assert seqs(follower.receive(event(6))) == [6]


def test_following_notices_a_gap() -> None:
    follower = following()
    assert seqs(follower.receive(event(1))) == [1]
    assert follower.receive(event(3)) == []
    assert follower.must_ask
    assert seqs(follower.take_state(Mark("server.1", 3))) == []
    assert seqs(follower.receive(event(4))) == [4]


def test_following_drops_what_it_has() -> None:
    follower = following(5)
    assert follower.receive(event(5)) == []
    assert not follower.must_ask


def test_following_notices_a_new_life() -> None:
    follower = following(5)
    assert follower.receive(event(1, "server.2")) == []
    assert follower.must_ask
    assert seqs(follower.take_state(Mark("server.2", 0))) == [1]


def test_following_asks_again_when_early_events_are_missing() -> None:
    follower = Following()
    for seq in (3, 5):
        follower.receive(event(seq))
    assert seqs(follower.take_state(Mark("server.1", 2))) == [3]
    assert follower.must_ask
    assert follower.take_state(Mark("server.1", 5)) == []
    assert not follower.must_ask


def test_following_forgets_an_earlier_life() -> None:
    follower = Following()
    for early in (event(7), event(1, "server.2")):
        follower.receive(early)
    assert seqs(follower.take_state(Mark("server.2", 0))) == [1]
    assert not follower.must_ask


def test_following_asks_again_when_the_state_is_of_an_earlier_life() -> None:
    follower = Following()
    follower.receive(event(1, "server.2"))
    assert follower.take_state(Mark("server.1", 9)) == []
    assert follower.must_ask


@given(st.lists(st.integers(1, 12)), st.integers(0, 12))
def test_following_never_applies_out_of_order(arriving: list[int], state: int) -> None:
    follower = Following()
    applied: list[int] = []
    for seq in arriving:
        applied += seqs(follower.receive(event(seq)))
    applied += seqs(follower.take_state(Mark("server.1", state)))
    for seq in arriving:
        applied += seqs(follower.receive(event(seq)))
    assert applied == list(range(state + 1, state + 1 + len(applied)))


def test_following_in_doubt_applies_nothing_before_a_state() -> None:
    follower = following(4)
    follower.doubt()
    assert follower.receive(event(5)) == []
    assert seqs(follower.take_state(Mark("server.1", 4))) == [5]
    assert not follower.must_ask


def test_following_in_doubt_drops_what_the_state_accounts_for() -> None:
    follower = following(4)
    follower.doubt()
    follower.receive(event(5))
    assert follower.take_state(Mark("server.1", 5)) == []
    assert seqs(follower.receive(event(6))) == [6]
