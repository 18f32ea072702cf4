from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.accounts import Account
from everdoor_server.objects import Character
from stage import Stage


def test_login_puppets_the_last_puppet_and_shows_it_its_place() -> None:
    stage = Stage()
    session = stage.login()
    anna = stage.puppet(session)
    assert (anna.key, anna.location, anna.account) == ("Anna", stage.hall, stage.account(session))
    assert session.puppet is anna
    assert stage.heard(session) == ["\nYou become Anna.\n", "Hall\nA hall."]


def test_login_is_told_to_the_place_once() -> None:
    stage = Stage(multisession_mode=3)
    _, berts = stage.actor("Bert", 2)
    stage.login()
    stage.login()
    assert stage.heard(berts) == ["Anna has entered the game."]


def test_login_without_automatic_puppet_is_out_of_character() -> None:
    stage = Stage(auto_puppet_on_login=False)
    session = stage.login()
    assert (session.puppet, session.puid) == (None, None)
    assert stage.account(session).puppet is None


def test_character_leaves_the_world_with_its_last_session_and_comes_back() -> None:
    stage = Stage()
    session = stage.login()
    anna = stage.puppet(session)
    _, berts = stage.actor("Bert", 2)
    anna.move_to(stage.garden)
    stage.sent.clear()
    stage.sessions.disconnect(session)
    assert (anna.location, anna.account, anna.has_account) == (None, None, 0)
    assert stage.heard(berts) == []
    again = stage.login()
    assert stage.puppet(again) is anna
    assert anna.location is stage.garden


def test_departure_is_told_to_the_place() -> None:
    stage = Stage()
    _, berts = stage.actor("Bert", 2)
    anna = stage.login()
    stage.sent.clear()
    stage.sessions.disconnect(anna)
    assert stage.heard(berts) == ["Anna has left the game."]


def test_hooks_of_a_login_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    for hook in ("at_first_login", "at_pre_login", "at_post_login", "at_disconnect"):

        def note(self: Account, *args: Any, _hook: str = hook, **kwargs: Any) -> None:
            ran.append(_hook)

        monkeypatch.setattr(Account, hook, note)
    stage = Stage()
    stage.sessions.disconnect(stage.login())
    stage.login()
    assert ran == [
        "at_first_login",
        "at_pre_login",
        "at_post_login",
        "at_disconnect",
        "at_pre_login",
        "at_post_login",
    ]


def test_hooks_of_a_puppet_run_in_order() -> None:
    ran: list[str] = []

    class Watched(Character):
        def at_pre_puppet(self, account: Any, session: Any, **kwargs: Any) -> None:
            ran.append(f"pre puppet, {self.has_account} sessions")

        def at_post_puppet(self, **kwargs: Any) -> None:
            ran.append(f"post puppet, {self.has_account} sessions")

        def at_pre_unpuppet(self, **kwargs: Any) -> None:
            ran.append(f"pre unpuppet, {self.has_account} sessions")

        def at_post_unpuppet(self, account: Any = None, session: Any = None, **kw: Any) -> None:
            ran.append(f"post unpuppet, {self.has_account} sessions")

    stage = Stage()
    session = stage.login()
    npc = stage.objects.create(Watched, "Ghost", location=stage.hall, locks="puppet:all()")
    stage.account(session).puppet_object(session, npc)
    stage.account(session).unpuppet_object(session)
    assert ran == [
        "pre puppet, 0 sessions",
        "post puppet, 1 sessions",
        "pre unpuppet, 1 sessions",
        "post unpuppet, 0 sessions",
    ]


# Refusals change nothing.


def test_puppet_without_permission_is_refused() -> None:
    stage = Stage()
    session = stage.login()
    anna, npc = stage.puppet(session), stage.npc("Ghost")
    stage.sent.clear()
    assert not stage.account(session).puppet_object(session, npc)
    assert stage.heard(session) == ["You don't have permission to puppet 'Ghost'."]
    assert (stage.puppet(session), npc.has_account) == (anna, 0)


def test_puppet_of_another_account_is_refused() -> None:
    stage = Stage()
    anna, bert = stage.login(), stage.login("Bert", 2)
    theirs = stage.puppet(bert)
    theirs.locks.add("puppet:all()")
    stage.sent.clear()
    assert not stage.account(anna).puppet_object(anna, theirs)
    assert stage.heard(anna) == ["Bert is already puppeted by another Account."]
    assert stage.puppet(anna).key == "Anna"


def test_puppet_that_one_has_already_is_refused() -> None:
    stage = Stage()
    session = stage.login()
    stage.sent.clear()
    assert not stage.account(session).puppet_object(session, stage.puppet(session))
    assert stage.heard(session) == ["You are already puppeting this object."]


def test_one_puppet_too_many_is_refused_and_the_present_one_kept() -> None:
    stage = Stage(multisession_mode=2, max_nr_characters=3, max_nr_simultaneous_puppets=2)
    one, two, three = stage.login(), stage.login(), stage.login()
    account = stage.account(one)
    beth, cleo = account.create_character("Beth"), account.create_character("Cleo")
    assert account.puppet_object(two, beth)
    stage.sent.clear()
    assert not account.puppet_object(three, cleo)
    assert stage.heard(three) == ["You cannot control any more puppets (max 2)."]
    assert account.puppet_object(two, cleo), "changing one for another is not one more"
    assert [puppet.key for puppet in account.get_all_puppets()] == ["Anna", "Cleo"]


@pytest.mark.parametrize("exempt", ["superuser", "Developer", "no limit"])
def test_staff_may_have_any_number_of_puppets(exempt: str) -> None:
    most = 0 if exempt == "no limit" else 1
    stage = Stage(multisession_mode=2, max_nr_characters=0, max_nr_simultaneous_puppets=most)
    one = stage.login(superuser=exempt == "superuser")
    two = stage.login(superuser=exempt == "superuser")
    account = stage.account(one)
    if exempt == "Developer":
        account.permissions.add("Developer")
    assert account.puppet_object(two, account.create_character("Beth"))
    assert len(account.get_all_puppets()) == 2


# The modes.


def test_mode_0_disconnects_the_older_session_and_keeps_the_puppet() -> None:
    stage = Stage(multisession_mode=0)
    older = stage.login()
    anna = stage.puppet(older)
    newer = stage.login()
    assert older.sessid not in stage.sessions
    assert anna.sessions.all() == [newer]
    assert stage.account(newer).puppet is anna


def test_mode_1_joins_the_puppet_and_leaves_it_together() -> None:
    stage = Stage(multisession_mode=1, max_nr_characters=2)
    one = stage.login()
    account, anna = stage.account(one), stage.puppet(one)
    beth = account.create_character("Beth")
    account.puppet_object(one, beth)
    two = stage.login()
    assert beth.sessions.all() == [one, two]
    account.puppet_object(two, anna)
    assert (one.puppet, two.puppet, account.puppet) == (anna, anna, anna)
    assert beth.has_account == 0
    account.unpuppet_object(one)
    assert (one.puid, two.puid, account.puppet) == (None, None, None)


def test_mode_1_joins_out_of_character_when_the_others_are() -> None:
    stage = Stage(multisession_mode=1)
    one = stage.login()
    stage.account(one).unpuppet_object(one)
    assert stage.login().puid is None


def test_mode_1_keeps_the_puppet_when_one_of_the_sessions_ends() -> None:
    stage = Stage(multisession_mode=1)
    one, two = stage.login(), stage.login()
    anna = stage.puppet(one)
    stage.sessions.disconnect(one)
    assert (anna.sessions.all(), anna.location) == ([two], stage.hall)
    assert anna.account is stage.account(two)


def test_mode_2_keeps_sessions_apart_and_takes_over_on_demand() -> None:
    stage = Stage(multisession_mode=2)
    _, berts = stage.actor("Bert", 2)
    one, two = stage.login(), stage.login()
    account, anna = stage.account(one), stage.puppet(one)
    assert (two.puid, account.puppet) == (None, [anna])
    stage.sent.clear()
    assert account.puppet_object(two, anna)
    told = [(to, args[0]) for to, _, args, _ in stage.sent[:2]]
    assert told == [
        ([two.sessid], "Taking over Anna from another of your sessions."),
        ([one.sessid], "Anna is now acted from another of your sessions."),
    ]
    assert (one.puid, anna.sessions.all()) == (None, [two])
    assert stage.heard(berts) == [], "the character has been here all the time"


def test_mode_3_shares_a_puppet_and_tells_both() -> None:
    stage = Stage(multisession_mode=3)
    one = stage.login()
    stage.sent.clear()
    two = stage.login()
    texts = [(to, args[0]) for to, name, args, _ in stage.sent if name == "text"]
    assert texts == [
        ([two.sessid], "Sharing Anna with another of your sessions."),
        ([one.sessid], "Anna is now shared from another of your sessions."),
        ([two.sessid], "\nYou become Anna.\n"),
        ([two.sessid], "Hall\nA hall."),
    ]
    assert stage.puppet(one).sessions.all() == [one, two]
    stage.account(one).unpuppet_object(one)
    assert (one.puid, stage.puppet(two).has_account) == (None, 1)


# Over a restart.


def test_session_has_its_account_and_puppet_again_after_a_restart_in_silence() -> None:
    stage = Stage()
    before = stage.login()
    stage.puppet(before).move_to(stage.garden)
    stage.commit()
    stage.restart()
    stage.sent.clear()
    session = stage.connect()
    session.uid, session.puid, session.logged_in = before.uid, before.puid, True
    stage.puppeting.restore(session)
    anna = stage.puppet(session)
    assert (session.puppet, anna.account) == (anna, stage.account(session))
    assert (anna.key, anna.location_id) == ("Anna", stage.garden.id)
    assert anna.sessions.all() == stage.account(session).sessions.all() == [session]
    assert stage.sent == []


def test_session_whose_puppet_is_gone_is_out_of_character_after_a_restart() -> None:
    stage = Stage()
    before = stage.login()
    stage.commit()
    stage.restart()
    session = stage.connect()
    session.uid, session.puid, session.logged_in = before.uid, 999, True
    stage.puppeting.restore(session)
    assert (session.puid, session.logged_in) == (None, True)


def test_session_of_an_unknown_account_is_not_logged_in_after_a_restart() -> None:
    stage = Stage()
    session = stage.connect()
    session.uid, session.puid, session.logged_in = 999, 1, True
    stage.puppeting.restore(session)
    assert (session.uid, session.puid, session.logged_in) == (None, None, False)


def test_player_of_a_deleted_object_is_told_and_out_of_character() -> None:
    stage = Stage()
    session = stage.login()
    anna = stage.puppet(session)
    stage.sent.clear()
    assert anna.delete()
    assert stage.heard(session) == ["Anna is no more; you are out of character."]
    assert (session.puid, stage.account(session).puppet) == (None, None)


# Borrowing, and bodies that nobody controls.


def test_npc_that_is_borrowed_stays_in_the_world_when_it_is_let_go() -> None:
    stage = Stage()
    _, berts = stage.actor("Bert", 2)
    session = stage.login("Boss", 3, superuser=True)
    account, innkeeper = stage.account(session), stage.npc("Innkeeper")
    stage.sent.clear()
    assert account.puppet_object(session, innkeeper)
    account.unpuppet_object(session)
    assert (innkeeper.location, innkeeper.has_account) == (stage.hall, 0)
    assert stage.heard(berts) == ["Boss has left the game."]
    assert not innkeeper.tags.all("account")


def test_character_of_another_that_is_asleep_is_put_back_to_sleep() -> None:
    stage = Stage()
    berts = stage.login("Bert", 2)
    bert = stage.puppet(berts)
    stage.sessions.disconnect(berts)
    session = stage.login("Boss", 3, superuser=True)
    account = stage.account(session)
    account.puppet_object(session, bert)
    assert bert.location is stage.hall
    account.unpuppet_object(session)
    assert bert.location is None


def test_body_that_lost_its_session_with_the_server_leaves_the_world() -> None:
    stage = Stage()
    stage.login()
    stage.commit()
    stage.restart()
    _, berts = stage.actor("Bert", 2)
    body = stage.objects.find("Anna", typeclass=Character)[0]
    assert body.tags.has("puppeted", "account") and body.location_id == stage.hall.id
    stage.puppeting.sweep()
    assert body.location is None
    assert stage.heard(berts) == ["Anna has left the game (connection lost)."]
    stage.puppeting.sweep()
    assert stage.heard(berts) == []
    assert stage.puppet(berts).location_id == stage.hall.id


def test_body_whose_hook_fails_does_not_keep_the_server_from_starting() -> None:
    class Stubborn(Character):
        def at_post_unpuppet(self, account: Any = None, session: Any = None, **kw: Any) -> None:
            raise ValueError("no")

    stage = Stage()
    body = stage.objects.create(Stubborn, "Stub", location=stage.hall)
    body.tags.add("puppeted", "account")
    stage.puppeting.sweep()
    assert not body.tags.has("puppeted", "account")
