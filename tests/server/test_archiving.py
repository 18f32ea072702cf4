"""All sessions of a running server as an archive, in pages, of one moment."""

from __future__ import annotations

import io
from typing import Any

import pytest

from everdoor import archiving
from everdoor.errors import CallRefused, RestoreError
from everdoor.ids import SessionKey
from everdoor.messages.calls import SaveSessions
from everdoor.slices import archive_of
from everdoor.state import ARCHIVE, REBOOT, AppSession, SnapshotFlag
from everdoor.state.archivefile import Item, Metadata, Record, read_items
from everdoor.state.saving import Saving
from everdoor_server.archiving import Archiving
from everdoor_server.session import ServerSession
from everdoor_server.testing import World
from running import run


class Seat(ServerSession):
    """A game's own session."""

    snapshot_fields = ("seat", "password")
    secret_fields = frozenset({"password"})
    seat: Any = 7
    password = "hunter2"


def make(
    world: World,
    generation: int = 1,
    kind: type[ServerSession] = Seat,
    app: AppSession | None = None,
) -> Archiving:
    here = world.game.sessions
    for session in here:
        session.__class__ = kind
    app = app or AppSession("everdoor", silent=True)

    def states() -> dict[SessionKey, dict[str, object]]:
        return {session.key: session.take_snapshot(app, REBOOT) for session in here}

    return Archiving(app, here, kind, states, lambda: {"session_count": len(here)}, generation)


def made(saving: Saving) -> bytes:
    content: bytes = run(archive_of(saving))
    return content


def fetch(archives: Archiving, **metadata: str) -> bytes:
    page = archives.begin(made(archives.take(metadata)))
    content = page.data
    while page.more:
        page = archives.go_on(SaveSessions({}, page.number, len(content)))
        content += page.data
    return content


def read(content: bytes) -> list[Item]:
    return list(read_items(io.BytesIO(content)))


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("Anna", "Ben"):
        world.auth.add(name, "a good password")
        world.connect().type(f'connect {name} "a good password"')
    world.connect()
    return world


def test_archive_has_every_session_with_account_and_puppet(world: World) -> None:
    records = [item for item in read(fetch(make(world))) if isinstance(item, Record)]
    sessions = [record.data for record in records if record.class_name == "ServerSession"]
    assert [data["uname"] for data in sessions] == ["Anna", "Ben", None]
    assert all(data["key"] and data["seat"] == 7 for data in sessions)
    assert "sessions" in [tag for record in records for tag in record.tags]


def test_archive_says_what_it_is_of_and_which_fields_are_secret(world: World) -> None:
    metadata = next(i for i in read(fetch(make(world), author="anna")) if isinstance(i, Metadata))
    assert (metadata.values["author"], metadata.values["session_count"]) == ("anna", 3)
    assert metadata.values["secret_fields"] == {"ServerSession": ["password"]}


def test_metadata_of_one_archive_are_not_those_of_the_next(world: World) -> None:
    archives = make(world)
    fetch(archives, author="anna")
    metadata = next(item for item in read(fetch(archives)) if isinstance(item, Metadata))
    assert "author" not in metadata.values and "modified" not in metadata.values


def test_archive_in_pages_is_the_archive(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archiving, "PAGE_BYTES", 100)
    assert read(fetch(make(world)))


def test_archives_beyond_those_kept_are_gone(world: World) -> None:
    archives = make(world)
    numbers = [archives.begin(b"").number for _ in range(archiving.MAX_ARCHIVES + 1)]
    assert archives.go_on(SaveSessions({}, numbers[1], 1)).number == numbers[1]
    with pytest.raises(CallRefused) as caught:
        archives.go_on(SaveSessions({}, numbers[0], 1))
    assert caught.value.code == "gone"


def test_archive_is_gone_with_the_generation_that_made_it(world: World) -> None:
    number = make(world, 1).begin(b"").number
    later = make(world, 2)
    later.begin(b"")
    with pytest.raises(CallRefused):
        later.go_on(SaveSessions({}, number, 1))


def test_what_an_archive_says_of_a_session_is_its_snapshot(world: World) -> None:
    archives, app = make(world), AppSession("other", silent=True)
    expected = [session.take_snapshot(app, ARCHIVE) for session in world.game.sessions]
    records = [item for item in read(fetch(archives)) if isinstance(item, Record)]
    found = [record.data for record in records if record.class_name == "ServerSession"]
    assert found == expected


class Talker(Seat):
    """Says something of its own, which its portal has no use for."""

    def take_snapshot(self, session: AppSession, flags: SnapshotFlag) -> dict[str, object]:
        data = super().take_snapshot(session, flags)
        return data if REBOOT in flags else data | {"said": "hello"}


class Whisperer(Seat):
    """The same in another way."""

    def copied_fields(self, session: AppSession, flags: SnapshotFlag) -> dict[str, object]:
        return {**super().copied_fields(session, flags), "said": "hello"}


@pytest.mark.parametrize("kind", [Talker, Whisperer])
def test_session_class_with_snapshots_of_its_own_is_asked_for_them(
    world: World, kind: type[Seat]
) -> None:
    records = [item for item in read(fetch(make(world, 1, kind))) if isinstance(item, Record)]
    said = [record.data["said"] for record in records if record.class_name == "ServerSession"]
    assert said == ["hello"] * 3


def test_session_that_cannot_be_archived_is_told(world: World) -> None:
    archives = make(world, 1, Talker)
    next(iter(world.game.sessions)).seat = object()  # type: ignore[attr-defined]
    with pytest.raises(CallRefused, match="seat") as caught:
        archives.take({})
    assert caught.value.code == "not_saved"


def test_session_of_which_portals_know_nothing_yet_is_left_out(world: World) -> None:
    app, here = AppSession("everdoor", silent=True), world.game.sessions
    archives = Archiving(app, here, ServerSession, dict, dict, 1)
    records = [item for item in read(fetch(archives)) if isinstance(item, Record)]
    assert not [record for record in records if record.class_name == "ServerSession"]


def test_archive_is_of_the_moment_it_was_taken_at(world: World) -> None:
    archives = make(world)
    first = next(iter(world.game.sessions))
    first.server_data["bag"] = ["rope"]
    saving = archives.take({})
    first.server_data["bag"].append("lamp")
    first.uname = "Zoe"
    world.connect()
    records = [item for item in read(made(saving)) if isinstance(item, Record)]
    sessions = [record.data for record in records if record.class_name == "ServerSession"]
    assert (sessions[0]["uname"], sessions[0]["server_data"]) == ("Anna", {"bag": ["rope"]})
    assert len(sessions) == 3


def test_sessions_are_not_made_from_an_archive(world: World) -> None:
    app = AppSession("everdoor", silent=True)
    content = fetch(make(world, 1, ServerSession, app))
    before = list(world.game.sessions)
    with pytest.raises(RestoreError, match="ServerSession"):
        app.restore(io.BytesIO(content))
    assert list(world.game.sessions) == before
