"""Archives as bytes: what is written is read, and nothing else is."""

from __future__ import annotations

import hashlib
import io
import zlib
from typing import Any

import msgspec
import pytest
import zstandard

from archives import fleet_session, flipped, saved
from everdoor.errors import RestoreError, UserError
from everdoor.state import archivefile
from everdoor.state.archivefile import (
    End,
    Header,
    Item,
    Metadata,
    Record,
    Reference,
    Schemas,
    compress,
    read_items,
    write_archive,
)

RECORDS = [
    Record(1, "Ship", [], {"version": 2, "name": "Bounty", "hull": b"\xff", "at": [1.5, None]}),
    Record(2, "Fleet", ["fleet"], {"version": 1, "ships": {"first": [Reference(1)]}}),
]


def written(records: list[Record] | None = None, **metadata: Any) -> bytes:
    stream = io.BytesIO()
    write_archive(
        stream, metadata, {"Ship": 2, "Fleet": 1}, RECORDS if records is None else records
    )
    return stream.getvalue()


def read(content: bytes) -> list[Item]:
    return list(read_items(io.BytesIO(content)))


def reference(number: int) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(1, number.to_bytes(4, "big"))


def item(kind: str, body: Any) -> bytes:
    """An item that has its checksum, whatever is in it."""
    head = b"\x93" + msgspec.msgpack.encode(kind) + msgspec.msgpack.encode(body)
    return head + msgspec.msgpack.encode(zlib.crc32(head))


def forged(*records: Any, schemas: Any = None, count: int | None = None) -> bytes:
    """An archive with records of any make, whose checksums are right."""
    content = b"# Everdoor Session version 3\n" + item("metadata", {})
    content += item("schemas", {"Ship": 1} if schemas is None else schemas)
    content += b"".join(item("record", record) for record in records)
    digest = hashlib.sha256(content).digest()
    return content + item("end", [len(records) if count is None else count, digest])


def test_archive_comes_back_as_it_was_written() -> None:
    assert read(written(author="anna")) == [
        Header(3),
        Metadata({"author": "anna"}),
        Schemas({"Ship": 2, "Fleet": 1}),
        *RECORDS,
        End(2),
    ]


def test_archive_begins_with_a_line_of_text() -> None:
    assert written().startswith(b"# Everdoor Session version 3\n")


def test_archive_is_recognised_as_compressed_by_its_content() -> None:
    compressed = compress(written())
    assert b"Everdoor" not in compressed[:8] and read(compressed) == read(written())


def test_archive_is_plain_messagepack_behind_its_line() -> None:
    behind = written([]).removeprefix(b"# Everdoor Session version 3\n")
    metadata, schemas = item("metadata", {}), item("schemas", {"Ship": 2, "Fleet": 1})
    assert behind.startswith(metadata + schemas + b"\x93\xa3end\x92\x00\xc4\x20")


# Damage.


def test_archive_cut_at_any_byte_is_refused_with_the_place() -> None:
    content = saved(fleet_session())
    for end in range(len(content)):
        with pytest.raises(RestoreError, match=r"damaged at byte \d+"):
            read(content[:end])


def test_compressed_archive_cut_at_any_byte_is_refused_with_the_place() -> None:
    content = compress(saved(fleet_session()))
    for end in range(len(content)):
        with pytest.raises(RestoreError, match=r"damaged at byte \d+"):
            read(content[:end])


def test_archive_with_any_bit_flipped_is_refused() -> None:
    content = saved(fleet_session("Bounty"))
    for bit in range(8 * len(content)):
        with pytest.raises(RestoreError):
            read(flipped(content, bit))


def test_compressed_archive_with_any_bit_flipped_is_refused_or_says_the_same() -> None:
    content = compress(saved(fleet_session("Bounty")))
    whole = read(content)
    for bit in range(8 * len(content)):
        try:
            assert read(flipped(content, bit)) == whole
        except RestoreError:
            continue


def test_damage_is_told_with_the_record_before_it() -> None:
    content = written()
    with pytest.raises(RestoreError, match="after record 1: the item's checksum is wrong"):
        read(content.replace(b"ships", b"shipz"))


def test_what_is_before_the_damage_can_be_read() -> None:
    content = written()
    items = read_items(io.BytesIO(content[: content.index(b"fleet")]))
    assert [next(items) for _ in range(4)][-1] == RECORDS[0]
    with pytest.raises(RestoreError, match="after record 1: it ends too early"):
        next(items)


@pytest.mark.parametrize("pack", [bytes, compress], ids=["uncompressed", "compressed"])
def test_something_behind_the_end_is_refused(pack: Any) -> None:
    with pytest.raises(RestoreError, match="something follows"):
        read(pack(written()) + b"\0")


# Versions.


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(RestoreError, match="not an Everdoor session archive"):
        read(b"# Something else\n")


@pytest.mark.parametrize("version", [0, 1, 2])
def test_versions_that_were_never_written_are_refused(version: int) -> None:
    with pytest.raises(RestoreError, match=f"version {version} does not exist"):
        read(b"# Everdoor Session version %d\n" % version)


def test_newer_version_says_which_program_wrote_it() -> None:
    content = written(generator="everdoor 9.1").replace(b"version 3", b"version 4", 1)
    with pytest.raises(RestoreError, match=r"version 4, .* reads 3; .*: everdoor 9\.1"):
        read(content)


def test_newer_version_of_another_layout_is_refused_too() -> None:
    with pytest.raises(RestoreError, match="it is not said which"):
        read(b"# Everdoor Session version 12\n???")


# Hostile files, whose checksums are right.


@pytest.mark.parametrize(
    ("reason", "content"),
    [
        ("numbered 2, expected 1", forged([2, "Ship", [], {"version": 1}])),
        ("has no version", forged([1, "Ship", [], {}])),
        ("has no version", forged([1, "Ship", [], {"version": True}])),
        ("not that of the schemas", forged([1, "Ship", [], {"version": 2}])),
        ("not that of the schemas", forged([1, "Boat", [], {"version": 1}])),
        ("Reference", forged([1, "Ship", [], {"version": 1, "x": reference(1)}])),
        ("Reference", forged([1, "Ship", [], {"version": 1, "x": reference(0)}])),
        (
            "datetime",
            forged([1, "Ship", [], {"version": 1, "x": msgspec.msgpack.Ext(-1, b"1234")}]),
        ),
        (
            "extension",
            forged([1, "Ship", [], {"version": 1, "x": msgspec.msgpack.Ext(2, b"1234")}]),
        ),
        ("key is of type", forged([1, "Ship", [], {"version": 1, "x": {1: 2}}])),
        ("str", forged([1, "Ship", [], {1: 2}])),
        ("array", forged([1, "Ship", "tag", {"version": 1}])),
        ("length", forged([1, "Ship", []])),
        ("Expected", forged(schemas={"Ship": "1"})),
        ("the end mark counts 5", forged(count=5)),
    ],
)
def test_record_that_breaks_the_layout_is_refused(reason: str, content: bytes) -> None:
    with pytest.raises(RestoreError, match=reason):
        read(content)


def test_metadata_hold_no_references() -> None:
    content = b"# Everdoor Session version 3\n" + item("metadata", {"x": reference(1)})
    with pytest.raises(RestoreError, match="before the first record"):
        read(content)


def test_deep_nesting_is_refused() -> None:
    deep: Any = 1
    for _ in range(80):
        deep = [deep]
    with pytest.raises(RestoreError, match="containers deep"):
        read(forged([1, "Ship", [], {"version": 1, "x": deep}]))


@pytest.mark.parametrize(
    ("bound", "reason"),
    [
        ("MAX_ITEM_BYTES", "an item above 10 bytes"),
        ("MAX_VALUES", "more than 10 values"),
        ("MAX_CONTENT_BYTES", "larger than 10 bytes"),
    ],
)
def test_bounds_hold_while_reading(
    bound: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = written()
    monkeypatch.setattr(archivefile, bound, 10)
    with pytest.raises(RestoreError, match=reason):
        read(content)


def test_number_of_records_is_bounded_while_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    content = written()
    monkeypatch.setattr(archivefile, "MAX_RECORDS", 1)
    with pytest.raises(RestoreError, match="more than 1 records"):
        read(content)


def test_compression_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(archivefile.MAX_CONTENT_BYTES + 1))
    assert len(bomb) < 100_000
    with pytest.raises(RestoreError, match="larger than"):
        read(bomb)


@pytest.mark.parametrize("bound", ["MAX_ITEM_BYTES", "MAX_VALUES", "MAX_CONTENT_BYTES"])
def test_nothing_is_written_that_could_not_be_read(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archivefile, bound, 10)
    stream = io.BytesIO()
    with pytest.raises(UserError, match="too large to save: .* at most 10"):
        write_archive(stream, {}, {"Ship": 2, "Fleet": 1}, RECORDS)
    assert stream.getvalue() == b""


def test_metadata_that_are_no_primitives_are_not_written() -> None:
    with pytest.raises(UserError, match=r"metadata\['when'\]: tuple"):
        written(when=(1, 2))
