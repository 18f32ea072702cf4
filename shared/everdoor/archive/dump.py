"""An archive as text, for people: all that is in it, or all that is before the damage.

Nothing is built, and no class is asked; which fields are masked is said in `secrets`.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

import msgspec

from everdoor.archive.files import opened
from everdoor.archive.secrets import Secrets
from everdoor.errors import RestoreError, UserError
from everdoor.playertext import clean
from everdoor.state import SECRET, AppSession
from everdoor.state.archivefile import (
    End,
    Header,
    Item,
    Metadata,
    Record,
    Reference,
    Schemas,
    read_items,
)
from everdoor.state.restoring import describe


def sdump(
    session: AppSession, session_file: str | Path, output: str | Path | IO[str] | None = None
) -> None:
    """Print what an archive holds: version, metadata, schema versions and every record.

    Args:
        session: Whose classes say which fields are secret; nothing of it is changed.
        session_file: The archive.
        output: Where to print: a path, or a text stream; None: stdout.

    Raises:
        UserError: A file cannot be read or written.
        RestoreError: The archive is damaged; what is before the damage has been printed.
    """
    if isinstance(output, str | Path):
        try:
            with builtins.open(output, "w", encoding="utf-8") as stream:
                sdump(session, session_file, stream)
        except OSError as exc:
            raise UserError(f"cannot write {output}: {exc.strerror}") from exc
        return
    with opened(session_file) as archive:
        for line in dump(session, read_items(archive)):
            print(line, file=output or sys.stdout)


def dump(session: AppSession, items: Iterable[Item]) -> Iterator[str]:
    """The lines that `sdump` prints.

    Raises:
        RestoreError: Reading the items did; the last line says so too.
    """
    secrets = Secrets(session)
    try:
        for item in items:
            yield from map(clean, _lines(secrets, item))
    except RestoreError as exc:
        yield clean(f"-- {exc}")
        raise


def show_value(value: object, name: Callable[[Reference], str] = repr) -> str:
    """A value in one line, much as JSON; bytes as `0x` and hex digits, references as `@number`.

    Args:
        value: As in a record.
        name: How to show references otherwise.
    """
    match value:
        case dict():
            pairs = (f"{show_value(key)}: {show_value(item, name)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        case list():
            return f"[{', '.join(show_value(item, name) for item in value)}]"
        case bytes():
            return f"0x{value.hex()}"
        case Reference():
            return name(value)
    return msgspec.json.encode(value).decode()


def _lines(secrets: Secrets, item: Item) -> Iterator[str]:
    match item:
        case Header(version):
            yield f"# Everdoor Session version {version}"
        case Metadata(values):
            secrets.learn(values)
            yield "metadata"
            yield from _fields(values)
        case Schemas(versions):
            yield "schema versions"
            yield from _fields(versions)
        case Record():
            yield f"record {item.number}: {describe(item)}"
            yield from _fields(secrets.mask(item))
        case End(count):
            yield f"end: {count} records, checksum right"


def _fields(values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        yield f"  {name}: {SECRET if value == SECRET else show_value(value)}"
