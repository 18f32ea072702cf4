"""Archived sessions come back onto those that are still connected, whole or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor.messages.accounts import AccountChange, Ban
from everdoor.messages.calls import RestoredSession, RestoreSessions, SavedSession
from everdoor_server.accounts import Account
from everdoor_server.bringingback import MEMORY_S
from everdoor_server.engine import GameOptions
from everdoor_server.session import ServerSession
from everdoor_server.testing import Client, World

PASSWORD = "a good password"


class Saved:
    """A world with Anna in it, and what was saved of her session."""

    def __init__(self, mode: int = 0, account_class: type[Account] = Account) -> None:
        self.world = World(GameOptions(multisession_mode=mode), account_class=account_class)
        self.world.auth.add("Anna", PASSWORD)
        self.world.auth.add("Ben", PASSWORD)
        self.anna = self.log_in("Anna")
        self.sessions = [saved(self.anna)]
        self.at = self.world.now

    def log_in(self, name: str) -> Client:
        client = self.world.connect(ANSI=True)
        client.type(f'connect {name} "{PASSWORD}"')
        return client

    def lose_login(self, client: Client | None = None) -> None:
        """Have a session be as before its login, as after a lost moment of the database; by default
        Anna's."""
        session = (client or self.anna).session
        self.world.game.unlink(session)
        session.set_account(None)
        session.set_puppet(None)

    def restore(self, dry_run: bool = False) -> RestoredSession:
        call = RestoreSessions(self.sessions, self.at, dry_run)
        [outcome] = self.world.game.bring_back(call)
        return outcome

    def change(self, **fields: Any) -> None:
        old = self.sessions[0]
        names = ("key", "uid", "puid", "as_of", "flags")
        values = {name: getattr(old, name) for name in names} | fields
        self.sessions = [SavedSession(**values)]


def saved(client: Client) -> SavedSession:
    session = client.session
    flags = dict(session.protocol_flags)
    return SavedSession(str(session.key), session.uid, session.puid, session.as_of, flags)


@pytest.fixture
def here() -> Saved:
    return Saved()


def test_session_that_is_as_it_was_is_unchanged(here: Saved) -> None:
    assert here.restore().state == "unchanged"


def test_puppet_comes_back_and_hooks_run(here: Saved) -> None:
    here.anna.type("ooc")
    assert here.anna.puppet is None
    outcome = here.restore()
    assert (outcome.state, outcome.text) == ("restored", "puppet")
    assert here.anna.puppet.key == "Anna" and "You become Anna" in here.anna.read()


def test_puppet_is_let_go_of_where_there_was_none(here: Saved) -> None:
    here.change(puid=None)
    assert here.restore().text == "puppet" and here.anna.puppet is None


def test_flags_come_back_and_those_that_were_not_saved_stay(here: Saved) -> None:
    here.anna.session.update_flags(ANSI=False, NEW=1)
    assert here.restore().text == "flags"
    assert here.anna.session.protocol_flags == {"ANSI": True, "NEW": 1}


def test_account_comes_back_with_its_puppet(here: Saved) -> None:
    here.lose_login()
    assert here.restore().text == "account, puppet"
    session = here.anna.session
    assert (session.uname, session.puname, session.logged_in) == ("Anna", "Anna", True)
    assert session.as_of == here.sessions[0].as_of


def test_dry_run_tells_and_changes_nothing(here: Saved) -> None:
    here.lose_login()
    assert here.restore(dry_run=True).text == "account, puppet"
    assert not here.anna.session.logged_in


def test_session_that_is_gone_is_told(here: Saved) -> None:
    here.anna.leave()
    assert (here.restore().state, here.restore().sessid) == ("gone", 0)


def refused(here: Saved) -> str:
    session = here.anna.session
    before = (session.uid, session.puid, dict(session.protocol_flags))
    outcome = here.restore()
    assert outcome.state == "refused"
    assert (session.uid, session.puid, session.protocol_flags) == before
    return outcome.text


def test_session_of_somebody_else_is_left_alone(here: Saved) -> None:
    here.change(uid=here.log_in("Ben").session.uid)
    assert "somebody else" in refused(here)


def test_session_that_has_logged_in_since_is_left_alone(here: Saved) -> None:
    here.change(uid=None, puid=None)
    assert "has logged in since" in refused(here)


@pytest.mark.parametrize(("field", "reason"), [("uid", "no account"), ("puid", "no object")])
def test_what_does_not_exist_any_more_is_refused(here: Saved, field: str, reason: str) -> None:
    here.lose_login()
    here.change(**{field: 9999})
    assert f"{reason} 9999" in refused(here)


@pytest.mark.parametrize("kind", ["logged_out", "deleted"])
def test_account_that_was_ended_since_is_not_logged_in(here: Saved, kind: Any) -> None:
    here.lose_login()
    change = AccountChange(
        (here.sessions[0].as_of or 0) + 1, here.sessions[0].uid or 0, kind, "Anna"
    )
    here.world.game.learn([], [change])
    assert refused(here)


def test_account_that_is_banned_is_not_logged_in(here: Saved) -> None:
    here.lose_login()
    uid = here.sessions[0].uid
    here.world.game.learn([Ban(1, "name", "Anna", uid, "Spam.", "Ben", 0.0, None)], [])
    assert "Spam" in refused(here)


def test_old_archive_logs_nobody_in_but_brings_back_the_rest(here: Saved) -> None:
    here.world.now += MEMORY_S + 1
    here.anna.type("ooc")
    assert here.restore().text == "puppet"
    here.lose_login()
    assert "too old" in refused(here)


def test_account_that_plays_elsewhere_is_left_there(here: Saved) -> None:
    here.lose_login()
    elsewhere = here.log_in("Anna")
    assert "plays elsewhere" in refused(here)
    assert elsewhere.closed is None


def test_account_may_have_several_sessions_where_the_mode_lets_it() -> None:
    here = Saved(mode=2)
    here.lose_login()
    here.log_in("Anna").type("ooc")
    assert here.restore().state == "restored"


def test_session_that_is_asked_for_something_is_not_logged_in(here: Saved) -> None:
    here.lose_login()
    here.anna.session.begin_prompt("Name? ", hidden=False)
    assert "asked" in refused(here)


def test_hook_that_raises_costs_its_own_session_only() -> None:
    class Clumsy(Account):
        """Anna's hook fails when she has been here before."""

        def at_post_login(self, session: ServerSession | None = None, **kwargs: Any) -> None:
            super().at_post_login(session, **kwargs)
            if self.key == "Anna" and self.attributes.has("been_here"):
                raise ValueError("broken")
            self.attributes.add("been_here", True)

    here = Saved(account_class=Clumsy)
    ben = here.log_in("Ben")
    here.sessions.append(saved(ben))
    for client in (here.anna, ben):
        here.lose_login(client)
    call = RestoreSessions(here.sessions, here.at, False)
    anna_is, ben_is = here.world.game.bring_back(call)
    assert (anna_is.state, "a hook has failed" in anna_is.text) == ("refused", True)
    assert (ben_is.state, ben_is.text) == ("restored", "account, puppet")
    assert here.anna.session.as_of == ben.session.as_of == 0
