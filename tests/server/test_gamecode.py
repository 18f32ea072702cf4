"""Code of a game that raises beside lines costs nobody else anything, and no session what it is.

The server's cores are the real ones, around the game itself.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, ClassVar

import pytest

from everdoor.messages.accounts import AccountChange
from everdoor.messages.stream import Connected, Token
from everdoor.state import AppSession, SnapshotFlag
from everdoor_server.accounts import Account
from everdoor_server.collector import Collector
from everdoor_server.commit import Commit
from everdoor_server.door import LOGGED_OUT
from everdoor_server.engine import Game, GameOptions
from everdoor_server.links import IsAlive, Links
from everdoor_server.memoryauth import MemoryAuth
from everdoor_server.objects import START_LABEL, Character, Room
from everdoor_server.restarts import Ending
from everdoor_server.rows import MemoryRows
from everdoor_server.session import ServerSession
from everdoor_server.sessionhandler import ServerSessionHandler
from everdoor_server.testing import Client, World
from everdoor_server.turn import Turn
from everdoor_server.waits import Call
from tinygame import EPOCH_S, Database, ScriptedPortal, TinyServer, copy_of

HASH = sha256(b"secret").digest()


def broken(kind: type[Any], hook: str) -> type[Any]:
    """A class of which one hook raises."""

    def fails(self: object, *args: object, **kwargs: object) -> None:
        raise ValueError("broken")

    return type("Broken", (kind,), {hook: fails})


# Ends.


def left(option: str, kind: type[Any], hook: str, line: str) -> tuple[World, Client, Account, Any]:
    """A world whose client has left, one hook of which has raised; their account, their puppet."""
    classes: dict[str, Any] = {option: broken(kind, hook)}
    world = World(GameOptions(guest_enabled=True), **classes)
    world.auth.add("Anna", "password")
    client = world.connect()
    client.type(line)
    account, puppet = client.session.account, client.puppet
    assert isinstance(account, Account)
    with pytest.raises(ValueError, match="broken"):
        client.leave()
    return world, client, account, puppet


ENDS = [
    ("session_class", ServerSession, "at_disconnect"),
    ("account_class", Account, "at_disconnect"),
    ("character_class", Character, "at_post_unpuppet"),
]


@pytest.mark.parametrize(
    ("option", "kind", "hook"), [*ENDS, ("character_class", Character, "at_pre_unpuppet")]
)
def test_hook_that_raises_at_the_end_leaves_nothing_of_the_session(
    option: str, kind: type[Any], hook: str
) -> None:
    world, client, account, puppet = left(option, kind, hook, "connect Anna password")
    assert client.closed is not None and len(world.game.sessions) == 0
    assert account.sessions.all() == puppet.sessions.all() == []
    assert (client.session.account, client.session.puppet, puppet.account) == (None, None, None)


@pytest.mark.parametrize(("option", "kind", "hook"), ENDS)
def test_hook_that_raises_at_the_end_of_a_guest_leaves_no_account(
    option: str, kind: type[Any], hook: str
) -> None:
    world, _, account, puppet = left(option, kind, hook, "connect guest")
    assert world.game.accounts.get(account.id) is None and puppet.is_deleted


class Stubborn(Character):
    """Anna's body minds to be left, and to be taken, once it is said so."""

    minds = False

    def at_post_unpuppet(self, account: Any = None, session: Any = None, **kwargs: Any) -> None:
        super().at_post_unpuppet(account, session=session, **kwargs)
        self._mind()

    def at_post_puppet(self, **kwargs: Any) -> None:
        super().at_post_puppet(**kwargs)
        self._mind()

    def _mind(self) -> None:
        if Stubborn.minds and self.key == "Anna":
            raise ValueError("broken")


def test_puppet_that_minds_a_planned_end_keeps_nobody_elses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(character_class=Stubborn)
    _, ben = world.log_in("Anna"), world.log_in("Ben")
    monkeypatch.setattr(Stubborn, "minds", True)
    world.game.at_server_stop(Ending.RESET)
    assert ben.puppet is None
    world.game.at_server_resume()
    assert ben.session.puname == "Ben"


class Clinging(ServerSession):
    """Anna's session minds its end."""

    def at_disconnect(self, reason: str = "") -> None:
        if self.uname == "Anna":
            raise ValueError("broken")


def test_hook_that_raises_keeps_nobody_else_from_being_disconnected() -> None:
    world = World(session_class=Clinging)
    clients = [world.log_in(name) for name in ("Anna", "Ben")]
    world.game.sessions.disconnect_all_sessions("Good night.")
    assert all(client.closed is not None for client in clients)
    assert len(world.game.sessions) == 0


def test_hook_that_raises_where_a_session_gives_way_keeps_nobody_from_logging_in() -> None:
    world = World(session_class=Clinging)
    first, second = world.log_in("Anna"), world.connect()
    second.type("connect Anna password")
    assert second.session.logged_in and first.closed is not None
    assert second.session.puname == "Anna"


# Over restarts.


class PlayedServer(TinyServer):
    """One generation of the server's cores, around the game itself.

    Args:
        before: The generation before it, which has ended as `ended` says.

    Attributes:
        played: The game.
    """

    def __init__(
        self,
        before: PlayedServer | None = None,
        *,
        ended: Ending = Ending.CRASH,
        is_alive: IsAlive = lambda portal, incarnation: True,
        session_class: type[ServerSession] = ServerSession,
    ) -> None:
        self.now = 100.0
        self.database = before.database if before else Database()
        self.rows = before.rows if before else MemoryRows()
        self.auth = before.auth if before else MemoryAuth()
        self.database.ended = ended
        stored = self.database.begin()
        app = AppSession("test", silent=True, minimal=True)
        self.collector = Collector(app)
        self.played = Game(self.rows, self.collector, self._wall_clock, session_class=session_class)
        if before is None:
            start = self.played.objects.create(Room, "Limbo")
            start.tags.add(START_LABEL.name, START_LABEL.category)
        self.links = Links(stored, "here", is_alive, 120.0, self.now)
        self.turn = Turn(
            app, self.played, self.collector, self.links, stored, lambda: self.now, 60.0
        )
        self._unread = {}
        self.played.at_server_start(ended)

    def _wall_clock(self) -> float:
        return EPOCH_S + self.now

    @property
    def sessions(self) -> ServerSessionHandler:
        return self.played.sessions

    def run(self) -> Commit | None:
        """Run a turn and write what it did; auth has answered before the next."""
        commit = super().run()
        if commit is not None:
            self.rows.apply(commit.changes)
        for waiting in self.turn.take_waits():
            assert isinstance(waiting.request, Call)
            self.turn.resume(waiting.id, self.auth.answer(waiting.request.call))
        return commit

    def do(self, action: Callable[[], None]) -> None:
        """Run an action in a turn of its own."""
        self.turn.do(action)
        self.run()


def settle(portal: ScriptedPortal) -> None:
    """Let the server do all that it has to do."""
    portal.take()
    while portal.server.turn.has_work():
        portal.take()
    portal.ack()


def anna_at(server: PlayedServer) -> ScriptedPortal:
    """A portal whose connection 1 is Anna's, in character, with a token; she has said 3 inputs."""
    server.auth.add("Anna", "password")
    portal = ScriptedPortal(server)
    portal.hello()
    portal.connect()
    portal.type(1, 2, "connect Anna password")
    settle(portal)
    portal.send(Token(1, 3, HASH))
    settle(portal)
    assert server.session(1).puname == "Anna"
    return portal


def come_back(portal: ScriptedPortal, conn: int) -> None:
    """Connect with Anna's token."""
    portal.send(Connected(conn, 1, "websocket", "192.0.2.1", 7, {}, 0.0, HASH, 0))
    settle(portal)


def next_portal(server: PlayedServer) -> ScriptedPortal:
    """The portal after the one that has died."""
    portal = ScriptedPortal(server, number=2)
    portal.hello()
    settle(portal)
    return portal


def is_second(portal: object, incarnation: Any) -> bool:
    """The first life of a portal is over."""
    return bool(incarnation.number == 2)


class Ranked(ServerSession):
    """Says in its state what only its account knows, which it has not while it is in limbo."""

    snapshot_fields: ClassVar[tuple[str, ...]] = ("rank",)
    rank = ""

    def take_snapshot(self, app: AppSession, flags: SnapshotFlag) -> dict[str, object]:
        if self.logged_in:
            account: Any = self.account
            self.rank = "superuser" if account.is_superuser else "player"
        return super().take_snapshot(app, flags)


class Placed(ServerSession):
    """Says in its state what only its portal's copy holds."""

    def take_snapshot(self, app: AppSession, flags: SnapshotFlag) -> dict[str, object]:
        if not self.address:
            raise ValueError("nowhere yet")
        return super().take_snapshot(app, flags)


@pytest.mark.parametrize("kind", [Ranked, Placed])
def test_session_that_has_no_snapshot_in_limbo_is_adopted_as_its_portal_has_it(
    kind: type[ServerSession],
) -> None:
    server = PlayedServer(session_class=kind)
    portal = anna_at(server)
    server.session(1).server_data["door"] = "open"
    copy = copy_of(server.session(1), 3)
    new = PlayedServer(server, session_class=kind)
    portal.server = new
    portal.hello([copy])
    settle(portal)
    session = new.session(1)
    assert (session.puname, session.server_data) == ("Anna", {"door": "open"})
    assert getattr(session, "rank", "player") == "player"
    assert new.collector.state_of(session.key) == copy.state


def test_session_that_was_lost_in_limbo_is_judged_by_all_that_auth_has_told() -> None:
    server = PlayedServer()
    anna_at(server)
    new = PlayedServer(server, is_alive=is_second)
    portal = next_portal(new)
    [session] = new.sessions
    assert (session.is_link_dead, session.as_of, session.uname) == (True, None, "Anna")
    assert session.uid is not None
    change = AccountChange(7, session.uid, "logged_out", "Anna")
    new.do(lambda: new.played.learn([], [change]))
    come_back(portal, 1)
    assert portal.log[1][-1] == LOGGED_OUT
    assert portal.closed == [1] and len(new.sessions) == 0


@pytest.mark.parametrize("ended", list(Ending))
def test_who_has_gone_out_of_character_since_the_start_stays_so(ended: Ending) -> None:
    server = PlayedServer(ended=ended)
    portal = anna_at(server)
    portal.type(1, 4, "ooc")
    portal.lose(1, 5)
    settle(portal)
    come_back(portal, 2)
    session = server.session(2)
    assert (session.uname, session.puppet) == ("Anna", None)


def after_reset(is_lost_before: bool = False) -> tuple[ScriptedPortal, ServerSession]:
    """The portal that follows Anna's, after a reset; her session, whose connection was lost."""
    server = PlayedServer()
    portal = anna_at(server)
    if is_lost_before:
        portal.lose(1, 4)
        settle(portal)
    server.do(lambda: server.played.at_server_stop(Ending.RESET))
    new = PlayedServer(server, ended=Ending.RESET, is_alive=is_second)
    portal = next_portal(new)
    [session] = new.sessions
    assert session.is_link_dead and session.puppet is None
    return portal, session


@pytest.mark.parametrize("is_lost_before", [False, True])
def test_who_had_not_come_back_yet_takes_the_puppet_that_a_reset_has_released(
    is_lost_before: bool,
) -> None:
    portal, session = after_reset(is_lost_before)
    come_back(portal, 1)
    assert portal.server.session(1) is session and session.puname == "Anna"


def test_who_goes_out_of_character_when_a_reset_has_given_it_back_stays_so() -> None:
    portal, session = after_reset()
    come_back(portal, 1)
    portal.send(Token(1, 2, HASH))
    portal.type(1, 3, "ooc")
    portal.lose(1, 4)
    settle(portal)
    come_back(portal, 2)
    assert portal.server.session(2) is session and session.puppet is None
