"""Who may speak for which portal: frames in, events and answers out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor import codec
from everdoor.errors import Fenced
from everdoor.ids import NO_ROW, Incarnation, RowId
from everdoor.messages.stream import (
    Ack,
    Connected,
    Copy,
    DownFrame,
    Hello,
    Input,
    PortalToServer,
    Refused,
    Resync,
    Row,
    ServerToPortal,
    UpFrame,
    Welcome,
)
from everdoor.peers import Peer
from everdoor.stream import HEARTBEAT_S, SILENCE_S, FrameSender
from everdoor_server import links as linking
from everdoor_server.commit import KnownPortal, OutboxRow, Stored
from everdoor_server.downlink import BACKLOG_BYTES
from everdoor_server.links import Arrived, Dead, Greeted, LinkEvent, Links

GENERATION = 3


class Bench:
    """Links, and sockets by routing id that say what the test tells them to."""

    def __init__(
        self,
        *portals: KnownPortal,
        rows: tuple[OutboxRow, ...] = (),
        alive: bool | None = True,
        grace_s: float = 120.0,
    ) -> None:
        self.now = 100.0
        self.alive = alive
        self.asked: list[tuple[str, Incarnation]] = []
        stored = Stored(GENERATION, 0, list(portals), [], list(rows))
        self.links = Links(stored, "here", self._is_alive, grace_s, self.now)

    def _is_alive(self, portal: str, incarnation: Incarnation) -> bool | None:
        self.asked.append((portal, incarnation))
        return self.alive

    def send(
        self,
        socket: str,
        *messages: PortalToServer,
        epoch: int = 1,
        k: int = 1,
        version: int = codec.WIRE_VERSION,
        peer: Peer | None = None,
    ) -> list[LinkEvent]:
        frame = codec.encode_up_frame(UpFrame(version, epoch, k, list(messages)))
        return self.links.receive(socket.encode(), frame, self.now, peer)

    def frames(self) -> list[tuple[str, DownFrame]]:
        return [
            (routing_id.decode(), codec.decode_down(data))
            for routing_id, data in self.links.data_to_send(self.now)
        ]

    def answers(self) -> list[tuple[str, ServerToPortal]]:
        return [(socket, frame.message) for socket, frame in self.frames()]


def hello(
    number: int = 1,
    portal: str = "p",
    host: str = "here",
    last: RowId = NO_ROW,
    copies: tuple[Copy, ...] = (),
    nonce: int = 7,
) -> Hello:
    return Hello(portal, Incarnation(number, nonce), host, last, list(copies))


def known(number: int = 1, host: str = "here", buried: bool = False) -> KnownPortal:
    return KnownPortal("p", Incarnation(number, 7), host, buried)


def stored_row(n: int, closes: tuple[int, ...] = (), generation: int = 2) -> OutboxRow:
    body = Row(RowId(generation, n), [], [], [], [(conn, "bye") for conn in closes])
    return OutboxRow("p", body.id, codec.encode(body))


# Greeting.


def test_hello_of_a_new_portal_is_welcomed() -> None:
    bench = Bench()
    [greeted] = bench.send("a", hello())
    assert isinstance(greeted, Greeted)
    assert (greeted.link.portal, greeted.rows, greeted.link.adopted) == ("p", [], False)
    assert bench.frames() == [("a", DownFrame(codec.WIRE_VERSION, 1, 1, Welcome(GENERATION)))]


def test_hello_says_which_rows_the_portal_lacks_and_they_are_sent_again() -> None:
    rows = (stored_row(1), stored_row(2), stored_row(3))
    bench = Bench(known(), rows=rows)
    [greeted] = bench.send("a", hello(last=RowId(2, 1)))
    assert isinstance(greeted, Greeted)
    assert [row.id for row in greeted.rows] == [RowId(2, 2), RowId(2, 3)]
    assert [type(message) for _, message in bench.answers()] == [Welcome, Row, Row]
    assert bench.links.take_trimmed() == {"p": RowId(2, 1)}


def test_inputs_may_ride_behind_the_hello() -> None:
    bench = Bench()
    events = bench.send("a", hello(), Connected(1, 1, "telnet", "", 0, {}, 0.0))
    assert [type(event) for event in events] == [Greeted, Arrived]


def test_hello_in_parts_is_welcomed_after_the_last() -> None:
    bench = Bench()
    state = {"server_data": {"page": "x" * 60_000}}
    copies = tuple(Copy(n, 1, state, 0.0, 0.0, 0.0, 0) for n in range(1, 31))
    parts = FrameSender(codec.WIRE_VERSION, 1).parts(codec.encode(hello(copies=copies)))
    events: list[LinkEvent] = []
    for k, part in enumerate(parts, start=1):
        assert events == []
        events = bench.links.receive(
            b"a", codec.encode_up(codec.WIRE_VERSION, 1, k, part), bench.now
        )
    [greeted] = events
    assert isinstance(greeted, Greeted)
    assert len(greeted.hello.copies) == 30
    assert bench.send("a", Ack(RowId(3, 1)), k=len(parts) + 1) == []
    assert [message for _, message in bench.answers()] == [Welcome(GENERATION)]


def test_hello_with_a_part_missing_is_asked_for_again() -> None:
    bench = Bench()
    big = hello(copies=(Copy(1, 1, {"x": "x" * 3_000_000}, 0.0, 0.0, 0.0, 0),))
    first, _, third = FrameSender(codec.WIRE_VERSION, 1).parts(codec.encode(big))
    bench.links.receive(b"a", codec.encode_up(codec.WIRE_VERSION, 1, 1, first), bench.now)
    assert (
        bench.links.receive(b"a", codec.encode_up(codec.WIRE_VERSION, 1, 3, third), bench.now) == []
    )
    assert bench.frames() == [("a", DownFrame(codec.WIRE_VERSION, 1, 0, Resync("no hello")))]


def test_parts_of_too_many_greetings_are_dropped_oldest_first() -> None:
    bench = Bench()
    big = hello(copies=(Copy(1, 1, {"x": "x" * 1_500_000}, 0.0, 0.0, 0.0, 0),))
    first, second = FrameSender(codec.WIRE_VERSION, 1).parts(codec.encode(big))
    for n in range(linking.MAX_GREETINGS + 1):
        bench.links.receive(
            f"{n}".encode(), codec.encode_up(codec.WIRE_VERSION, 1, 1, first), bench.now
        )
    last = codec.encode_up(codec.WIRE_VERSION, 1, 2, second)
    assert bench.links.receive(b"0", last, bench.now) == []
    [greeted] = bench.links.receive(b"1", last, bench.now)
    assert isinstance(greeted, Greeted)


def test_frame_of_a_socket_that_has_not_said_hello_is_answered_with_resync() -> None:
    bench = Bench()
    assert bench.send("a", Input(1, 2, "look"), epoch=4, k=9) == []
    assert bench.frames() == [("a", DownFrame(codec.WIRE_VERSION, 4, 0, Resync("no hello")))]


def test_first_frame_that_is_no_hello_is_answered_with_resync() -> None:
    bench = Bench()
    assert bench.send("a", Input(1, 2, "look")) == []
    assert bench.frames() == [("a", DownFrame(codec.WIRE_VERSION, 0, 0, Resync("bad frame")))]


def test_newer_epoch_takes_over_and_the_older_socket_is_not_heard_any_more() -> None:
    bench = Bench()
    bench.send("a", hello())
    [greeted] = bench.send("b", hello(), epoch=2)
    assert isinstance(greeted, Greeted)
    bench.frames()
    assert bench.send("a", Input(1, 2, "look"), epoch=1, k=2) == []
    assert bench.answers() == [("a", Resync("no hello"))]
    [arrived] = bench.send("b", Input(1, 2, "look"), epoch=2, k=2)
    assert isinstance(arrived, Arrived)


def test_newer_epoch_may_come_over_the_same_socket() -> None:
    bench = Bench()
    bench.send("a", hello())
    bench.frames()
    [greeted] = bench.send("a", hello(), epoch=2)
    assert isinstance(greeted, Greeted)
    assert bench.answers() == [("a", Welcome(GENERATION))]


def test_older_or_same_epoch_is_refused() -> None:
    bench = Bench()
    bench.send("a", hello(), epoch=2)
    bench.frames()
    for epoch in (1, 2):
        assert bench.send(f"b{epoch}", hello(), epoch=epoch) == []
    assert bench.answers() == [
        (f"b{epoch}", Refused("stale", "a newer epoch is known")) for epoch in (1, 2)
    ]


def test_two_portals_are_heard_side_by_side() -> None:
    bench = Bench()
    bench.send("a", hello(portal="p"))
    bench.send("b", hello(portal="q"))
    [from_p] = bench.send("a", Input(1, 2, "x"), k=2)
    [from_q] = bench.send("b", Input(1, 2, "y"), k=2)
    assert isinstance(from_p, Arrived)
    assert isinstance(from_q, Arrived)
    assert (from_p.link.portal, from_q.link.portal) == ("p", "q")
    assert len(bench.links) == 2


# Incarnations.


def test_older_incarnation_is_refused_for_good() -> None:
    bench = Bench(known(number=5))
    assert bench.send("a", hello(number=4)) == []
    assert bench.answers() == [("a", Refused("stale", "a newer incarnation is known"))]


def test_incarnation_of_the_same_number_and_another_nonce_is_refused() -> None:
    bench = Bench(known(number=5))
    assert bench.send("a", hello(number=5, nonce=8)) == []
    assert bench.answers() == [("a", Refused("stale", "a newer incarnation is known"))]


def test_newer_incarnation_waits_while_the_older_one_lives() -> None:
    bench = Bench(known(number=5))
    assert bench.send("a", hello(number=6)) == []
    assert bench.answers() == [("a", Refused("older_alive", "the older one may live"))]


def test_newer_incarnation_has_the_older_one_buried_when_it_is_dead() -> None:
    bench = Bench(known(number=5), rows=(stored_row(1),), alive=False)
    dead, greeted = bench.send("a", hello(number=6))
    assert isinstance(dead, Dead)
    assert isinstance(greeted, Greeted)
    assert (dead.link.incarnation.number, greeted.link.incarnation.number) == (5, 6)
    assert greeted.rows == []
    bench.links.bury(dead.link)
    assert bench.links.get("p") is greeted.link
    assert [type(message) for _, message in bench.answers()] == [Welcome]


def test_older_incarnation_of_another_host_is_dead_after_its_silence() -> None:
    bench = Bench(known(number=5, host="there"))
    assert bench.send("a", hello(number=6, host="there")) == []
    bench.now += linking.OTHER_HOST_SILENCE_S
    dead, greeted = bench.send("b", hello(number=6, host="there"), epoch=2)
    assert isinstance(dead, Dead)
    assert isinstance(greeted, Greeted)
    assert bench.asked == []


def test_older_incarnation_of_another_home_of_this_host_is_dead_after_its_silence() -> None:
    bench = Bench(known(number=5), alive=None)
    assert bench.send("a", hello(number=6)) == []
    bench.now += linking.OTHER_HOST_SILENCE_S
    dead, greeted = bench.send("b", hello(number=6), epoch=2)
    assert isinstance(dead, Dead)
    assert isinstance(greeted, Greeted)


# Keys of other hosts.

THERE = Peer("portal", "ab" * 32, "there", 0.0)
OTHER = Peer("portal", "cd" * 32, "there", 0.0)


def test_portal_of_another_host_comes_by_the_key_of_its_host() -> None:
    bench = Bench()
    [greeted] = bench.send("a", hello(portal="there.p.0", host="there"), peer=THERE)
    assert isinstance(greeted, Greeted)
    assert bench.send("a", Input(1, 1, "look"), k=2, peer=THERE) == []


@pytest.mark.parametrize(
    ("portal", "host"), [("here.p.0", "here"), ("here.p.0", "there"), ("there.p.0", "here")]
)
def test_portal_of_a_host_that_is_not_the_keys_is_refused(portal: str, host: str) -> None:
    bench = Bench()
    newer = RowId(GENERATION + 1, 1)
    assert bench.send("a", hello(portal=portal, host=host, last=newer), peer=THERE) == []
    [(_, refused)] = bench.answers()
    assert isinstance(refused, Refused) and refused.code == "not_yours"


def test_portal_that_is_known_by_one_key_is_refused_by_another() -> None:
    bench = Bench()
    bench.send("a", hello(portal="there.p.0", host="there"), peer=THERE)
    bench.frames()
    for peer in (OTHER, None):
        assert bench.send("b", hello(portal="there.p.0", host="there"), epoch=2, peer=peer) == []
        [(_, refused)] = bench.answers()
        assert isinstance(refused, Refused) and refused.code == "not_yours"


def test_frames_by_another_key_on_the_socket_of_a_portal_are_dropped() -> None:
    bench = Bench()
    bench.send("a", hello(portal="there.p.0", host="there"), peer=THERE)
    bench.frames()
    assert bench.send("a", hello(portal="there.p.1", host="there"), epoch=2, peer=OTHER) == []
    assert bench.send("a", k=2, peer=OTHER) == []
    assert bench.frames() == []


def test_nothing_more_is_said_to_a_portal_whose_key_is_allowed_no_more() -> None:
    bench = Bench()
    bench.send("a", hello(portal="there.p.0", host="there"), peer=THERE)
    bench.send("b", hello(portal="here.p.0"))
    bench.frames()
    bench.links.drop_keys(lambda key: False)
    bench.now += HEARTBEAT_S
    assert [socket for socket, _ in bench.frames()] == ["b"]


def test_newer_incarnation_may_come_by_another_key_once_the_older_is_dead() -> None:
    bench = Bench()
    bench.send("a", hello(number=5, portal="there.p.0", host="there"), peer=THERE)
    bench.now += linking.OTHER_HOST_SILENCE_S
    newer = hello(number=6, portal="there.p.0", host="there")
    assert len(bench.send("b", newer, peer=OTHER)) == 2


def test_buried_incarnation_that_comes_back_is_refused() -> None:
    bench = Bench()
    [greeted] = bench.send("a", hello(number=5))
    assert isinstance(greeted, Greeted)
    bench.links.bury(greeted.link)
    bench.frames()
    assert bench.send("a", Input(1, 2, "look"), k=2) == []
    assert bench.send("b", hello(number=5), epoch=2) == []
    assert bench.send("c", hello(number=4)) == []
    assert bench.answers() == [
        ("a", Resync("no hello")),
        ("b", Refused("buried", "it was given up")),
        ("c", Refused("buried", "it was given up")),
    ]


def test_burial_is_known_to_the_next_generation() -> None:
    bench = Bench(known(number=5, buried=True))
    assert len(bench.links) == 0
    assert bench.send("a", hello(number=5)) == []
    assert bench.answers() == [("a", Refused("buried", "it was given up"))]
    [greeted] = bench.send("b", hello(number=6))
    assert isinstance(greeted, Greeted)


def test_portal_with_rows_of_a_newer_generation_says_that_this_server_is_stale() -> None:
    bench = Bench()
    with pytest.raises(Fenced, match="generation 4"):
        bench.send("a", hello(last=RowId(GENERATION + 1, 1)))


# Frames.


def test_missing_frame_is_answered_with_resync_and_ends_the_epoch() -> None:
    bench = Bench()
    bench.send("a", hello())
    bench.frames()
    assert bench.send("a", Input(1, 2, "look"), k=3) == []
    assert bench.frames() == [
        ("a", DownFrame(codec.WIRE_VERSION, 1, 2, Resync("a frame is missing")))
    ]
    assert bench.send("a", Input(1, 2, "look"), k=2) == []
    [greeted] = bench.send("b", hello(), epoch=2)
    assert isinstance(greeted, Greeted)


def test_repeated_frame_is_answered_with_resync() -> None:
    bench = Bench()
    bench.send("a", hello())
    bench.send("a", k=2)
    bench.frames()
    bench.send("a", k=2)
    assert bench.answers() == [("a", Resync("a frame is missing"))]


def test_heartbeat_is_heard_and_says_nothing() -> None:
    bench = Bench()
    bench.send("a", hello())
    bench.now += 7
    assert bench.send("a", k=2) == []
    link = bench.links.get("p")
    assert link is not None
    assert link.last_heard == bench.now


def test_bad_frame_is_answered_and_never_raised() -> None:
    bench = Bench()
    for socket, data, version in ((b"a", b"\x94\x01", 1), (b"b", b"\x94\x02", 2), (b"c", b"", 2)):
        assert bench.links.receive(socket, data, bench.now) == []
        answer = DownFrame(version, 0, 0, Resync("bad frame"))
        assert bench.frames() == [(socket.decode(), answer)]


@pytest.mark.parametrize("theirs", [0, 3])
def test_frame_of_another_version_is_answered_with_ours(
    theirs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    bench = Bench()
    for socket in (b"a", b"b"):
        assert bench.links.receive(socket, codec.encode((theirs, 1, 1, "?")), bench.now) == []
    text = f"the peer speaks wire version {theirs}, this process speaks 1 and 2"
    frame = DownFrame(codec.WIRE_VERSION, 0, 0, Refused("version", text))
    assert bench.frames() == [("a", frame), ("b", frame)]
    assert capsys.readouterr().out.count("a portal speaks another version") == 1


@pytest.mark.parametrize("version", codec.SPOKEN_VERSIONS)
def test_epoch_is_answered_in_the_version_of_its_hello(version: int) -> None:
    bench = Bench(known(), rows=(stored_row(1),))
    events = bench.send("a", hello(), version=version)
    connected = Connected(1, 1, "telnet", "", 0, {}, 0.0)
    events += bench.send("a", connected, Input(1, 2, "look"), k=2, version=version)
    assert [type(event) for event in events] == [Greeted, Arrived, Arrived]
    bench.now += HEARTBEAT_S
    frames = [frame for _, frame in bench.frames()]
    assert [type(frame.message) for frame in frames] == [Welcome, Row]
    assert {frame.version for frame in frames} == {version}


@pytest.mark.parametrize("version", codec.SPOKEN_VERSIONS)
def test_refusal_is_said_in_the_version_of_the_hello(version: int) -> None:
    bench = Bench(known(number=2))
    bench.send("a", hello(number=1), version=version)
    bench.send("b", Input(1, 2, "look"), k=7, version=version)
    frames = [frame for _, frame in bench.frames()]
    assert [(type(frame.message), frame.version) for frame in frames] == [
        (Refused, version),
        (Resync, version),
    ]


def test_frame_of_another_version_than_its_epochs_costs_the_epoch() -> None:
    bench = Bench()
    bench.send("a", hello(), version=1)
    bench.frames()
    assert bench.send("a", Connected(1, 1, "telnet", "", 0, {}, 0.0), k=2, version=2) == []
    assert [(type(frame.message), frame.version) for _, frame in bench.frames()] == [(Resync, 1)]


def test_hello_within_an_epoch_is_bad_and_what_came_before_it_counts() -> None:
    bench = Bench()
    bench.send("a", hello())
    bench.frames()
    events = bench.send("a", Input(1, 2, "look"), hello(), k=2)
    assert [type(event) for event in events] == [Arrived]
    assert bench.answers() == [("a", Resync("bad frame"))]


def test_death_and_greeting_are_told_though_the_rest_of_their_frame_is_bad() -> None:
    bench = Bench(known(number=5), alive=False)
    events = bench.send("a", hello(number=6), hello(number=6))
    assert [type(event) for event in events] == [Dead, Greeted]


@pytest.mark.parametrize(
    "message",
    [Connected(2, 5, "telnet", "", 0, {}, 0.0), Input(2, 1, "look")],
    ids=["connected that is not input 1", "input 1 that is no connected"],
)
def test_connection_that_does_not_begin_with_connected_is_bad(message: PortalToServer) -> None:
    bench = Bench()
    bench.send("a", hello())
    bench.frames()
    assert bench.send("a", message, k=2) == []
    assert bench.answers() == [("a", Resync("bad frame"))]


@given(st.binary(max_size=300))
def test_random_frames_never_raise(data: bytes) -> None:
    bench = Bench()
    assert bench.links.receive(b"a", data, bench.now) == []
    bench.links.receive(b"a", b"\x94\x01\x01\x01" + data, bench.now)


# Acknowledgements.


def test_acknowledgement_is_told_once_with_the_last_row() -> None:
    bench = Bench(known(), rows=(stored_row(1), stored_row(2)))
    bench.send("a", hello())
    bench.send("a", Ack(RowId(2, 1)), k=2)
    bench.send("a", Ack(RowId(2, 2)), k=3)
    bench.send("a", Ack(RowId(2, 1)), k=4)
    assert bench.links.take_trimmed() == {"p": RowId(2, 2)}
    assert bench.links.take_trimmed() == {}


def test_acknowledgement_of_a_lost_epoch_does_not_count() -> None:
    bench = Bench(known(), rows=(stored_row(1),))
    bench.send("a", hello())
    bench.send("b", hello(), epoch=2)
    bench.send("a", Ack(RowId(2, 1)), k=2)
    assert bench.links.take_trimmed() == {}


def test_rows_of_the_outbox_know_what_they_close() -> None:
    bench = Bench(known(), rows=(stored_row(1, closes=(4,)),))
    link = bench.links.get("p")
    assert link is not None
    assert link.is_closing(4)


def test_row_for_a_portal_that_nobody_knows_is_dropped_and_deleted() -> None:
    bench = Bench(rows=(stored_row(1),))
    assert len(bench.links) == 0
    assert bench.links.take_trimmed() == {"p": RowId(2, 1)}


# Sockets that are lost.


def test_nothing_is_sent_to_a_socket_that_is_lost_until_the_next_hello() -> None:
    bench = Bench(known(), rows=(stored_row(1),))
    bench.send("a", hello())
    bench.frames()
    bench.links.lost(b"a")
    bench.links.lost(b"a")
    bench.links.lost(b"never seen")
    bench.now += 10
    assert bench.frames() == []
    bench.send("b", hello(), epoch=2)
    assert [type(message) for _, message in bench.answers()] == [Welcome, Row]


# The dead.


def test_portal_that_is_heard_is_not_looked_at() -> None:
    bench = Bench(alive=False)
    bench.send("a", hello())
    bench.now += SILENCE_S - 0.1
    assert bench.links.find_dead(bench.now) == []
    assert bench.asked == []


def test_silent_portal_of_this_host_is_dead_when_its_lock_is_free() -> None:
    bench = Bench(alive=False)
    bench.send("a", hello())
    bench.now += SILENCE_S
    [dead] = bench.links.find_dead(bench.now)
    assert dead.link.portal == "p"


def test_silent_portal_that_holds_its_lock_is_waited_for_until_its_grace_is_over() -> None:
    bench = Bench(grace_s=120.0)
    bench.send("a", hello())
    bench.now += 120.0
    assert bench.links.find_dead(bench.now) == []
    bench.now += 0.1
    assert len(bench.links.find_dead(bench.now)) == 1


def test_grace_counts_from_the_start_of_the_generation() -> None:
    bench = Bench(known(host="there"), grace_s=120.0)
    bench.now += 119.0
    assert bench.links.find_dead(bench.now) == []
    bench.now += 2.0
    assert len(bench.links.find_dead(bench.now)) == 1


def test_portal_is_waited_for_without_end_where_there_is_no_grace() -> None:
    bench = Bench(known(host="there"), grace_s=0)
    bench.now += 1e6
    assert bench.links.find_dead(bench.now) == []


def test_lock_is_looked_at_once_a_second() -> None:
    bench = Bench(known())
    for _ in range(10):
        bench.links.find_dead(bench.now)
        bench.now += 0.25
    assert len(bench.asked) == 3


def test_portal_whose_link_broke_is_looked_at_at_once() -> None:
    bench = Bench(alive=False)
    bench.send("a", hello())
    bench.links.lost(b"a")
    assert len(bench.links.find_dead(bench.now)) == 1


def test_portal_of_another_host_is_never_probed() -> None:
    bench = Bench(known(host="there"), alive=False)
    bench.now += 10
    assert bench.links.find_dead(bench.now) == []
    assert bench.asked == []


def test_portal_out_of_reach_for_which_too_much_waits_is_given_up() -> None:
    bench = Bench(known(host="there"))
    link = bench.links.get("p")
    assert link is not None
    piece = bytes(1024 * 1024)
    for n in range(BACKLOG_BYTES // len(piece)):
        link.keep(OutboxRow("p", RowId(GENERATION, n + 1), piece))
    assert bench.links.find_dead(bench.now) == []
    link.keep(OutboxRow("p", RowId(GENERATION, 10_000), b"x"))
    assert len(bench.links.find_dead(bench.now)) == 1
