"""Who may be here: sessions end when auth says so, and none comes back that may not."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor.messages.accounts import AccountChange, AccountFound, Ban, ChangeKind
from everdoor_server.accounts import Account
from everdoor_server.door import DELETED, LOGGED_OUT
from everdoor_server.engine import GameOptions
from everdoor_server.objects import Thing
from everdoor_server.session import ServerSession
from everdoor_server.testing import Client, World

BANNED = "You have been banned and cannot continue from here."


def ban(target: str, uid: int | None = None, **fields: object) -> Ban:
    kind = "address" if uid is None else "name"
    known: dict[str, object] = {"reason": "", "by": "", "made_at": 0.0, "expires_at": None}
    return Ban(1, kind, target, uid, **{**known, **fields})  # type: ignore[arg-type]


def change(number: int, uid: int | None, kind: ChangeKind, name: str = "Anna") -> AccountChange:
    assert uid is not None
    return AccountChange(number, uid, kind, name)


def connect(world: World, address: str) -> Client:
    client = world.connect()
    client.session.address = address
    return client


@pytest.mark.parametrize(
    ("target", "address"),
    [("192.0.2.7", "192.0.2.7"), ("192.0.2.0/24", "192.0.2.9"), ("::1", "::1")],
)
def test_new_ban_of_an_address_ends_its_sessions_at_once(target: str, address: str) -> None:
    world = World()
    anna, ben = world.log_in("Anna"), world.log_in("Ben")
    anna.session.address = address
    fresh, other = connect(world, address), connect(world, "192.0.3.70")
    world.game.learn([ban(target, reason="Spam.")], [])
    told = f"{BANNED} Reason: Spam."
    assert [anna.closed, fresh.closed] == [told, told]
    assert told in anna.read()
    assert [ben.closed, other.closed] == [None, None]


def test_new_ban_of_a_name_ends_every_session_of_the_account() -> None:
    world = World(GameOptions(multisession_mode=2))
    clients = [world.log_in("Anna"), world.log_in("Anna"), world.log_in("Ben")]
    world.game.learn([ban("Anna", clients[0].session.uid)], [])
    assert [client.closed is None for client in clients] == [False, False, True]


def test_ban_that_has_expired_or_was_lifted_ends_nothing() -> None:
    world = World()
    anna = world.log_in("Anna")
    world.game.learn([ban("127.0.0.1", expires_at=world.now)], [])
    world.game.learn([], [])
    assert anna.closed is None


def test_client_of_a_banned_address_is_told_and_let_go_where_its_portal_did_not_know() -> None:
    world = World()
    world.game.learn([ban("127.0.0.1")], [])
    client = world.connect()
    assert client.closed == BANNED
    assert client.read() == BANNED


@pytest.mark.parametrize(("kind", "told"), [("logged_out", LOGGED_OUT), ("deleted", DELETED)])
def test_what_ends_sessions_ends_those_of_before_only(kind: ChangeKind, told: str) -> None:
    world = World(GameOptions(multisession_mode=2))
    before, after, ben = world.log_in("Anna"), world.log_in("Anna"), world.log_in("Ben")
    after.session.as_of = 7
    world.game.learn([], [change(7, before.session.uid, kind)])
    assert [before.closed, after.closed, ben.closed] == [told, None, None]


def test_world_forgets_who_was_deleted_and_their_characters_once() -> None:
    world = World()
    anna, ben = world.log_in("Anna"), world.log_in("Ben")
    uid, body = anna.session.uid, anna.puppet
    lamp = world.game.objects.create(Thing, "lamp", location=body, home=world.start)
    assert not world.game.has_deleted_accounts
    world.game.learn([], [change(7, uid, "deleted")])
    assert world.game.has_deleted_accounts
    world.game.forget_deleted_accounts()
    world.commit()
    assert (world.game.accounts.get(uid), body.is_deleted) == (None, True)
    assert lamp.location is world.start and ben.puppet.location is world.start
    world.restart()
    # Asked for anew, auth tells it again.
    world.game.learn([], [change(7, uid, "deleted")])
    world.game.forget_deleted_accounts()
    assert not world.game.has_deleted_accounts and not world.game.take_changes()


def test_account_that_the_world_never_knew_is_forgotten_without_a_word() -> None:
    world = World()
    world.game.learn([], [change(3, 99, "deleted"), change(4, 98, "deleted")])
    world.game.forget_deleted_accounts()
    assert not world.game.has_deleted_accounts


class Clumsy(Account):
    """Anna's hook fails at her end, when it has done all."""

    def at_disconnect(self, reason: str | None = None, **kwargs: Any) -> None:
        super().at_disconnect(reason, **kwargs)
        if self.key == "Anna":
            raise ValueError("broken")


def test_hook_that_raises_at_an_end_keeps_nobody_else_from_being_judged() -> None:
    world = World(account_class=Clumsy)
    clients = [world.log_in(name) for name in ("Anna", "Ben", "Cid")]
    world.game.learn([ban("127.0.0.1")], [])
    assert [client.closed for client in clients] == [BANNED] * 3
    assert len(world.game.sessions) == 0


class Overeager(Account):
    """Its hook fails at the login, when it has done all."""

    def at_post_login(self, session: ServerSession | None = None, **kwargs: Any) -> None:
        super().at_post_login(session, **kwargs)
        raise ValueError("broken")


@pytest.mark.parametrize("kind", ["ban", "logged_out", "deleted"])
def test_session_whose_hook_raises_at_the_login_is_ended_like_any_other(kind: Any) -> None:
    world = World(account_class=Overeager)
    anna = world.log_in("Anna")
    uid = anna.session.uid
    assert (anna.session.logged_in, anna.session.as_of) == (True, 0)
    is_ban = kind == "ban"
    world.game.learn([ban("Anna", uid)] if is_ban else [], [] if is_ban else [change(7, uid, kind)])
    assert anna.closed is not None


def test_login_that_auth_vouched_for_before_a_change_is_refused_after_it() -> None:
    world = World()
    found = world.auth.add("Anna", "password")
    world.game.learn([], [change(3, found.uid, "logged_out")])
    client = world.connect()
    world.game.log_in(client.session, AccountFound(found.uid, "Anna", False, as_of=2))
    assert LOGGED_OUT in client.read()
    assert not client.session.logged_in
    world.game.log_in(client.session, AccountFound(found.uid, "Anna", False, as_of=3))
    assert client.session.logged_in


def test_login_that_auth_vouched_for_before_a_ban_is_refused_after_it() -> None:
    world = World()
    found = world.auth.add("Anna", "password")
    world.game.learn([ban("Anna", found.uid)], [])
    client = world.connect()
    world.game.log_in(client.session, found)
    assert BANNED in client.read()
    assert not client.session.logged_in


def test_password_that_was_changed_lets_sessions_be_and_takes_back_their_tokens() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.session.allow_resume(b"hash")
    learnt = [change(4, anna.session.uid, "password_changed")]
    world.game.learn([], learnt)
    assert (anna.closed, anna.session.resume) == (None, b"")
    anna.session.allow_resume(b"another")
    world.game.learn([], learnt)
    assert anna.session.resume == b"another"


def test_session_is_judged_when_it_is_whole_after_a_restart() -> None:
    world = World()
    anna, ben = world.log_in("Anna"), world.log_in("Ben")
    uid = anna.session.uid
    world.commit()
    world.restart()
    world.game.learn([], [change(9, uid, "logged_out")])
    assert anna.closed == LOGGED_OUT
    assert ben.closed is None


def test_session_of_a_portal_that_is_not_back_is_judged_when_it_is() -> None:
    world = World()
    anna = world.log_in("Anna")
    session = anna.session
    session.address, session.as_of = "", None
    world.game.learn([ban("127.0.0.1"), ban("Anna", session.uid)], [])
    assert anna.closed is None
    session.address, session.as_of = "127.0.0.1", 0
    world.game.at_return(session)
    assert anna.closed == BANNED


def test_account_that_was_renamed_has_its_new_name_at_once() -> None:
    world = World()
    anna = world.log_in("Anna")
    world.game.learn([], [change(5, anna.session.uid, "renamed", "Annabel")])
    account = world.game.accounts.get(anna.session.uid)
    assert account is not None and account.key == anna.session.uname == "Annabel"


def test_door_knows_the_last_change_that_it_was_told() -> None:
    world = World()
    world.game.learn([], [change(5, 1, "logged_out"), change(8, 2, "deleted")])
    world.game.learn([], [])
    assert world.game.door.last_change == 8
