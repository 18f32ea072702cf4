"""What clients are told besides text of who they are and where."""

from __future__ import annotations

from typing import Any

from everdoor_server.objects import Character, Exit, Object, Room
from everdoor_server.testing import Client, Shown, World


class Fighter(Character):
    """A character with points."""

    path = f"{__name__}.Fighter"

    def get_vitals(self) -> dict[str, Any]:
        return {"hp": self.db.hp or 9}


def told(client: Client) -> dict[str, dict[str, Any]]:
    return {one.name: one.options for one in client.shown if one.name not in ("text", "prompt")}


def with_oob(world: World) -> Client:
    world.auth.add("Anna", "password")
    client = world.connect(OOB=True)
    client.type("connect Anna password")
    return client


def test_client_is_told_who_it_is_and_where_once_it_has_a_character() -> None:
    world = World(character_class=Fighter)
    world.start.tags.add("Nowhere", "area")
    anna = with_oob(world)
    assert told(anna) == {
        "logged_in": {},
        "char_name": {"name": "Anna", "fullname": "Anna"},
        "char_statusvars": {"name": "Name", "account": "Account"},
        "char_status": {"name": "Anna", "account": "Anna"},
        "char_vitals": {"hp": 9},
        "room_info": {"num": world.start.id, "name": "Limbo", "area": "Nowhere", "exits": {}},
    }


def test_client_without_it_is_told_nothing() -> None:
    anna = World().log_in("Anna")
    assert told(anna).keys() == {"logged_in"}


def test_vitals_go_out_when_the_game_says_so_and_only_if_there_are_any() -> None:
    world = World(character_class=Fighter)
    anna = with_oob(world)
    anna.puppet.db.hp = 3
    anna.puppet.tell_vitals()
    assert anna.shown[-1] == Shown("char_vitals", [], {"hp": 3})
    thing = world.game.objects.create(Object, "stone")
    thing.tell_vitals()
    plain = with_oob(World())
    plain.puppet.tell_vitals()
    assert "char_vitals" not in told(plain)


def test_move_tells_the_new_place_and_its_exits_by_number() -> None:
    world = World()
    hall = world.game.objects.create(Room, "The |rHall|n")
    world.game.objects.create(Exit, "out", location=hall, destination=world.start)
    hidden = world.game.objects.create(Exit, "hatch", location=hall, destination=world.start)
    hidden.locks.add("view:false()")
    anna = with_oob(world)
    anna.puppet.move_to(hall)
    info = {"num": hall.id, "name": "The Hall", "area": "", "exits": {"out": world.start.id}}
    assert anna.shown[-1] == Shown("room_info", [], info)


def test_channel_is_told_besides_its_text_to_who_takes_more() -> None:
    world = World()
    anna = with_oob(world)
    bert = world.log_in("Bert")
    bert.type("public hello |rthere|n")
    told_to_anna = [one for one in anna.shown if one.name == "comm_channel_text"]
    [channel] = {one.options["channel"] for one in told_to_anna}
    said = {"channel": channel, "talker": "Bert", "text": "Bert: hello there"}
    assert [one.options for one in told_to_anna] == [said]
    assert not [one for one in bert.shown if one.name == "comm_channel_text"]
