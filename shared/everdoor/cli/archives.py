"""Session archives at the command line: those in files, and one of the running system.

What is in an archive is `everdoor.archive`'s and docs/state-api.md's.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from everdoor.archive import Difference, differences, dump, read
from everdoor.archive.files import opened
from everdoor.archiving import merged
from everdoor.bus import RpcClient
from everdoor.cli.live import command, from_server_or_portals, no_session
from everdoor.cli.surroundings import read_settings
from everdoor.errors import CallRefused, RestoreError
from everdoor.messages.calls import (
    SESSION_CLASS,
    Archive,
    RestoredSession,
    RestoreSessions,
    SavedSession,
    SaveSessions,
    SessionsRestored,
)
from everdoor.settings import Settings
from everdoor.state import AppSession, Snapshot
from everdoor.state.archivefile import Item, Metadata, Record, read_items

LIVE = "live"
"""What stands for the running system where a file could."""

CALL_BYTES = 900 * 1024
"""Of the sessions in one call, which must stay below 1 MiB."""

SAVE_TRIES = 3
"""How often a long archive is begun."""


def live_archive(settings: Settings, metadata: Mapping[str, str]) -> bytes:
    """Have the running server archive its sessions; while it is away, portals their copies.

    Raises:
        UserError: Nothing runs, or the server does not answer in time.
        CallRefused: It cannot.
    """

    async def ask(client: RpcClient, deadline_s: float) -> bytes:
        return await _fetch(client, deadline_s, metadata)

    found = from_server_or_portals(settings, ask)
    return found[0] if len(found) == 1 else merged(found, metadata)


def restore(target: str, dry_run: bool) -> list[RestoredSession]:
    """Have the running server bring an archive's sessions back onto those still connected.

    So many that a call has room for them are brought back in one turn: some thousands.

    Raises:
        UserError: The file cannot be read; the server does not run, or does not answer in time.
        RestoreError: The file is no whole archive of a server.
    """
    items = read(target)
    saved_at = _saved_at(next(item.values for item in items if isinstance(item, Metadata)))
    sessions = [_saved(item) for item in items if isinstance(item, Record) and _is_session(item)]
    found: list[RestoredSession] = []
    for part in _parts(sessions):
        answer = command(read_settings(), RestoreSessions(part, saved_at, dry_run))
        assert isinstance(answer, SessionsRestored), "the answer to restore_sessions"
        found += answer.sessions
    return found


def lines_of(target: str) -> Iterator[str]:
    """All that is in a file or, given `live`, in the running system.

    Raises:
        UserError: The file cannot be read, or nothing runs.
        RestoreError: The file is no whole archive; what is before the damage came first.
    """
    if target == LIVE:
        yield from dump(reader(), items_of(LIVE))
        return
    with opened(target) as stream:
        yield from dump(reader(), read_items(stream))


def lines_of_session(sessid: int) -> Iterator[str]:
    """What an archive of the running system says of one session.

    Raises:
        UserError: There is no such session, or nothing runs.
    """
    found = [item for item in items_of(LIVE) if isinstance(item, Record) and _is(item, sessid)]
    if not found:
        raise no_session(sessid)
    yield from dump(reader(), found)


def compared(before: str, after: str) -> list[Difference]:
    """What differs between two archives, each a file or `live`; errors as for `lines_of`."""
    return differences(reader(), items_of(before), items_of(after))


def items_of(target: str) -> list[Item]:
    """Read an archive, of a file or the running system."""
    if target == LIVE:
        return list(read_items(io.BytesIO(live_archive(read_settings(), {}))))
    return read(target)


def reader() -> AppSession:
    """A session that knows no classes but masks what archives themselves say is secret."""
    return AppSession("everdoor", minimal=True)


def _is(record: Record, sessid: int) -> bool:
    return _is_session(record) and record.data.get("sessid") == sessid


def _is_session(record: Record) -> bool:
    return record.class_name == SESSION_CLASS


def _saved(record: Record) -> SavedSession:
    data = record.data
    fields = [data.get(name) for name in ("key", "uid", "puid", "as_of", "protocol_flags")]
    try:
        return msgspec.convert(fields, SavedSession)
    except msgspec.ValidationError as exc:
        raise RestoreError(f"record {record.number} is no session of a server: {exc}") from exc


def _saved_at(metadata: Snapshot) -> float:
    stamp = metadata.get("modified", metadata.get("created"))
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except (ValueError, OverflowError) as exc:
        raise RestoreError(f"the archive does not say when it was made, but {stamp!r:.40}") from exc


def _parts(sessions: list[SavedSession]) -> Iterator[list[SavedSession]]:
    """Cut a list so that each part fits into a call."""
    part: list[SavedSession] = []
    size = 0
    for session in sessions:
        added = len(msgspec.msgpack.encode(session))
        if part and size + added > CALL_BYTES:
            yield part
            part, size = [], 0
        part.append(session)
        size += added
    if part:
        yield part


async def _fetch(client: RpcClient, deadline_s: float, metadata: Mapping[str, str]) -> bytes:
    """Read an archive to its end; begin again when it was not kept until then."""
    for _ in range(SAVE_TRIES - 1):
        try:
            return await _fetch_once(client, deadline_s, metadata)
        except CallRefused as exc:
            if exc.code == "restarting":
                await asyncio.sleep(exc.retry_after_s)
            elif exc.code != "gone":
                raise
    return await _fetch_once(client, deadline_s, metadata)


async def _fetch_once(client: RpcClient, deadline_s: float, metadata: Mapping[str, str]) -> bytes:
    content = b""
    call = SaveSessions(dict(metadata))
    while True:
        page = await client.call(call, deadline_s=deadline_s)
        assert isinstance(page, Archive), "the answer to save_sessions"
        content += page.data
        if not page.more:
            return content
        call = SaveSessions({}, page.number, len(content))
