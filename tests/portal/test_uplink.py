"""The portal's end of the stream: frames, clock readings and socket news in; frames out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor import codec
from everdoor.ids import NO_ROW, Incarnation, RowId
from everdoor.messages.stream import (
    MAX_NAME,
    Ack,
    Beat,
    Connected,
    Copy,
    Deaths,
    DownFrame,
    Hello,
    Input,
    Noted,
    Output,
    Part,
    PortalToServer,
    Refused,
    Resync,
    Row,
    ServerToPortal,
    Suspect,
    UpFrame,
    Welcome,
)
from everdoor.stream import FAR_SILENCE_S, HEARTBEAT_S, SILENCE_S, FrameReceiver, FrameSender
from everdoor.versions import LAST_PROMPT
from everdoor_portal.uplink import (
    AWAY_NOTICE,
    BACK_NOTICE,
    HELD_TOO_LONG,
    INPUTS_PER_FRAME,
    RETRY_S,
    SOCKET_PATIENCE_S,
    LinkState,
    Uplink,
)
from recording import Clock, RecordingSession, client, handler

WIDE = "\N{GRINNING FACE}"
"""As many bytes as a character can be."""


class Bench:
    """An uplink with a socket and a server that says what the test tells it to."""

    def __init__(
        self,
        clients: int = 0,
        max_hold_s: float = 300.0,
        notice_after_s: float = 2.0,
        is_far: bool = False,
    ) -> None:
        self.clock = Clock()
        self.sessions = handler(self.clock)
        self.clients: list[RecordingSession] = [client(self.sessions) for _ in range(clients)]
        self.uplink = Uplink(
            self.sessions, "here", max_hold_s, notice_after_s, self.clock.now, is_far
        )
        self.k = 0

    @property
    def state(self) -> LinkState:
        return self.uplink.state

    @property
    def wants_socket(self) -> bool:
        return self.uplink.wants_socket(self.clock.now)

    def connect(self) -> None:
        """Make the socket that is wanted, and have it connected."""
        assert self.wants_socket
        self.uplink.socket_made(self.clock.now)
        self.uplink.connected(self.clock.now)
        self.k = 0

    def say(self, message: ServerToPortal, k: int | None = None, epoch: int | None = None) -> None:
        if k is None:
            self.k += 1
            k = self.k
        frame = DownFrame(
            codec.WIRE_VERSION, self.uplink.epoch if epoch is None else epoch, k, message
        )
        self.uplink.receive(codec.encode(frame), self.clock.now)

    def open(self) -> None:
        """Connect, be welcomed, and send all that this makes due."""
        self.connect()
        self.say(Welcome(3))
        self.frames()

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds
        self.uplink.tick(self.clock.now)

    def frames(self) -> list[UpFrame]:
        return [codec.decode_up(data) for data in self.uplink.data_to_send(self.clock.now)]

    def messages(self) -> list[PortalToServer]:
        return [message for frame in self.frames() for message in frame.messages]


def row(n: int, *said: str, generation: int = 3, **fields: Any) -> Row:
    outputs = [Output([1], "text", [text], {}) for text in said]
    return Row(
        RowId(generation, n),
        fields.get("cursors", []),
        fields.get("changes", []),
        outputs,
        fields.get("closes", []),
    )


# Opening an epoch.


def test_uplink_wants_a_socket_at_once_and_only_one() -> None:
    bench = Bench()
    assert (bench.state, bench.wants_socket) == (LinkState.AWAY, True)
    bench.uplink.socket_made(bench.clock.now)
    assert not bench.wants_socket


def test_uplink_sends_nothing_before_it_is_connected() -> None:
    bench = Bench(clients=1)
    bench.uplink.socket_made(bench.clock.now)
    assert bench.frames() == []


def test_uplink_tries_another_socket_when_one_does_not_connect() -> None:
    bench = Bench()
    bench.uplink.socket_made(bench.clock.now)
    bench.uplink.tick(bench.clock.now + SOCKET_PATIENCE_S - 0.1)
    assert not bench.wants_socket
    bench.uplink.tick(bench.clock.now + SOCKET_PATIENCE_S)
    assert bench.wants_socket


def test_uplink_greets_with_its_copies_when_connected() -> None:
    bench = Bench(clients=1)
    bench.connect()
    copy = Copy(1, 0, None, 0.0, 0.0, 0.0, 0)
    hello = Hello("p", Incarnation(1, 7), "here", NO_ROW, [copy])
    assert bench.frames() == [UpFrame(codec.WIRE_VERSION, 1, 1, [hello])]
    assert bench.state is LinkState.GREETING


def test_uplink_holds_input_until_it_is_welcomed_and_then_sends_it_once() -> None:
    bench = Bench(clients=1)
    bench.connect()
    bench.frames()
    bench.sessions.data_in(bench.clients[0], "look")
    assert bench.messages() == []
    bench.say(Welcome(3))
    assert [type(message) for message in bench.messages()] == [Connected, Input]
    assert bench.messages() == []
    assert (bench.state, bench.uplink.generation) == (LinkState.OPEN, 3)


def test_uplink_counts_its_frames_within_the_epoch() -> None:
    bench = Bench(clients=1)
    bench.connect()
    bench.say(Welcome(3))
    bench.frames()
    bench.sessions.data_in(bench.clients[0], "look")
    assert [(frame.epoch, frame.k) for frame in bench.frames()] == [(1, 3)]


def test_uplink_counts_epochs_and_begins_each_with_frame_1() -> None:
    bench = Bench()
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    bench.connect()
    assert [(frame.epoch, frame.k) for frame in bench.frames()] == [(2, 1)]


def test_hello_above_a_frame_travels_in_parts() -> None:
    bench = Bench(clients=30)
    for session in bench.clients:
        session.copy.apply({"server_data": {"page": "x" * 60_000}})
    bench.connect()
    frames = bench.uplink.data_to_send(bench.clock.now)
    assert len(frames) == 2
    receiver, whole = FrameReceiver(1), None
    for data in frames:
        assert len(data) <= codec.MAX_FRAME_BYTES
        frame = codec.decode_up(data)
        assert receiver.is_next(frame.k)
        [part] = frame.messages
        assert isinstance(part, Part)
        whole = receiver.join(part)
    assert whole is not None
    hello = codec.decode_up_message(whole)
    assert isinstance(hello, Hello)
    assert len(hello.copies) == 30


# Rows.


def test_row_is_applied_once_however_often_it_comes_and_acknowledged_each_time() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.say(row(1, "hi"))
    assert bench.messages() == [Ack(RowId(3, 1))]
    bench.say(row(1, "hi"))
    assert bench.messages() == [Ack(RowId(3, 1))]
    assert bench.clients[0].shown == ["hi"]


def test_row_is_applied_once_across_epochs() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.say(row(1, "hi"))
    bench.uplink.disconnected(bench.clock.now)
    bench.connect()
    [hello] = bench.messages()
    assert isinstance(hello, Hello)
    assert hello.last == RowId(3, 1)
    bench.say(Welcome(4))
    bench.say(row(1, "hi"))
    bench.say(row(1, "hello", generation=4))
    assert bench.clients[0].shown == ["hi", "hello"]
    assert bench.uplink.last == RowId(4, 1)


def test_acknowledgements_are_one_for_all_rows_that_came() -> None:
    bench = Bench(clients=1)
    bench.open()
    for n in range(1, 6):
        bench.say(row(n))
    [frame] = bench.frames()
    assert frame.messages == [Ack(RowId(3, 5))]


def test_acknowledgement_rides_behind_new_input() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.say(row(1))
    bench.sessions.data_in(bench.clients[0], "look")
    [frame] = bench.frames()
    assert frame.messages == [Input(1, 2, "look"), Ack(RowId(3, 1))]


def test_row_in_parts_is_applied_after_the_last() -> None:
    bench = Bench(clients=1)
    bench.open()
    body = codec.encode(row(1, "x" * 1_500_000))
    first, second = FrameSender(codec.WIRE_VERSION, 1).parts(body)
    for part in (first, second):
        assert bench.clients[0].shown == []
        bench.k += 1
        bench.uplink.receive(
            codec.encode_down(codec.WIRE_VERSION, 1, bench.k, part), bench.clock.now
        )
    assert len(bench.clients[0].shown) == 1
    assert bench.uplink.last == RowId(3, 1)


def test_row_of_half_the_parts_is_not_applied_by_the_next_epoch() -> None:
    bench = Bench(clients=1)
    bench.open()
    first, second = FrameSender(codec.WIRE_VERSION, 1).parts(codec.encode(row(1, "x" * 1_500_000)))
    bench.k += 1
    bench.uplink.receive(codec.encode_down(codec.WIRE_VERSION, 1, bench.k, first), bench.clock.now)
    bench.uplink.disconnected(bench.clock.now)
    bench.connect()
    bench.uplink.receive(codec.encode_down(codec.WIRE_VERSION, 2, 1, second), bench.clock.now)
    assert bench.state is LinkState.AWAY
    assert bench.uplink.last == NO_ROW


# What ends an epoch.


def test_missing_frame_costs_the_epoch_and_what_came_after_is_not_applied() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.say(row(2, "b"), k=3)
    assert (bench.state, bench.wants_socket) == (LinkState.AWAY, True)
    bench.say(row(3, "c"), k=4)
    assert bench.clients[0].shown == []


def test_frame_of_another_epoch_is_ignored() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    bench.connect()
    bench.say(row(1, "old"), k=2, epoch=1)
    assert bench.clients[0].shown == []
    assert bench.state is LinkState.GREETING


def test_resync_opens_a_new_epoch_at_once() -> None:
    bench = Bench()
    bench.open()
    bench.say(Resync("a frame is missing"), k=0)
    assert (bench.state, bench.wants_socket) == (LinkState.AWAY, True)


def test_resync_for_a_frame_that_could_not_be_read_names_no_epoch() -> None:
    bench = Bench()
    bench.open()
    bench.say(Resync("bad frame"), k=0, epoch=0)
    assert bench.state is LinkState.AWAY


def test_bad_frame_costs_the_epoch_and_a_pause() -> None:
    bench = Bench()
    bench.open()
    bench.uplink.receive(b"\x93\x01\x01", bench.clock.now)
    assert (bench.state, bench.wants_socket) == (LinkState.AWAY, False)
    bench.clock.now += RETRY_S
    assert bench.wants_socket


def test_frame_of_another_version_than_the_epochs_costs_the_epoch_and_a_pause() -> None:
    bench = Bench()
    bench.open()
    bench.uplink.receive(codec.encode(DownFrame(1, bench.uplink.epoch, 2, Beat())), bench.clock.now)
    assert (bench.state, bench.wants_socket) == (LinkState.AWAY, False)


# Versions.

SPEAKS = "the peer speaks wire version {}, this process speaks {}"


def versions_tried(bench: Bench, servers: tuple[int, ...]) -> list[int]:
    """Versions of the hellos until one is welcomed or a pause is made."""
    tried: list[int] = []
    while bench.wants_socket:
        bench.connect()
        version = codec.frame_version(bench.uplink.data_to_send(bench.clock.now)[0])
        tried.append(version)
        if version in servers:
            frame = DownFrame(version, bench.uplink.epoch, 1, Welcome(3))
        else:
            text = SPEAKS.format(version, " and ".join(map(str, servers)))
            frame = DownFrame(max(servers), 0, 0, Refused("version", text))
        bench.uplink.receive(codec.encode(frame), bench.clock.now)
    return tried


@pytest.mark.parametrize(
    ("portals", "servers", "tried", "state"),
    [
        ((2, 3), (2, 3), [3], LinkState.OPEN),
        ((2, 3), (1, 2), [3, 2], LinkState.OPEN),
        ((2, 3), (3, 4), [3], LinkState.OPEN),
        ((2, 3), (4, 5), [3], LinkState.AWAY),
        ((3, 4), (1, 2), [4], LinkState.AWAY),
        ((2, 3), (1,), [3], LinkState.AWAY),
        ((1, 2, 3), (1,), [3, 1], LinkState.OPEN),
    ],
)
def test_uplink_and_server_come_to_the_highest_version_that_both_speak(
    monkeypatch: pytest.MonkeyPatch,
    portals: tuple[int, ...],
    servers: tuple[int, ...],
    tried: list[int],
    state: LinkState,
) -> None:
    monkeypatch.setattr(codec, "SPOKEN_VERSIONS", portals)
    monkeypatch.setattr(codec, "WIRE_VERSION", max(portals))
    bench = Bench()
    assert versions_tried(bench, servers) == tried
    assert bench.state is state
    assert bool(bench.uplink.refusal) == (state is LinkState.AWAY)


def test_uplink_says_an_epoch_in_the_version_of_its_hello(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "SPOKEN_VERSIONS", (1, 2, 3))
    monkeypatch.setattr(codec, "WIRE_VERSION", 3)
    bench = Bench(clients=1)
    assert versions_tried(bench, (1,)) == [3, 1]
    bench.clients[0].data_in("look")
    bench.wait(HEARTBEAT_S)
    frames = bench.frames()
    assert {frame.version for frame in frames} == {1}
    [connected, line] = [message for frame in frames for message in frame.messages]
    assert (connected, line) == (Connected(1, 1, "recording", "192.0.2.1", 40_000, {}, 0.0),
                                 Input(1, 2, "look", LAST_PROMPT))  # fmt: skip


def test_uplink_tries_its_own_version_again_after_each_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codec, "SPOKEN_VERSIONS", (2, 3))
    monkeypatch.setattr(codec, "WIRE_VERSION", 3)
    bench = Bench()
    assert versions_tried(bench, (1, 2)) == [3, 2]
    bench.uplink.disconnected(bench.clock.now)
    assert versions_tried(bench, (2, 3)) == [3]


def test_socket_lost_before_the_next_hello_does_not_undo_the_agreement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codec, "SPOKEN_VERSIONS", (2, 3))
    monkeypatch.setattr(codec, "WIRE_VERSION", 3)
    bench = Bench()
    bench.connect()
    refusal = DownFrame(2, 0, 0, Refused("version", SPEAKS.format(3, "1 and 2")))
    bench.uplink.receive(codec.encode(refusal), bench.clock.now)
    bench.uplink.disconnected(bench.clock.now)
    assert versions_tried(bench, (1, 2)) == [2]


@pytest.mark.parametrize("theirs", [0, 9])
def test_uplink_waits_for_a_server_of_another_release_and_tells_it_once(
    theirs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench()
    for _ in range(3):
        bench.wait(RETRY_S)
        assert versions_tried(bench, (theirs,)) == [codec.WIRE_VERSION]
    assert bench.uplink.refusal
    assert capsys.readouterr().out.count("the server speaks another version") == 1
    assert f"version {theirs}" in bench.uplink.refusal or f"speaks {theirs}" in bench.uplink.refusal


@given(st.binary(max_size=300))
def test_random_frames_never_raise(data: bytes) -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.uplink.receive(data, bench.clock.now)
    bench.uplink.receive(b"\x94\x02\x01\x02" + data, bench.clock.now)
    assert bench.clients[0].shown == []


def test_silence_of_the_server_costs_the_epoch() -> None:
    bench = Bench()
    bench.open()
    bench.wait(SILENCE_S)
    assert bench.state is LinkState.OPEN
    bench.wait(0.1)
    assert bench.state is LinkState.AWAY


def test_server_of_another_host_may_be_silent_for_longer() -> None:
    bench = Bench(is_far=True)
    bench.open()
    bench.wait(FAR_SILENCE_S)
    assert bench.state is LinkState.OPEN
    bench.wait(0.1)
    assert bench.state is LinkState.AWAY


def test_beat_breaks_the_silence() -> None:
    bench = Bench()
    bench.open()
    for _ in range(10):
        bench.wait(SILENCE_S - 0.1)
        bench.say(Beat())
    assert bench.state is LinkState.OPEN


def test_hello_without_an_answer_is_said_again() -> None:
    bench = Bench()
    bench.connect()
    bench.wait(SILENCE_S + 0.1)
    bench.connect()
    assert bench.uplink.epoch == 2


def test_input_of_a_lost_epoch_is_replayed_in_the_next() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.sessions.data_in(bench.clients[0], "look")
    bench.frames()
    bench.uplink.disconnected(bench.clock.now)
    bench.sessions.data_in(bench.clients[0], "say hi")
    bench.connect()
    bench.frames()
    bench.say(Welcome(4))
    inputs = [message for message in bench.messages() if isinstance(message, Input)]
    assert inputs == [Input(1, 2, "look"), Input(1, 3, "say hi")]


def test_replay_leaves_out_what_rows_said_is_complete() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.sessions.data_in(bench.clients[0], "look")
    bench.sessions.data_in(bench.clients[0], "say hi")
    bench.say(row(1, cursors=[(1, 2)]))
    bench.uplink.disconnected(bench.clock.now)
    bench.connect()
    bench.frames()
    bench.say(Welcome(4))
    assert bench.messages() == [Input(1, 3, "say hi")]


def test_nothing_queued_for_a_lost_epoch_is_sent_in_the_next() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.sessions.data_in(bench.clients[0], "look")
    bench.wait(HEARTBEAT_S)
    bench.uplink.disconnected(bench.clock.now)
    assert bench.frames() == []


def test_many_inputs_are_cut_into_frames_in_order() -> None:
    bench = Bench(clients=1)
    bench.connect()
    bench.frames()
    most = INPUTS_PER_FRAME + 10
    for n in range(most):
        bench.sessions.data_in(bench.clients[0], f"{n}")
    bench.say(Welcome(3))
    frames = bench.frames()
    seqs = [message.seq for frame in frames for message in frame.messages]  # type: ignore[union-attr]
    assert seqs == list(range(1, most + 2))
    assert len(frames) > 1


def test_long_lines_are_cut_into_frames_whether_replayed_or_new() -> None:
    bench = Bench(clients=1)
    line = WIDE * 6000
    bench.connect()
    for _ in range(60):
        bench.sessions.data_in(bench.clients[0], line)
    bench.say(Welcome(3))
    replayed = bench.uplink.data_to_send(bench.clock.now)
    for _ in range(60):
        bench.sessions.data_in(bench.clients[0], line)
    new = bench.uplink.data_to_send(bench.clock.now)
    assert max(len(frame) for frame in replayed + new) <= codec.MAX_FRAME_BYTES
    assert min(len(replayed), len(new)) > 1


def who_connect(bench: Bench) -> None:
    for _ in range(2000):
        session = RecordingSession()
        session.learn_flags({"CLIENTNAME": WIDE * 64, "CLIENTVERSION": WIDE * 64})
        bench.sessions.connect(session)


def whose_flags_change(bench: Bench) -> None:
    for number in range(2000):
        flags = {"CLIENTNAME": WIDE * 64, "CLIENTVERSION": f"{number}{WIDE * 60}"}
        bench.sessions.flags_in(bench.clients[0], flags)


def who_leave(bench: Bench) -> None:
    for session in bench.clients[1:]:
        bench.sessions.client_left(session, WIDE * MAX_NAME, clean=False)


@pytest.mark.parametrize("do", [who_connect, whose_flags_change, who_leave])
def test_what_is_said_of_clients_is_cut_into_frames_whether_replayed_or_new(
    do: Callable[[Bench], None],
) -> None:
    bench = Bench(clients=2001)
    bench.open()
    do(bench)
    new = bench.uplink.data_to_send(bench.clock.now)
    bench.uplink.disconnected(bench.clock.now)
    bench.connect()
    bench.frames()
    bench.say(Welcome(4))
    replayed = bench.uplink.data_to_send(bench.clock.now)
    assert max(len(frame) for frame in replayed + new) <= codec.MAX_FRAME_BYTES
    assert min(sum(map(len, frames)) for frames in (replayed, new)) > codec.MAX_FRAME_BYTES


# Heartbeats.


def test_uplink_sends_a_heartbeat_when_it_has_been_silent() -> None:
    bench = Bench()
    bench.open()
    bench.wait(HEARTBEAT_S)
    [frame] = bench.frames()
    assert frame.messages == []
    bench.wait(HEARTBEAT_S / 2)
    assert bench.frames() == []


def test_answer_to_a_hello_may_take_as_long_as_its_sessions_do() -> None:
    bench = Bench(clients=500)
    bench.connect()
    bench.wait(SILENCE_S + 0.4)
    assert bench.state is LinkState.GREETING
    bench.wait(0.2)
    assert bench.state is LinkState.AWAY


def test_input_takes_the_place_of_a_heartbeat() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.clock.now += HEARTBEAT_S / 2
    bench.sessions.data_in(bench.clients[0], "look")
    bench.frames()
    bench.wait(HEARTBEAT_S / 2)
    assert bench.frames() == []


# Refusals.


def test_uplink_that_is_refused_for_now_tries_again_after_a_pause() -> None:
    bench = Bench(clients=1)
    bench.connect()
    bench.say(Refused("older_alive", "the older one may live"), k=0)
    assert (bench.state, bench.wants_socket) == (LinkState.AWAY, False)
    bench.clock.now += RETRY_S
    bench.connect()
    bench.say(Welcome(3))
    assert bench.state is LinkState.OPEN


def test_pause_after_a_refusal_is_not_cut_short_by_the_end_of_the_socket() -> None:
    bench = Bench()
    bench.connect()
    bench.say(Refused("older_alive", "the older one may live"), k=0)
    bench.uplink.disconnected(bench.clock.now)
    assert not bench.wants_socket


def test_uplink_that_is_refused_for_good_is_evicted() -> None:
    for code in ("stale", "buried"):
        bench = Bench(clients=1)
        bench.connect()
        bench.say(Refused(code, "it was given up"), k=0)
        bench.clock.now += 10 * RETRY_S
        assert (bench.state, bench.wants_socket) == (LinkState.EVICTED, False)
        bench.uplink.disconnected(bench.clock.now)
        bench.uplink.connected(bench.clock.now)
        assert bench.state is LinkState.EVICTED


# While the server is away.


def test_players_are_told_nothing_of_a_short_gap() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    bench.wait(1.9)
    bench.open()
    assert bench.clients[0].shown == []


def test_players_are_told_once_that_the_server_is_away_and_once_that_it_is_back() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    for _ in range(5):
        bench.wait(1.0)
    bench.open()
    bench.wait(1.0)
    assert bench.clients[0].shown == [AWAY_NOTICE, BACK_NOTICE]


def test_player_who_connects_while_the_server_is_away_is_told_so_too() -> None:
    bench = Bench(clients=1)
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    bench.wait(3.0)
    newcomer = client(bench.sessions)
    bench.wait(0.25)
    late = client(bench.sessions)
    bench.open()
    assert newcomer.shown == bench.clients[0].shown == [AWAY_NOTICE, BACK_NOTICE]
    assert late.shown == []


def test_players_are_told_nothing_where_notices_are_off() -> None:
    bench = Bench(clients=1, notice_after_s=0)
    bench.wait(100)
    bench.open()
    assert bench.clients[0].shown == []


def test_time_away_goes_on_through_tries_that_fail() -> None:
    bench = Bench()
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    for _ in range(3):
        bench.connect()
        bench.wait(SILENCE_S + 1)
    assert bench.uplink.away_s(bench.clock.now) == 3 * (SILENCE_S + 1)


def test_clients_are_let_go_when_the_server_is_away_for_too_long() -> None:
    bench = Bench(clients=2, max_hold_s=10, notice_after_s=0)
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    bench.sessions.data_in(bench.clients[0], "look")
    bench.wait(10)
    assert len(bench.sessions) == 2
    bench.wait(0.1)
    told = HELD_TOO_LONG.format(lines=1)
    assert bench.clients[0].events == [("text", told), ("flush",), ("disconnect", told)]
    assert bench.clients[1].shown == [HELD_TOO_LONG.format(lines=0)]
    assert len(bench.sessions) == 0


def test_clients_are_kept_without_end_where_there_is_no_bound() -> None:
    bench = Bench(clients=1, max_hold_s=0)
    bench.wait(1e6)
    assert len(bench.sessions) == 1


def test_client_that_comes_while_the_server_is_away_is_told_of_in_the_replay() -> None:
    bench = Bench()
    bench.open()
    bench.uplink.disconnected(bench.clock.now)
    client(bench.sessions)
    bench.clock.now += 4
    bench.connect()
    bench.frames()
    bench.say(Welcome(4))
    [connected] = bench.messages()
    assert isinstance(connected, Connected)
    assert connected.age_s == 4.0


# Lines that kill servers.


def died(bench: Bench, generation: int, died: bool = True) -> list[PortalToServer]:
    """The server has gone; another generation welcomes the portal."""
    bench.uplink.disconnected(bench.clock.now)
    bench.connect()
    bench.say(Welcome(generation, died))
    return bench.messages()


def test_uplink_says_the_deaths_before_the_inputs() -> None:
    bench = Bench(clients=1)
    bench.open()
    _, counted, connected = died(bench, 4)
    assert counted == Deaths([(1, 1, 1)])
    assert isinstance(connected, Connected)
    _, counted, _ = died(bench, 5)
    assert counted == Deaths([(1, 1, 2)])


def test_uplink_counts_no_death_for_a_planned_end_or_the_same_server() -> None:
    bench = Bench(clients=1)
    bench.open()
    assert not any(isinstance(m, Deaths) for m in died(bench, 3))
    assert not any(isinstance(m, Deaths) for m in died(bench, 4, died=False))


def test_uplink_counts_no_death_before_it_has_known_a_server() -> None:
    bench = Bench(clients=1)
    bench.connect()
    bench.say(Welcome(3, True))
    assert not any(isinstance(m, Deaths) for m in bench.messages())


def test_uplink_notes_a_suspect_and_counts_its_death() -> None:
    bench = Bench(clients=1)
    bench.open()
    died(bench, 4)
    died(bench, 5)
    bench.say(Suspect(1, 1))
    assert bench.messages() == [Noted(1, 1)]
    assert died(bench, 6)[1] == Deaths([(1, 1, 3)])


def test_uplink_forgets_what_is_noted_with_a_new_epoch_of_the_same_server() -> None:
    bench = Bench(clients=1)
    bench.open()
    died(bench, 4)
    died(bench, 5)
    bench.say(Suspect(1, 1))
    died(bench, 5)
    assert died(bench, 6)[1] == Deaths([(1, 1, 2)])


def test_uplink_does_not_count_a_suspect_when_another_server_died_in_between() -> None:
    bench = Bench(clients=1)
    bench.open()
    died(bench, 4)
    died(bench, 5)
    bench.say(Suspect(1, 1))
    assert died(bench, 7)[1] == Deaths([(1, 1, 2)])


def test_uplink_cuts_many_deaths_into_frames() -> None:
    bench = Bench(clients=INPUTS_PER_FRAME + 1)
    bench.open()
    counted = [m for m in died(bench, 4) if isinstance(m, Deaths)]
    assert [len(message.lines) for message in counted] == [INPUTS_PER_FRAME, 1]
