"""Talking on channels, listening to them, and looking after them."""

from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.accounts import Account
from everdoor_server.testing import Client, World
from three import Three


def admin(client: Client) -> Client:
    account: Any = client.session.account
    account.permissions.add("Admin")
    return client


@pytest.mark.parametrize(
    "line",
    [
        "public hello = you",
        "pub hello = you",
        "PUB  hello = you",
        "channel public = hello = you",
        "chan pub = hello = you",
    ],
)
def test_public_is_heard_by_everybody_from_the_beginning(three: Three, line: str) -> None:
    assert three.anna.type(line) == "[Public] Anna: hello = you"
    assert three.bo.read() == three.cleo.read() == "[Public] Anna: hello = you"


@pytest.mark.parametrize(
    ("words", "shown"),
    [(":waves", "Anna waves"), (": waves", "Anna waves"), (":'s hat", "Anna's hat")],
)
def test_words_behind_a_colon_are_what_somebody_does(three: Three, words: str, shown: str) -> None:
    three.anna.type(f"pub {words}")
    assert three.bo.read() == f"[Public] {shown}"


def test_one_message_is_one_output_with_all_receivers(three: Three) -> None:
    three.anna.type("pub hello")
    shown = [client.shown[-1] for client in three[1:]]
    assert shown[0].options == {"type": "channel", "channel": "Public"}
    assert shown[0].args is shown[1].args is shown[2].args


def test_channels_are_talked_on_out_of_character_too(three: Three) -> None:
    three.anna.type("ooc", "pub hello")
    assert three.bo.read().endswith("[Public] Anna: hello")


def test_who_has_left_hears_nothing_until_joining_again(three: Three) -> None:
    assert three.bo.type("channel/unsub pub") == "You listen to Public no more."
    three.anna.type("pub hello")
    assert three.bo.read() == ""
    assert "not available" in three.bo.type("pub hello")
    assert "You do not listen to Public" in three.bo.type("channel pub = hello")
    three.bo.type("channel/sub public")
    three.anna.type("pub again")
    assert three.bo.read() == "[Public] Anna: again"


def test_who_has_muted_hears_nothing_and_stays(three: Three) -> None:
    three.bo.type("channel/mute pub")
    three.anna.type("pub hello")
    assert three.bo.read() == ""
    assert three.bo.type("pub hello") == "You have muted Public: channel/unmute Public"
    assert three.cleo.type("channel/who pub") == "Public is heard by: Anna, Cleo."
    three.bo.type("channel/unmute pub")
    three.anna.type("pub again")
    assert three.bo.read() == "[Public] Anna: again"


def test_what_an_account_has_said_of_channels_is_kept(three: Three) -> None:
    three.bo.type("channel/mute pub", "channel/alias pub = all")
    three.world.commit()
    three.world.restart()
    three.anna.type("pub hello")
    assert three.bo.read() == ""
    three.bo.type("channel/unmute all")
    assert three.bo.type("all hello") == "[Public] Bo: hello"


def test_history_is_read_by_who_comes_later_and_after_a_restart(three: Three) -> None:
    three.anna.type("pub one", "pub two", "pub :yawns")
    three.world.commit()
    three.world.restart()
    dora = three.world.log_in("Dora")
    assert dora.type("channel/history public").splitlines() == [
        "|wPublic|n, last 3:",
        "  13:46 Anna: one",
        "  13:46 Anna: two",
        "  13:46 Anna yawns",
    ]
    assert dora.type("channel/history public = 1").splitlines()[1:] == ["  13:46 Anna yawns"]
    three.world.now += 86400
    assert "1970-01-12 13:46 Anna: one" in dora.type("channel/history public")


def test_names_of_ones_own_are_made_and_dropped(three: Three) -> None:
    assert three.anna.type("channel/alias public = p") == "Public is 'p' for you."
    assert three.anna.type("p hello") == "[Public] Anna: hello"
    assert "not available" in three.bo.type("p hello")
    assert "Public (pub, p): For whatever" in three.anna.type("channel")
    three.anna.type("channel/unalias p")
    assert "not available" in three.anna.type("p hello")


def test_command_of_that_name_comes_before_a_channel(three: Three) -> None:
    admin(three.anna).type("channel/create look")
    assert "Limbo" in three.anna.type("look")
    assert three.anna.type("channel look = hm") == "[look] Anna: hm"


def test_admin_makes_a_channel_that_others_join(three: Three) -> None:
    told = admin(three.anna).type("channel/create Trade;t = Buying and selling")
    assert told == "Created the channel Trade; you listen to it."
    three.anna.type("trade first")
    assert three.bo.read() == ""
    assert "Trade (t) [not listening]: Buying and selling" in three.bo.type("channel/list")
    assert three.bo.type("channel/sub t = tr").startswith("You listen to Trade.")
    assert three.bo.type("tr second") == "[Trade] Bo: second"
    assert three.anna.read() == "[Trade] Bo: second"


def test_lock_says_who_may_listen_and_send(three: Three) -> None:
    admin(three.anna).type("channel/create Staff", "channel/lock Staff = listen:perm(Admin)")
    assert three.bo.type("channel/sub Staff") == "There is no channel 'Staff'; see channel/list."
    assert "Staff" not in three.bo.type("channel/list")
    three.anna.type("channel/lock Public = send:perm(Admin)")
    assert three.bo.type("pub hello") == "You may not speak on Public."


def test_who_is_banned_neither_hears_nor_speaks_nor_reads(three: Three) -> None:
    assert admin(three.anna).type("channel/ban pub = Bo") == "Bo is banned from Public."
    assert three.bo.read() == "You are banned from Public."
    three.anna.type("pub hello")
    assert three.bo.read() == ""
    assert three.bo.type("pub hello") == "You may not speak on Public."
    assert three.bo.type("channel/sub pub") == "You are banned from Public."
    assert three.bo.type("channel/history pub") == "You are banned from Public."
    three.anna.type("channel/unban pub = bo", "pub again")
    assert three.bo.read() == "You are let back into Public.\n[Public] Anna: again"


def test_channel_that_is_destroyed_stays_so(three: Three) -> None:
    admin(three.anna).type("channel/destroy pub")
    assert three.bo.read() == "[Public] This channel is no more."
    three.world.commit()
    three.world.restart()
    assert three.bo.type("channel/list") == "There are no channels."
    assert three.world.rows.channel_messages(1) == []


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("channel nowhere = hm", "There is no channel 'nowhere'; see channel/list."),
        ("channel/sub", "Usage: channel/sub <name>"),
        ("channel/who", "Usage: channel/who <name>"),
        ("channel/sub pub = a b", "The name of a channel is one word"),
        ("channel/alias pub", "Usage: channel/alias <name> = <alias>"),
        ("channel/alias pub = public", "There is a channel 'public' already: Public."),
        ("channel/unalias x", "You have no alias 'x' for a channel."),
        ("channel/history pub = few", "expected a number of lines, not 'few'."),
        ("channel/history pub", "Nothing has been said on Public yet."),
        ("channel/create Trade", "You may not make channels."),
        ("channel/destroy pub", "You may not change the channel Public."),
        ("channel/ban pub = Bo", "You may not change the channel Public."),
        ("channel/sub/mute pub", "channel takes one switch at a time."),
        ("channel/dance", "channel: no switch /dance; it knows list, sub,"),
    ],
)
def test_mistake_is_said_in_a_line(three: Three, line: str, told: str) -> None:
    shown = three.anna.type(line)
    assert told in shown and "\n" not in shown
    assert three.bo.read() == ""


@pytest.mark.parametrize("name", ["Public", "two words", "a" * 31, "=", "|r", ""])
def test_channel_without_a_name_of_its_own_is_refused(three: Three, name: str) -> None:
    admin(three.anna).type(f"channel/create {name}")
    assert [channel.key for channel in three.world.game.channels.all()] == ["Public"]


class Deaf(Account):
    """Refuses what it is told on channels."""

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool:
        return "[Public]" not in str(text)


def test_account_of_the_games_own_class_may_refuse_to_hear() -> None:
    world = World(account_class=Deaf)
    anna, bo = world.log_in("Anna"), world.log_in("Bo")
    bo.read()
    anna.type("pub hello")
    assert bo.read() == ""


def test_only_the_latest_messages_are_kept(three: Three) -> None:
    (public,) = three.world.game.channels.all()
    for number in range(1, 131):
        public.msg(f"number {number}")
        three.world.commit()
    kept = three.world.rows.channel_messages(public.id)
    assert [row.number for row in kept] == list(range(31, 131))
    assert [said.number for said in public.history(2)] == [129, 130]
