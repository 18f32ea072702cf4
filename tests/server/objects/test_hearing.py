from __future__ import annotations

from typing import Any

import pytest

from everdoor_server.objects import Character
from stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage()


class Deaf(Character):
    """Hears nothing, and counts what it would have heard."""

    asked = 0

    def at_msg_receive(self, text: Any = None, from_obj: Any = None, **kwargs: Any) -> bool:
        self.asked += 1
        return False


def test_text_for_many_is_one_output_with_all_receivers(stage: Stage) -> None:
    sessions = [stage.login(f"Player {uid}", uid) for uid in range(1, 20)]
    stage.sent.clear()
    stage.hall.msg_contents("Thunder.")
    assert stage.sent == [([s.sessid for s in sessions], "text", ["Thunder."], {})]


def test_speaker_and_place_hear_different_texts(stage: Stage) -> None:
    anna, annas = stage.actor()
    _, berts = stage.actor("Bert", 2)
    anna.at_say("hello")
    assert stage.sent == [
        ([annas.sessid], "text", ['You say, "hello"'], {"type": "say"}),
        ([berts.sessid], "text", ['Anna says, "hello"'], {"type": "say"}),
    ]


def test_whisper_is_heard_by_whom_it_is_meant_for(stage: Stage) -> None:
    anna, annas = stage.actor()
    bert, berts = stage.actor("Bert", 2)
    _, carls = stage.actor("Carl", 3)
    anna.at_say("hush", receivers=bert, whisper=True)
    texts = [(to, args[0]) for to, _, args, _ in stage.sent]
    assert texts == [
        ([annas.sessid], 'You whisper to Bert, "hush"'),
        ([berts.sessid], 'Anna whispers: "hush"'),
    ]
    assert stage.heard(carls) == []


@pytest.mark.parametrize("words", ["{object}", "{", "}{", "{self} {speech}", "{0.__class__}"])
def test_braces_that_somebody_says_stay_as_they_are(stage: Stage, words: str) -> None:
    anna, _ = stage.actor()
    _, berts = stage.actor("Bert", 2)
    anna.at_say(words)
    assert stage.heard(berts) == [f'Anna says, "{words}"']


def test_excluded_hear_nothing(stage: Stage) -> None:
    anna, annas = stage.actor()
    bert, berts = stage.actor("Bert", 2)
    stage.hall.msg_contents("Thunder.", exclude=[anna])
    assert [to for to, *_ in stage.sent] == [[berts.sessid]]
    stage.sent.clear()
    stage.hall.msg_contents("Thunder.", exclude=bert)
    assert [to for to, *_ in stage.sent] == [[annas.sessid]]


def test_hook_of_a_hearer_is_asked_and_can_refuse(stage: Stage) -> None:
    session = stage.login()
    deaf = stage.objects.create(Deaf, "Deaf", location=stage.hall, locks="puppet:all()")
    stage.account(session).puppet_object(session, deaf)
    stage.sent.clear()
    stage.hall.msg_contents("Thunder.")
    deaf.msg("Psst.")
    assert stage.sent == []
    assert deaf.asked >= 2


def test_hook_of_a_speaker_is_told_of_each_hearer(stage: Stage) -> None:
    told: list[str] = []

    class Bard(Character):
        def at_msg_send(self, text: Any = None, to_obj: Any = None, **kwargs: Any) -> None:
            told.append(to_obj.key)

    bard = stage.objects.create(Bard, "Bard", location=stage.hall)
    stage.npc("Bert")
    stage.hall.msg_contents("Once upon a time ...", exclude=bard, from_obj=bard)
    assert told == ["Bert"]


def test_name_is_the_one_that_each_hearer_knows(stage: Stage) -> None:
    class Masked(Character):
        def get_display_name(self, looker: Any = None, **kwargs: Any) -> str:
            return "Zorro" if looker is self else "a masked man"

    _, annas = stage.actor()
    masked = stage.objects.create(Masked, "Diego", location=stage.hall)
    stage.hall.msg_contents("{who} bows.", mapping={"who": masked})
    assert stage.heard(annas) == ["a masked man bows."]


def test_object_hears_in_all_of_its_sessions_or_the_one_that_is_named() -> None:
    stage = Stage(multisession_mode=3)
    one, other = stage.login(), stage.login()
    anna = stage.puppet(one)
    stage.sent.clear()
    anna.msg("Hello.", prompt=">")
    assert [(to, name) for to, name, *_ in stage.sent] == [
        ([one.sessid, other.sessid], "text"),
        ([one.sessid, other.sessid], "prompt"),
    ]
    stage.sent.clear()
    anna.msg("Hello.", session=other)
    assert [to for to, *_ in stage.sent] == [[other.sessid]]


def test_message_to_nobody_is_no_error(stage: Stage) -> None:
    stage.npc("Bert").msg("Hello.")
    stage.garden.msg_contents("Rain.")
    assert stage.sent == []
