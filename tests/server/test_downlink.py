"""One portal as the server sees it: rows kept until acknowledged, frames within a window."""

from __future__ import annotations

from everdoor import codec
from everdoor.ids import NO_ROW, Incarnation, RowId
from everdoor.messages.stream import (
    Beat,
    DownFrame,
    Hello,
    Output,
    Part,
    Resync,
    Row,
    UpFrame,
    Welcome,
)
from everdoor.stream import HEARTBEAT_S, FrameReceiver
from everdoor_server.commit import OutboxRow
from everdoor_server.downlink import WINDOW_BYTES, Downlink

NOW = 100.0


def row(n: int, text: str = "hi", closes: tuple[int, ...] = ()) -> OutboxRow:
    body = Row(
        RowId(1, n),
        [],
        [],
        [Output([1], "text", [text], {})],
        [(conn, "bye") for conn in closes],
    )
    return OutboxRow("p", body.id, codec.encode(body), closes)


def downlink(*rows: OutboxRow) -> Downlink:
    link = Downlink("p", Incarnation(1, 7), "here", NOW)
    for kept in rows:
        link.keep(kept)
    return link


def opened(*rows: OutboxRow, last: RowId = NO_ROW, epoch: int = 1) -> Downlink:
    link = downlink(*rows)
    open_epoch(link, epoch, last)
    return link


def open_epoch(link: Downlink, epoch: int, last: RowId = NO_ROW) -> None:
    receiver = FrameReceiver(epoch)
    receiver.is_next(1)
    hello = Hello("p", Incarnation(1, 7), "here", last, [])
    link.open(hello, codec.WIRE_VERSION, epoch, receiver, NOW)


def frames(link: Downlink, now: float = NOW) -> list[DownFrame]:
    return [codec.decode_down(data) for data in link.data_to_send(now)]


def sent(link: Downlink, now: float = NOW) -> list[int]:
    """Numbers of the rows that go out now."""
    return [frame.message.id.n for frame in frames(link, now) if isinstance(frame.message, Row)]


def test_downlink_sends_nothing_before_a_hello() -> None:
    link = downlink(row(1))
    assert not link.is_open
    assert link.data_to_send(NOW) == []
    assert link.welcome(1) == []


def test_downlink_welcomes_and_then_sends_every_row_once_in_order() -> None:
    link = opened(row(1), row(2))
    [welcome] = link.welcome(9)
    assert codec.decode_down(welcome) == DownFrame(codec.WIRE_VERSION, 1, 1, Welcome(9))
    assert [(frame.epoch, frame.k) for frame in frames(link)] == [(1, 2), (1, 3)]
    assert frames(link) == []


def test_downlink_leaves_out_what_the_hello_says_is_applied() -> None:
    link = opened(row(1), row(2), row(3), last=RowId(1, 2))
    assert sent(link) == [3]
    assert [kept.id.n for kept in link.rows] == [3]


def test_downlink_sends_unacknowledged_rows_again_in_every_epoch() -> None:
    link = opened(row(1), row(2))
    assert sent(link) == [1, 2]
    open_epoch(link, 2)
    assert sent(link) == [1, 2]
    assert link.epoch == 2


def test_row_is_kept_until_it_is_acknowledged() -> None:
    link = opened(row(1), row(2))
    frames(link)
    assert link.acknowledge(RowId(1, 1))
    assert [kept.id.n for kept in link.rows] == [2]
    assert link.backlog_bytes == len(row(2).body)
    assert link.acknowledge(RowId(1, 2))
    assert (len(link.rows), link.backlog_bytes) == (0, 0)


def test_acknowledgement_of_what_is_acknowledged_says_so() -> None:
    link = opened(row(1), row(2))
    link.acknowledge(RowId(1, 2))
    assert not link.acknowledge(RowId(1, 2))
    assert not link.acknowledge(RowId(1, 1))
    assert link.acknowledged == RowId(1, 2)


def test_acknowledgement_of_rows_that_were_not_sent_forgets_them_too() -> None:
    link = opened(row(1), row(2), row(3))
    link.acknowledge(RowId(1, 2))
    assert sent(link) == [3]


def test_downlink_sends_within_a_window_and_goes_on_when_acknowledged() -> None:
    big = "x" * (900 * 1024)
    rows = [row(n, big) for n in range(1, 21)]
    link = opened(*rows)
    first = sent(link)
    assert sum(len(rows[n - 1].body) for n in first[:-1]) < WINDOW_BYTES
    assert len(first) < len(rows)
    assert sent(link) == []
    link.acknowledge(RowId(1, first[-1]))
    assert sent(link)[0] == first[-1] + 1


def test_closed_epoch_gives_the_whole_window_to_the_next() -> None:
    big = "x" * (900 * 1024)
    link = opened(*[row(n, big) for n in range(1, 21)])
    first = sent(link)
    link.close()
    assert not link.is_open
    assert link.data_to_send(NOW) == []
    open_epoch(link, 2)
    assert sent(link) == first


def test_row_above_a_frame_goes_out_in_parts() -> None:
    link = opened(row(1, "x" * 1_500_000), row(2))
    messages = [frame.message for frame in frames(link)]
    assert [type(message) for message in messages] == [Part, Part, Row]
    receiver = FrameReceiver(1)
    whole = [receiver.join(part) for part in messages if isinstance(part, Part)][-1]
    assert whole == row(1, "x" * 1_500_000).body


def test_downlink_beats_when_it_has_been_silent() -> None:
    link = opened()
    assert frames(link, NOW + HEARTBEAT_S / 2) == []
    assert [frame.message for frame in frames(link, NOW + HEARTBEAT_S)] == [Beat()]
    assert frames(link, NOW + HEARTBEAT_S * 1.5) == []


def test_row_takes_the_place_of_a_beat() -> None:
    link = opened()
    link.keep(row(1))
    assert sent(link, NOW + HEARTBEAT_S) == [1]
    assert frames(link, NOW + HEARTBEAT_S * 1.5) == []


def test_downlink_knows_which_connections_a_row_still_closes() -> None:
    link = opened(row(1, closes=(4, 5)), row(2, closes=(6,)))
    assert [link.is_closing(conn) for conn in (3, 4, 5, 6)] == [False, True, True, True]
    link.acknowledge(RowId(1, 1))
    assert [link.is_closing(conn) for conn in (4, 5, 6)] == [False, False, True]


def test_downlink_takes_frames_of_its_epoch_in_order() -> None:
    link = opened()
    assert link.accepts(UpFrame(codec.WIRE_VERSION, 1, 2, []), NOW + 1)
    assert link.last_heard == NOW + 1
    assert not link.accepts(UpFrame(codec.WIRE_VERSION, 1, 4, []), NOW + 2)
    assert not link.accepts(UpFrame(codec.WIRE_VERSION, 2, 3, []), NOW + 2)
    assert link.last_heard == NOW + 1


def test_downlink_asks_for_a_new_epoch_and_sends_no_more_in_this_one() -> None:
    link = opened(row(1))
    [frame] = link.resync("a frame is missing")
    assert codec.decode_down(frame) == DownFrame(
        codec.WIRE_VERSION, 1, 1, Resync("a frame is missing")
    )
    assert link.data_to_send(NOW + 10) == []
    assert not link.accepts(UpFrame(codec.WIRE_VERSION, 1, 2, []), NOW)
    assert len(link.rows) == 1
