"""What becomes of a game when its server restarts."""

from __future__ import annotations

from everdoor_server.commands.default import CharacterCmdSet
from everdoor_server.engine import GameOptions
from everdoor_server.objects import Thing
from everdoor_server.restarts import Ending
from everdoor_server.testing import World

CHARACTER_SET = "everdoor_server.commands.default.cmdsets.CharacterCmdSet"


def test_restart_leaves_everybody_as_they_were_in_silence() -> None:
    world = World()
    anna, guest = world.log_in("Anna"), world.connect()
    lamp = world.game.objects.create(Thing, "lamp", location=world.start)
    anna.type("get lamp")
    guest.read()
    world.commit()
    world.restart()
    assert anna.read() == guest.read() == ""
    assert anna.puppet.key == "Anna" and not guest.session.logged_in
    assert anna.type("i") == "You are carrying:\n  a lamp"
    assert world.game.objects.get(lamp.id) is not lamp


def test_what_was_not_written_is_done_again_and_nothing_else() -> None:
    world = World()
    anna = world.log_in("Anna")
    world.game.objects.create(Thing, "lamp", location=world.start)
    world.commit()
    anna.type("get lamp")
    world.restart()
    assert anna.type("get lamp") == "You pick up a lamp."


def test_reset_that_is_called_off_puts_players_back_into_what_they_had() -> None:
    world = World()
    anna, bella = world.log_in("Anna"), world.log_in("Bella")
    bella.type("ooc")
    anna.read()
    world.game.at_server_stop(Ending.RESET)
    assert anna.puppet is None
    world.game.at_server_resume()
    assert anna.puppet.key == "Anna" and bella.puppet is None
    assert "You become Anna." in anna.read()
    assert anna.type("say here") == 'You say, "here"'


def test_reload_that_is_called_off_leaves_players_as_they_are_in_silence() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.read()
    world.game.at_server_stop(Ending.RELOAD)
    world.game.at_server_resume()
    assert (anna.puppet.key, anna.read()) == ("Anna", "")


def test_session_that_is_out_of_character_stays_so() -> None:
    world = World()
    anna = world.log_in("Anna")
    anna.type("ooc")
    world.commit()
    world.restart()
    assert anna.puppet is None and anna.session.logged_in
    assert "You become Anna" in anna.type("ic")


def test_adopting_a_session_again_links_it_once() -> None:
    world = World()
    anna = world.log_in("Anna")
    world.commit()
    world.restart()
    world.game.at_adopt(anna.session)
    assert anna.puppet.sessions.all() == [anna.session]
    assert anna.session.account.sessions.all() == [anna.session]
    assert anna.puppet.account is anna.session.account


def test_adopting_a_session_with_a_newer_state_lets_go_of_the_older() -> None:
    world = World()
    anna = world.log_in("Anna")
    character = anna.puppet
    world.commit()
    anna.session.puid = None
    world.game.at_adopt(anna.session)
    assert anna.session.puppet is None
    assert character.sessions.all() == [] and character.account is None


def test_adopted_session_knows_the_names_of_its_account_and_its_puppet_now() -> None:
    world = World()
    anna, bella = world.log_in("Anna"), world.log_in("Bella")
    anna.session.uname = anna.session.puname = None
    bella.session.puid = None
    for client in (anna, bella):
        world.game.at_adopt(client.session)
    assert (anna.session.uname, anna.session.puname) == ("Anna", "Anna")
    assert (bella.session.uname, bella.session.puname) == ("Bella", None)


def test_persistent_sets_of_sessions_and_things_come_back() -> None:
    world = World()
    anna = world.log_in("Anna")
    statue = world.game.objects.create(Thing, "statue", location=world.start)
    anna.session.cmdset.add(CharacterCmdSet, persistent=True)
    statue.cmdset.add_default(CharacterCmdSet)
    world.commit()
    world.restart()
    assert anna.session.cmdset.has(CHARACTER_SET)
    again = world.game.objects.get(statue.id)
    assert again is not None and again.cmdset.has(CHARACTER_SET, must_be_default=True)


def test_session_that_leaves_takes_its_character_out_of_the_world() -> None:
    world = World()
    anna, bo = world.log_in("Anna"), world.log_in("Bo")
    character = anna.puppet
    bo.read()
    anna.leave()
    assert "Anna" in bo.read()
    assert character.location is None and character.account is None


def test_second_login_disconnects_the_first_in_mode_0() -> None:
    world = World()
    first = world.log_in("Anna")
    second = world.log_in("Anna")
    assert "Logged in from elsewhere" in first.read()
    assert first.closed is not None and second.puppet.key == "Anna"


def test_changes_are_counted_and_taken_once() -> None:
    world = World()
    before = world.game.change_count()
    world.log_in("Anna")
    assert world.game.change_count() > before
    assert world.game.take_changes() and not world.game.take_changes()


def test_login_without_auto_puppet_shows_the_characters() -> None:
    world = World(GameOptions(auto_puppet_on_login=False))
    anna = world.connect()
    told = anna.type("create Anna password", "connect Anna password")
    assert "ic <name>" in told and anna.puppet is None


def test_line_for_a_session_that_runs_none_is_done_by_its_puppet_if_it_has_one() -> None:
    world = World()
    anna, bella = world.log_in("Anna"), world.log_in("Bella")
    bella.read()
    act = world.game.act_of(anna.session, "say here I am")
    assert act is not None and act.begin() is None
    assert bella.read() == 'Anna says, "here I am"'
    anna.type("ooc")
    assert world.game.act_of(anna.session, "say here I am") is None
    bella.type("quit")
    assert world.game.act_of(bella.session, "say here I am") is None
