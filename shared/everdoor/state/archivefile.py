"""Session archives as bytes: the layout of version 3, written and read within bounds.

A file is a text line and a sequence of MessagePack items, `[kind, body, crc]`, where crc is the
CRC-32 of the item's bytes before it:

    # Everdoor Session version 3
    ["metadata", {name: value, ...}, crc]
    ["schemas", {class name: version, ...}, crc]
    ["record", [number, class name, [tag, ...], {field: value, ...}], crc]      0 or more times
    ["end", [number of records, SHA-256 of all bytes before this item], crc]

Records are numbered from 1. A reference is the extension type 1 with the number, as four bytes, of
an earlier record. The whole may be one Zstandard frame.

Every bound holds while a file is read, so that a hostile one ends in an error and not in the
machine's memory. What the records mean is `records`' (saving) and `restoring`'s.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import IO, Any, Final, NoReturn, TypeAlias

import msgspec
import zstandard

from everdoor.errors import RestoreError, UserError
from everdoor.state.msgpackscan import Scan, ScanFault
from everdoor.state.primitives import EXPECTED, MAX_DEPTH, Snapshot, find_non_primitive

ARCHIVE_VERSION: Final = 3
"""The only version there is: 1 and 2 were never written."""

HEADER: Final = b"# Everdoor Session version %d\n"

MAX_CONTENT_BYTES: Final = 64 * 1024 * 1024
"""Of a file, and of what it is uncompressed: some 100 000 sessions, as the stream's messages."""

MAX_ITEM_BYTES: Final = 4 * 1024 * 1024
"""Of one item: a record that refers to some 600 000 others."""

MAX_RECORDS: Final = 250_000

MAX_VALUES: Final = 4_000_000
"""In all items. An empty list is one byte in a file and 64 in memory: a quarter of a gigabyte."""

MAX_ITEM_DEPTH: Final = MAX_DEPTH + 3
"""Containers within containers: what a snapshot may have, within record and item."""

_LINE: Final = re.compile(rb"# Everdoor Session version ([0-9]{1,9})\n")
_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_FED_BYTES: Final = 1024
"""Compressed bytes that are taken at once: they become 32 MiB at most."""
_REFERENCE: Final = 1


class Reference:
    """A place in a record where the object of another record belongs."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other.number == self.number

    def __hash__(self) -> int:
        return hash(self.number)

    def __repr__(self) -> str:
        return f"@{self.number}"


class Header(msgspec.Struct, frozen=True):
    """The text line."""

    version: int


class Metadata(msgspec.Struct, frozen=True):
    """What the archive says of itself."""

    values: Snapshot


class Schemas(msgspec.Struct, frozen=True):
    """The version of the snapshots of each class that has records."""

    versions: dict[str, int]


class Record(msgspec.Struct, frozen=True):
    """One object: `data` is its snapshot, primitives and references to earlier records.

    `tags` are those under which it is a state manager, none for most objects.
    """

    number: int
    class_name: str
    tags: list[str]
    data: dict[str, Any]


class End(msgspec.Struct, frozen=True):
    """The end mark: the archive is whole."""

    count: int


Item: TypeAlias = Header | Metadata | Schemas | Record | End

# Writing.


def write_archive(
    stream: IO[bytes],
    metadata: Mapping[str, object],
    schemas: Mapping[str, int],
    records: Iterable[Record],
) -> None:
    """Write an archive, uncompressed. Nothing is written unless all is within the bounds.

    Raises:
        UserError: As for `assembled`.
    """
    stream.write(assembled(metadata, schemas, [record_item(record) for record in records]))


def record_item(record: Record) -> bytes:
    """One record as the item of a file.

    Raises:
        UserError: It holds a number, or a character, that no item can.
    """
    try:
        return _item("record", [record.number, record.class_name, record.tags, record.data])
    except (OverflowError, UnicodeEncodeError):
        label = " ".join([record.class_name, *map(repr, record.tags)])
        found = find_non_primitive(record.data, label, _is_reference)
        raise UserError(f"cannot save {found}; expected {EXPECTED}, or a reference") from None


def assembled(
    metadata: Mapping[str, object], schemas: Mapping[str, int], items: list[bytes]
) -> bytes:
    """Put the items of all records together, as an uncompressed archive.

    Raises:
        UserError: It would be larger than can be read, or the metadata are no primitives.
    """
    if found := find_non_primitive(dict(metadata), "metadata"):
        raise UserError(f"cannot save {found}; expected {EXPECTED}")
    head = [HEADER % ARCHIVE_VERSION, _item("metadata", metadata), _item("schemas", schemas)]
    content = b"".join([*head, *items])
    end = _item("end", [len(items), hashlib.sha256(content).digest()])
    _check_writable([*head, *items, end], len(items))
    return content + end


def compress(content: bytes) -> bytes:
    """Compress an archive, as one frame that says its size and has a checksum."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def _item(kind: str, body: object) -> bytes:
    item = _head(kind) + _encoder.encode(body)
    return item + _encoder.encode(zlib.crc32(item))


@cache
def _head(kind: str) -> bytes:
    """The bytes with which every item of a kind begins."""
    return b"\x93" + _encoder.encode(kind)


def _check_writable(parts: list[bytes], count: int) -> None:
    scan, largest, total = Scan(MAX_ITEM_DEPTH), max(map(len, parts)), sum(map(len, parts))
    # A value is a byte at least, so they need counting in large archives only.
    for part in parts[1:] if total > MAX_VALUES else ():
        scan.skip(part, 0)
    for what, found, most in (
        ("bytes", total, MAX_CONTENT_BYTES),
        ("bytes in one record", largest, MAX_ITEM_BYTES),
        ("records", count, MAX_RECORDS),
        ("values", scan.values, MAX_VALUES),
    ):
        if found > most:
            raise UserError(f"the session is too large to save: {found} {what}, at most {most}")


def _is_reference(value: object) -> bool:
    return isinstance(value, Reference)


def _encode_reference(value: object) -> msgspec.msgpack.Ext:
    assert isinstance(value, Reference), "all else was checked to be a primitive"
    return msgspec.msgpack.Ext(_REFERENCE, value.number.to_bytes(4, "big"))


_encoder = msgspec.msgpack.Encoder(enc_hook=_encode_reference)

# Reading.


def read_items(stream: IO[bytes]) -> Iterator[Item]:
    """Read an archive item by item, compressed or not, in the order of the file.

    Whoever takes them all, to the end mark, knows that the archive is whole; until then nothing is
    known of what is still to come.

    Raises:
        RestoreError: It is no archive, of another version, or damaged; the text says where.
    """
    return _Reading(*_unpack(stream)).items()


class _Reading:
    """One pass over the content of an archive.

    Args:
        content: As far as it could be had.
        fault: Why there is no more; empty: this is all.
    """

    def __init__(self, content: bytes, fault: str) -> None:
        self._content = content
        self._fault = fault
        self._offset = 0
        self._count = 0
        self._scan = Scan(MAX_ITEM_DEPTH)
        self._versions: dict[str, int] = {}

    def items(self) -> Iterator[Item]:
        yield self._header()
        yield Metadata(self._take("metadata", _metadata))
        self._versions = self._take("schemas", _schemas)
        yield Schemas(self._versions)
        while not isinstance(item := self._record_or_end(), End):
            yield item
        yield item

    def _header(self) -> Header:
        found = _LINE.match(self._content)
        if found is None:
            self._refuse_header()
        version = int(found[1])
        self._offset = found.end()
        if version < ARCHIVE_VERSION:
            raise RestoreError(
                f"archive version {version} does not exist; expected {ARCHIVE_VERSION}"
            )
        if version > ARCHIVE_VERSION:
            raise RestoreError(
                f"the archive has version {version}, this program reads {ARCHIVE_VERSION}; "
                f"use the program that wrote it: {self._generator()}"
            )
        return Header(version)

    def _refuse_header(self) -> NoReturn:
        if self._fault:
            raise RestoreError(f"the archive is damaged at byte 0: {self._fault}")
        begins = self._content[:32]
        raise RestoreError(
            "not an Everdoor session archive, or damaged at byte 0: expected "
            f"{HEADER.decode().strip() % ARCHIVE_VERSION!r} as its first line, got {begins!r}"
        )

    def _generator(self) -> str:
        """Who wrote an archive of a newer version, as far as that can be read."""
        try:
            return str(self._take("metadata", _metadata)["generator"])
        except (RestoreError, KeyError):
            return "it is not said which"

    def _take(self, kind: str, decoder: msgspec.msgpack.Decoder[Any]) -> Any:
        """Take the item at the offset, which is to be of that kind; returns its body."""
        start, body = self._offset, self._next(kind)
        try:
            value = decoder.decode(body)
        except (msgspec.DecodeError, ValueError, TypeError, RecursionError) as exc:
            self._damaged(start, str(exc))
        if isinstance(value, dict) and (found := find_non_primitive(value, kind)):
            self._damaged(start, found)
        return value

    def _record_or_end(self) -> Record | End:
        start = self._offset
        if self._kind() == "end":
            return self._end(start)
        number, name, tags, data = self._take("record", _records)
        self._count += 1
        record = Record(number, name, tags, data)
        if reason := self._fault_of(record):
            self._damaged(start, reason)
        return record

    def _fault_of(self, record: Record) -> str | None:
        if self._count > MAX_RECORDS:
            return f"more than {MAX_RECORDS} records"
        if record.number != self._count:
            return f"a record numbered {record.number}, expected {self._count}"
        version = self._versions.get(record.class_name)
        if type(record.data.get("version")) is not int or record.data["version"] != version:
            return f"{record.class_name!r:.80} has no version, or not that of the schemas"
        return find_non_primitive(record.data, record.class_name, self._is_earlier)

    def _is_earlier(self, value: object) -> bool:
        return isinstance(value, Reference) and 1 <= value.number < self._count

    def _end(self, start: int) -> End:
        digest = hashlib.sha256(memoryview(self._content)[:start]).digest()
        count, expected = self._take("end", _ends)
        if count != self._count:
            self._damaged(start, f"{self._count} records, the end mark counts {count}")
        if digest != expected:
            self._damaged(start, "the checksum is not that of the end mark")
        if self._fault or self._offset != len(self._content):
            self._damaged(self._offset, self._fault or "something follows the end mark")
        return End(count)

    # Items as bytes.

    def _kind(self) -> str:
        """What the next item calls itself."""
        return "end" if self._content.startswith(b"\x93\xa3end", self._offset) else "record"

    def _next(self, kind: str) -> memoryview:
        """Step over the next item; returns the bytes of its body."""
        start, head = self._offset, _head(kind)
        self._check_there(start, head)
        try:
            body = self._scan.skip(self._content, start + len(head))
            end = self._scan.skip(self._content, body)
        except ScanFault as exc:
            self._damaged(exc.offset, self._fault if exc.is_cut and self._fault else str(exc))
        if end - start > MAX_ITEM_BYTES:
            self._damaged(start, f"an item above {MAX_ITEM_BYTES} bytes")
        if self._scan.values > MAX_VALUES:
            self._damaged(start, f"more than {MAX_VALUES} values")
        content = memoryview(self._content)
        if _encoder.encode(zlib.crc32(content[start:body])) != content[body:end]:
            self._damaged(start, "the item's checksum is wrong")
        self._offset = end
        return content[start + len(head) : body]

    def _check_there(self, start: int, head: bytes) -> None:
        there = self._content[start : start + len(head)]
        if there == head:
            return
        if head.startswith(there):
            self._damaged(len(self._content), self._fault or "it ends too early")
        self._damaged(start, f"expected the item {head[2:].decode()!r}")

    def _damaged(self, offset: int, reason: str) -> NoReturn:
        place = f"after record {self._count}" if self._count else "before the first record"
        raise RestoreError(f"the archive is damaged at byte {offset}, {place}: {reason}")


def _decode_extension(code: int, data: memoryview) -> Reference:
    if code != _REFERENCE or len(data) != 4:
        raise ValueError(f"an extension of type {code}")
    return Reference(int.from_bytes(data, "big"))


_metadata = msgspec.msgpack.Decoder(dict[str, Any])
_schemas = msgspec.msgpack.Decoder(dict[str, int])
_records = msgspec.msgpack.Decoder(
    tuple[int, str, list[str], dict[str, Any]], ext_hook=_decode_extension
)
_ends = msgspec.msgpack.Decoder(tuple[int, bytes])

# Compression.


def _unpack(stream: IO[bytes]) -> tuple[bytes, str]:
    """Read the content of an archive, and why there is no more of it, or nothing."""
    raw = stream.read(MAX_CONTENT_BYTES + 1)
    if len(raw) > MAX_CONTENT_BYTES:
        raise RestoreError(f"the archive is larger than {MAX_CONTENT_BYTES} bytes")
    return _decompress(raw) if raw.startswith(_MAGIC) else (raw, "")


def _decompress(raw: bytes) -> tuple[bytes, str]:
    unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_CONTENT_BYTES).decompressobj()
    content = bytearray()
    for start in range(0, len(raw), _FED_BYTES):
        try:
            content += unpacker.decompress(raw[start : start + _FED_BYTES])
        except zstandard.ZstdError as exc:
            return bytes(content), f"what is compressed is damaged before byte {start}: {exc}"
        if len(content) > MAX_CONTENT_BYTES:
            raise RestoreError(f"the archive is larger than {MAX_CONTENT_BYTES} bytes")
        if unpacker.eof:
            rest = len(raw) - start - _FED_BYTES
            is_all = rest <= 0 and not unpacker.unused_data
            return bytes(content), "" if is_all else "something follows what is compressed"
    return bytes(content), f"what is compressed ends too early, at byte {len(raw)}"
